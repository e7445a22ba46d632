import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { mutated } from '../../../../test/harness/mutations.ts';
import { seededRandom } from '../../../../test/harness/seeded-random.ts';
import { authorize, digestHa1, parseAuthorization, verifyDigest } from './authorization.ts';
import { parseChallenges, serialiseChallenge, type DigestChallenge, type Hash } from './challenge.ts';

const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');

const DIGEST: DigestChallenge = {
  scheme: 'digest',
  realm: 'r',
  nonce: 'n',
  algorithm: 'MD5',
  algorithmGiven: false,
  qop: undefined,
  opaque: undefined,
  stale: false,
};

describe('challenges', () => {
  const rows: readonly {
    readonly name: string;
    readonly values: readonly string[];
    readonly found: readonly object[];
  }[] = [
    { name: 'Basic', values: ['Basic realm="IP Camera"'], found: [{ scheme: 'basic', realm: 'IP Camera' }] },
    { name: 'plain Digest', values: ['Digest realm="r", nonce="n"'], found: [DIGEST] },
    { name: 'no blanks, odd case', values: ['digest REALM="r",Nonce=n,stale="FALSE"'], found: [DIGEST] },
    {
      name: 'all parts',
      values: ['Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth,auth-int", opaque="o", stale=TRUE'],
      found: [{ ...DIGEST, algorithm: 'SHA-256', algorithmGiven: true, qop: 'auth', opaque: 'o', stale: true }],
    },
    {
      name: 'several headers, the strongest first',
      values: ['Basic realm="r"', 'Digest realm="r", nonce="n"', 'Digest realm="r", nonce="n", algorithm="SHA-256"'],
      found: [{ ...DIGEST, algorithm: 'SHA-256', algorithmGiven: true }, DIGEST, { scheme: 'basic', realm: 'r' }],
    },
    {
      name: 'several in one header',
      values: ['Basic realm="r", Digest realm="r", nonce="n"'],
      found: [DIGEST, { scheme: 'basic', realm: 'r' }],
    },
    {
      name: 'one that lacks its nonce (ret#25)',
      values: ['Digest realm="r"', 'Basic realm="r"'],
      found: [{ scheme: 'basic', realm: 'r' }],
    },
    {
      name: 'unknown algorithms (gsl#558)',
      values: ['Digest realm="r",nonce="n",algorithm=SHA-512-256', 'Digest realm="r",nonce="n"'],
      found: [DIGEST],
    },
    { name: 'auth-int alone', values: ['Digest realm="r",nonce="n",qop="auth-int"'], found: [] },
    {
      name: 'escapes',
      values: [String.raw`Digest realm="a \"b\" \\c, d=e", nonce="n"`],
      found: [{ ...DIGEST, realm: String.raw`a "b" \c, d=e` }],
    },
    { name: 'other schemes and junk', values: ['Negotiate', 'NTLM abc==', '', '=,"', 'realm="x"'], found: [] },
  ];
  for (const { name, values, found } of rows) {
    it(`reads ${name}`, () => {
      const challenges = parseChallenges(values);
      assert.deepEqual(challenges, found);
      assert.deepEqual(parseChallenges(challenges.map(serialiseChallenge)), challenges);
    });
  }
});

describe('answers', () => {
  it('are those of RFC 2617 §3.5', () => {
    const [challenge] = parseChallenges([
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    ]);
    assert.ok(challenge !== undefined);
    const credentials = { user: 'Mufasa', password: 'Circle Of Life' };
    const answer = authorize(
      challenge,
      { credentials, method: 'GET', uri: '/dir/index.html', nonceCount: 1, cnonce: '0a4f113b' },
      hash,
    );
    assert.match(answer, /response="6629fae49393a05397450978507c4ef1"/);
    assert.match(answer, /qop=auth, nc=00000001, cnonce="0a4f113b", opaque="5ccc069c403ebaf9f0171e9517f40e41"$/);
  });

  it('are those of RFC 7616 §3.9.1', () => {
    for (const [algorithm, response] of [
      ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
      ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
    ] as const) {
      const challenge = {
        ...DIGEST,
        realm: 'http-auth@example.org',
        nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
        algorithm,
        algorithmGiven: true,
        qop: 'auth' as const,
      };
      const credentials = { user: 'Mufasa', password: 'Circle of Life' };
      const request = {
        credentials,
        method: 'GET',
        uri: '/dir/index.html',
        nonceCount: 1,
        cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      };
      assert.match(authorize(challenge, request, hash), new RegExp(`response="${response}", algorithm=${algorithm}`));
    }
  });

  for (const algorithm of ['MD5', 'SHA-256'] as const) {
    for (const qop of ['auth', undefined] as const) {
      it(`of ${algorithm} ${qop ?? 'without qop'} are verified, and no other`, () => {
        const credentials = { user: 'ad"m\\in', password: 'p@ss:#1 ü' };
        const challenge = { ...DIGEST, algorithm, qop, opaque: 'x"y' };
        const request = { credentials, method: 'DESCRIBE', uri: 'rtsp://h/s?a="b"', nonceCount: 17, cnonce: 'c' };
        const parsed = parseAuthorization(authorize(challenge, request, hash));
        assert.ok(parsed?.scheme === 'digest');
        assert.equal(parsed.username, credentials.user);
        assert.equal(parsed.uri, request.uri);
        const ha1 = digestHa1({ ...credentials, realm: 'r' }, algorithm, hash);
        if (algorithm === 'MD5') assert.ok(verifyDigest(parsed, 'DESCRIBE', ha1, hash));
        const wrong = digestHa1({ ...credentials, password: 'x', realm: 'r' }, algorithm, hash);
        assert.ok(!verifyDigest(parsed, 'DESCRIBE', wrong, hash));
        assert.ok(!verifyDigest(parsed, 'PLAY', ha1, hash));
        assert.ok(!verifyDigest({ ...parsed, response: '' }, 'DESCRIBE', ha1, hash));
        const named = parseAuthorization(authorize({ ...challenge, algorithmGiven: true }, request, hash));
        assert.ok(named?.scheme === 'digest' && named.algorithm === algorithm);
        assert.ok(verifyDigest(named, 'DESCRIBE', ha1, hash));
      });
    }
  }

  it('of Basic keep every character', () => {
    const credentials = { user: 'ü', password: 'a:b:c€' };
    const value = authorize(
      { scheme: 'basic', realm: 'r' },
      { credentials, method: 'PLAY', uri: '*', nonceCount: 1, cnonce: '' },
      hash,
    );
    assert.deepEqual(parseAuthorization(value), { scheme: 'basic', ...credentials });
  });

  for (const value of ['', 'Basic', 'Basic !!!', 'Basic YQ==', 'Digest', 'Digest username="a"', 'Bearer x']) {
    it(`do not come of ${JSON.stringify(value)}`, () => assert.equal(parseAuthorization(value), undefined));
  }

  it('survive damage', () => {
    const random = seededRandom(7);
    const good = new TextEncoder().encode(
      String.raw`Digest username="a\"b", realm="r", nonce="n", uri="rtsp://h/", response="00", qop=auth, nc=1, cnonce="c"`,
    );
    for (let round = 0; round < 10_000; round++) {
      const text = new TextDecoder().decode(mutated(good, random));
      parseAuthorization(text);
      parseChallenges([text]);
    }
  });
});
