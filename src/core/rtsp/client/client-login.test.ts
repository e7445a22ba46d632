import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAuthorization } from '../digest/authorization.ts';
import { type ChallengeKind, ClientLogin, MAX_STALE_NONCES } from './client-login.ts';
import { hash } from './fake-camera.ts';

const CREDENTIALS = { user: 'user', password: 'pass' };
const OFFERS = {
  basic: 'Basic realm="r"',
  md5: 'Digest realm="r", nonce="n"',
  sha: 'Digest realm="r", nonce="n", algorithm=SHA-256',
  staleMd5: 'Digest realm="r", nonce="n2", stale=true',
  staleSha: 'Digest realm="r", nonce="n2", algorithm=SHA-256, stale=true',
  unknown: 'Negotiate',
} as const;
type Offer = keyof typeof OFFERS;

describe('ClientLogin', () => {
  const rows: readonly {
    readonly offered: readonly Offer[];
    /** What the refused request was sent with. */
    readonly answered?: readonly ChallengeKind[];
    /** Asked for and answered before, of another request. */
    readonly known?: Offer;
    readonly taken: ChallengeKind | 'refused' | 'unknown-scheme';
  }[] = [
    { offered: [], taken: 'unknown-scheme' },
    { offered: ['unknown'], taken: 'unknown-scheme' },
    { offered: ['unknown', 'basic'], taken: 'basic' },
    { offered: ['basic', 'md5', 'sha'], taken: 'SHA-256' },
    { offered: ['basic', 'md5'], taken: 'MD5' },
    // Each kind once.
    { offered: ['md5', 'sha'], answered: ['SHA-256'], taken: 'MD5' },
    { offered: ['md5', 'sha'], answered: ['SHA-256', 'MD5'], taken: 'refused' },
    { offered: ['md5'], answered: ['MD5'], taken: 'refused' },
    { offered: ['basic'], answered: ['basic'], taken: 'refused' },
    // No Basic beside a Digest, nor after one.
    { offered: ['basic', 'md5'], answered: ['MD5'], taken: 'refused' },
    { offered: ['basic'], answered: ['MD5'], known: 'md5', taken: 'refused' },
    { offered: ['basic'], known: 'md5', taken: 'refused' },
    { offered: ['md5'], answered: ['basic'], known: 'basic', taken: 'MD5' },
    // A nonce that was too old is no refusal, up to so many.
    { offered: ['staleMd5'], answered: ['MD5'], taken: 'MD5' },
    { offered: ['staleSha', 'staleMd5'], answered: ['MD5'], taken: 'MD5' },
    { offered: ['staleSha', 'md5'], answered: ['MD5'], taken: 'SHA-256' },
    { offered: ['staleMd5'], answered: Array<ChallengeKind>(MAX_STALE_NONCES - 1).fill('MD5'), taken: 'MD5' },
    { offered: ['staleMd5'], answered: Array<ChallengeKind>(MAX_STALE_NONCES).fill('MD5'), taken: 'refused' },
    // What was taken for another request comes before all.
    { offered: ['md5', 'sha'], known: 'md5', taken: 'MD5' },
    { offered: ['sha'], known: 'md5', taken: 'SHA-256' },
    { offered: ['basic'], known: 'basic', taken: 'basic' },
  ];
  for (const { offered, answered = [], known, taken } of rows) {
    const after = [...answered, known === undefined ? '' : `${known} known`].filter((word) => word !== '');
    it(`offered ${offered.join(', ') || 'nothing'}${after.length > 0 ? ` after ${after.join(', ')}` : ''}: ${taken}`, () => {
      const login = newLogin();
      if (known !== undefined) login.take([OFFERS[known]], []);
      const values = offered.map((offer) => OFFERS[offer]);
      const isKind = taken !== 'refused' && taken !== 'unknown-scheme';
      assert.deepEqual(login.take(values, answered), isKind ? { kind: taken } : taken);
    });
  }

  it('without credentials there is nothing to answer', () => {
    const login = new ClientLogin({ hash, nonce: () => 'c' }, undefined);
    assert.equal(login.take([OFFERS.md5], []), 'no-credentials');
    assert.equal(login.authorization('OPTIONS', '*'), undefined);
  });

  it('says nothing unasked, and counts what it says with one nonce', () => {
    const login = newLogin();
    assert.equal(login.authorization('OPTIONS', '*'), undefined);
    login.take(['Digest realm="r", nonce="n", qop="auth"'], []);
    assert.deepEqual([countOf(login), countOf(login)], ['00000001', '00000002']);
    login.take(['Digest realm="r", nonce="n2", qop="auth", stale=true'], ['MD5']);
    assert.equal(countOf(login), '00000001');
  });

  it('what it learnt stays with the very same credentials', () => {
    const login = newLogin();
    login.take([OFFERS.md5], []);
    login.become(CREDENTIALS);
    assert.notEqual(login.authorization('OPTIONS', '*'), undefined);
    login.become({ ...CREDENTIALS });
    assert.equal(login.authorization('OPTIONS', '*'), undefined);
  });
});

function newLogin(): ClientLogin {
  return new ClientLogin({ hash, nonce: () => 'c' }, CREDENTIALS);
}

function countOf(login: ClientLogin): string | undefined {
  const said = parseAuthorization(login.authorization('OPTIONS', '*') ?? '');
  return said?.scheme === 'digest' ? said.nc : undefined;
}
