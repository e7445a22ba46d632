import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAuthorization } from '../digest/authorization.ts';
import type { RtspRequest } from '../wire/message.ts';
import { FakeCamera, VIDEO_SDP } from './fake-camera.ts';

describe('authentication', () => {
  const URL = 'rtsp://admin:p%40ss@192.0.2.1/live';

  it('is asked for, given, and from then on given at once', () => {
    const talk = new FakeCamera(URL);
    talk.push({ kind: 'connected' });
    assert.equal(talk.request('OPTIONS').headers.get('Authorization'), undefined);
    talk.reply(200);
    assert.equal(talk.request('DESCRIBE').headers.get('Authorization'), undefined);
    talk.reply(401, {
      'WWW-Authenticate': ['Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth"', 'Digest realm="broken"'],
    });
    const describe = talk.request('DESCRIBE');
    const answer = parseAuthorization(describe.headers.get('Authorization') ?? '');
    assert.ok(answer?.scheme === 'digest');
    assert.deepEqual(
      [answer.uri, answer.nc, describe.uri],
      ['rtsp://192.0.2.1/live', '00000001', 'rtsp://192.0.2.1/live'],
    );
    talk.reply(200, {}, VIDEO_SDP);
    const next = parseAuthorization(talk.request('SETUP').headers.get('Authorization') ?? '');
    assert.ok(next?.scheme === 'digest' && next.nc === '00000002');
  });

  it('wrong: ends after one try', () => {
    const talk = new FakeCamera(URL);
    talk.push({ kind: 'connected' });
    talk.request('OPTIONS');
    talk.reply(401, digest('1'));
    talk.request('OPTIONS');
    talk.reply(401, digest('2'));
    assert.equal(talk.ended, 'source-unauthorized');
  });

  const offers: readonly {
    readonly offered: readonly string[];
    readonly taken: string | undefined;
    readonly tried: readonly string[];
  }[] = [
    { offered: ['SHA-256', 'MD5', 'basic'], taken: 'SHA-256', tried: ['SHA-256'] },
    { offered: ['MD5', 'SHA-256'], taken: 'MD5', tried: ['SHA-256', 'MD5'] },
    { offered: ['basic'], taken: 'basic', tried: ['basic'] },
    { offered: ['basic', 'SHA-512'], taken: 'basic', tried: ['basic'] },
    // Basic would disclose the password that a Digest was refused with.
    { offered: ['basic', 'SHA-512', 'SHA-256', 'MD5'], taken: undefined, tried: ['SHA-256', 'MD5'] },
    { offered: ['SHA-256', 'basic'], taken: undefined, tried: ['SHA-256'] },
    { offered: ['MD5', 'MD5'], taken: undefined, tried: ['MD5'] },
  ];
  for (const { offered, taken, tried } of offers) {
    it(`offered ${offered.join(', ')}, of which ${taken ?? 'nothing'} is taken: tries each in turn, then no other`, () => {
      const talk = new FakeCamera(URL);
      talk.push({ kind: 'connected' });
      let nonce = 0;
      const refuse = (): void => {
        nonce += 1;
        const challenges = offered.map((kind) =>
          kind === 'basic' ? 'Basic realm="r"' : `Digest realm="r", nonce="${nonce}", algorithm=${kind}`,
        );
        talk.reply(401, { 'WWW-Authenticate': challenges });
      };
      const given: (string | undefined)[] = [];
      talk.request('OPTIONS');
      do {
        refuse();
        if (talk.ended !== undefined) break;
        given.push(kindGiven(talk.request('OPTIONS')));
      } while (given.at(-1) !== taken);
      assert.deepEqual([given, talk.ended], [tried, taken === undefined ? 'source-unauthorized' : undefined]);
      if (taken === undefined) return;
      talk.reply(200);
      assert.equal(kindGiven(talk.request('DESCRIBE')), taken);
      // A new nonce: what was taken once comes first.
      refuse();
      assert.equal(kindGiven(talk.request('DESCRIBE')), taken);
    });
  }

  it('a password that was refused as Digest is not sent as Basic, whatever is asked for then', () => {
    for (const more of [
      { 'WWW-Authenticate': 'Basic realm="r"' },
      { 'WWW-Authenticate': ['Basic realm="r"', 'Digest'] },
    ]) {
      const talk = new FakeCamera(URL);
      talk.push({ kind: 'connected' });
      talk.request('OPTIONS');
      talk.reply(401, digest('1'));
      talk.request('OPTIONS');
      talk.reply(401, more);
      talk.nothingSent();
      assert.equal(talk.ended, 'source-unauthorized');
    }
  });

  it('with nonces that are always too old: ends', () => {
    const talk = new FakeCamera(URL);
    talk.push({ kind: 'connected' });
    for (let nonce = 0; nonce < 4; nonce++) {
      talk.request('OPTIONS');
      talk.reply(401, digest(String(nonce), ', stale=true'));
    }
    assert.equal(talk.ended, 'source-unauthorized');
  });

  it('of a kind that is not known: says so', () => {
    const talk = new FakeCamera(URL);
    talk.push({ kind: 'connected' });
    talk.request('OPTIONS');
    talk.reply(401, { 'WWW-Authenticate': 'Negotiate' });
    assert.match(talk.of('end')[0]?.error?.message ?? '', /not known/);
  });

  it('a new nonce in answer to a keep-alive is answered, without a new connection (Axis M5525, SharpRTSP#126)', () => {
    const talk = new FakeCamera(URL);
    talk.play();
    for (let i = 0; i < 3; i++) {
      talk.advance(9000);
      talk.frame(0);
    }
    talk.advance(3000);
    talk.request('OPTIONS');
    talk.reply(401, digest('new'));
    assert.match(talk.request('OPTIONS').headers.get('Authorization') ?? '', /nonce="new"/);
    talk.reply(200);
    assert.deepEqual(
      [talk.machine.state, talk.of('connect').length, talk.machine.keepAlive],
      ['playing', 1, 'OPTIONS'],
    );
  });

  it('on a connection that is closed after the 401 (VStarcam): connects again, once, and gives it at once', () => {
    const talk = new FakeCamera(URL);
    talk.push({ kind: 'connected' });
    talk.request('OPTIONS');
    talk.reply(401, digest('1'));
    talk.request('OPTIONS');
    talk.push({ kind: 'closed' });
    assert.equal(talk.of('connect').length, 2);
    talk.push({ kind: 'connected' });
    assert.match(talk.request('OPTIONS').headers.get('Authorization') ?? '', /nonce="1"/);
    talk.push({ kind: 'closed' });
    assert.equal(talk.ended, 'source-closed');
  });
});

describe('redirects', () => {
  it('are followed five times, not six', () => {
    const talk = new FakeCamera();
    for (let hop = 1; hop <= 5; hop++) goTo(talk, `rtsp://192.0.2.${hop}/x`);
    assert.equal(talk.of('connect').length, 6);
    goTo(talk, 'rtsp://192.0.2.9/x');
    assert.equal(talk.ended, 'source-refused');
  });

  it('take the credentials to the same host only', () => {
    const talk = new FakeCamera('rtsp://u:p@192.0.2.1/live');
    for (const location of [
      'rtsp://192.0.2.1:8554/other',
      'rtsp://192.0.2.2/x',
      'rtsp://a:b@192.0.2.3/x',
      'rtsp://192.0.2.1/back',
    ])
      goTo(talk, location);
    assert.deepEqual(
      talk.of('connect').map(({ url }) => url.credentials?.user),
      ['u', 'u', undefined, 'a', 'u'],
    );
  });

  for (const location of ['rtsp://192.0.2.2/x', 'rtsp://a:b@192.0.2.2/x']) {
    it(`do not take a challenge to another host: ${location}`, () => {
      const talk = new FakeCamera('rtsp://u:p@192.0.2.1/live');
      talk.push({ kind: 'connected' });
      talk.request('OPTIONS');
      talk.reply(401, { 'WWW-Authenticate': 'Basic realm="r"' });
      assert.ok(talk.request('OPTIONS').headers.get('Authorization') !== undefined);
      talk.reply(200);
      talk.request('DESCRIBE');
      talk.reply(301, { Location: location });
      talk.push({ kind: 'connected' });
      assert.equal(talk.request('OPTIONS').headers.get('Authorization'), undefined);
    });
  }

  for (const [before, awaited] of [
    ['OPTIONS', 0],
    ['DESCRIBE', 1],
  ] as const) {
    it(`by a REDIRECT request before ${before} is answered: 200, and on`, () => {
      const talk = new FakeCamera();
      talk.push({ kind: 'connected' });
      talk.request('OPTIONS');
      if (awaited === 1) {
        talk.reply(200);
        talk.request('DESCRIBE');
      }
      talk.say('REDIRECT * RTSP/1.0\r\nCSeq: 9\r\nLocation: rtsp://192.0.2.2/other\r\n\r\n');
      assert.equal(talk.response().status, 200);
      talk.nothingSent();
      assert.equal(talk.of('connect').at(-1)?.url.requestUrl, 'rtsp://192.0.2.2/other');
      talk.describe();
      assert.equal(talk.request('SETUP').uri, 'rtsp://192.0.2.2/other/trackID=0');
    });
  }

  it('by a REDIRECT request that comes while a session is torn down are not followed', () => {
    const talk = new FakeCamera();
    talk.play();
    talk.push({ kind: 'stop' });
    talk.request('TEARDOWN');
    talk.say('REDIRECT * RTSP/1.0\r\nCSeq: 9\r\nLocation: rtsp://192.0.2.2/other\r\n\r\n');
    assert.equal(talk.response().status, 200);
    assert.deepEqual([talk.of('connect').length, talk.machine.state], [1, 'leaving']);
  });

  it('by a REDIRECT request: 200, TEARDOWN, and on', () => {
    const talk = new FakeCamera();
    talk.play();
    talk.say('REDIRECT rtsp://192.0.2.1/live RTSP/1.0\r\nCSeq: 9\r\nLocation: rtsp://192.0.2.8/x\r\n\r\n');
    assert.equal(talk.response().status, 200);
    talk.request('TEARDOWN');
    assert.deepEqual([talk.of('connect')[1]?.url.host, talk.machine.state], ['192.0.2.8', 'connecting']);
  });
});

const digest = (nonce: string, more = ''): Readonly<Record<string, string>> => ({
  'WWW-Authenticate': `Digest realm="r", nonce="${nonce}"${more}`,
});

/** In which way a request says who it is. */
const kindGiven = ({ headers }: RtspRequest): string | undefined => {
  const given = parseAuthorization(headers.get('Authorization') ?? '');
  return given?.scheme === 'digest' ? given.algorithm : given?.scheme;
};

const goTo = (talk: FakeCamera, location: string): void => {
  talk.push({ kind: 'connected' });
  talk.request('OPTIONS');
  talk.reply(200);
  talk.request('DESCRIBE');
  talk.reply(302, { Location: location });
};
