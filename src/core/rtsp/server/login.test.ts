import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { authorize } from '../digest/authorization.ts';
import { parseChallenges, type Challenge, type Hash } from '../digest/challenge.ts';
import { LoginChecker, NONCE_LIFETIME_MS, type KnownUsers, type LoginResult } from './login.ts';

const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');
const users: KnownUsers = {
  realm: 'weir',
  ha1: (name, algorithm) => (name === 'ann' ? hash(algorithm, 'ann:weir:p@ss:"1') : undefined),
  verifyBasic: (name, password) => (name === 'ann' && password === 'p@ss:"1' ? {} : undefined),
};
const URI = 'rtsp://host:8554/yard';
const HERE = '192.0.2.1';
const checker = new LoginChecker(users, hash, 'secret');

interface Attempt {
  readonly choose?: (challenges: readonly Challenge[]) => Challenge | undefined;
  readonly user?: string;
  readonly password?: string;
  readonly uri?: string;
  readonly method?: string;
  readonly requested?: string;
  readonly laterMs?: number;
  readonly from?: string;
}

function attempt({ choose, user = 'ann', password = 'p@ss:"1', uri = URI, ...rest }: Attempt): LoginResult {
  const challenges = parseChallenges(checker.challenges(HERE, 5000, false));
  const challenge = (choose ?? md5)(challenges);
  assert.ok(challenge !== undefined);
  const credentials = { user, password };
  const authorization = authorize(
    challenge,
    { credentials, method: rest.method ?? 'SETUP', uri, nonceCount: 1, cnonce: 'c' },
    hash,
  );
  const request = { method: 'SETUP', uri: rest.requested ?? `${URI}/trackID=0`, authorization };
  return checker.check(request, rest.from ?? HERE, 5000 + (rest.laterMs ?? 0));
}

const byAlgorithm =
  (algorithm: string) =>
  (challenges: readonly Challenge[]): Challenge | undefined =>
    challenges.find((challenge) => challenge.scheme === 'digest' && challenge.algorithm === algorithm);
const md5 = byAlgorithm('MD5');
const basic = (challenges: readonly Challenge[]): Challenge | undefined =>
  challenges.find(({ scheme }) => scheme === 'basic');

const ANN = { kind: 'user', name: 'ann' } as const;
const WRONG = { kind: 'wrong', name: 'ann' } as const;

describe('LoginChecker', () => {
  const rows: readonly (readonly [string, Attempt, LoginResult])[] = [
    ['MD5', {}, ANN],
    ['SHA-256', { choose: byAlgorithm('SHA-256') }, ANN],
    ['Basic', { choose: basic }, ANN],
    ['MD5 without qop', { choose: (all) => ({ ...md5(all), qop: undefined }) as Challenge }, ANN],
    ['wrong password, MD5', { password: 'x' }, WRONG],
    ['wrong password, SHA-256', { password: 'x', choose: byAlgorithm('SHA-256') }, WRONG],
    ['wrong password, Basic', { password: 'x', choose: basic }, WRONG],
    ['unknown user', { user: 'bob' }, { kind: 'wrong', name: 'bob' }],
    ['another method was signed', { method: 'DESCRIBE' }, WRONG],
    ['signed: the URL of the track', { uri: `${URI}/trackID=0` }, ANN],
    ['signed: the base with its slash', { uri: `${URI}/` }, ANN],
    ['signed: another host name', { uri: 'rtsp://nvr.example/yard' }, ANN],
    ['signed: a path', { uri: '/yard' }, ANN],
    ['signed: a relative path', { uri: 'yard/trackID=0' }, ANN],
    ['signed: the control alone', { uri: 'trackID=0' }, ANN],
    ['signed: without user and password', { requested: `rtsp://ann:x@host:8554/yard` }, ANN],
    ['signed: another stream', { uri: 'rtsp://host:8554/lobby' }, WRONG],
    ['signed: nothing', { uri: '' }, WRONG],
    ['a nonce of its last moment', { laterMs: NONCE_LIFETIME_MS }, ANN],
    ['a nonce too old', { laterMs: NONCE_LIFETIME_MS + 1 }, { kind: 'stale' }],
    ['a nonce from the future', { laterMs: -1 }, { kind: 'stale' }],
    ['a nonce of another address', { from: '192.0.2.2' }, { kind: 'stale' }],
    [
      'a nonce of our own making',
      { choose: (all) => ({ ...md5(all), nonce: '3uw.0' }) as Challenge },
      { kind: 'stale' },
    ],
    ['another realm', { choose: (all) => ({ ...md5(all), realm: 'x' }) as Challenge }, { kind: 'nobody' }],
  ];
  for (const [name, given, result] of rows) it(name, () => assert.deepEqual(attempt(given), result));

  it('without credentials, or with unreadable ones, it is nobody', () => {
    for (const authorization of [undefined, '', 'Digest', 'Basic', 'Bearer x', 'Digest username="ann"']) {
      assert.deepEqual(checker.check({ method: 'PLAY', uri: URI, authorization }, HERE, 0), { kind: 'nobody' });
    }
  });

  it('offers SHA-256, MD5 and Basic, in this order, and says when a nonce was stale', () => {
    const values = checker.challenges(HERE, 1, true);
    assert.deepEqual(
      values.map((value) => /^(Basic)|algorithm=([^,]+)/.exec(value)?.slice(1).find(Boolean)),
      ['SHA-256', 'MD5', 'Basic'],
    );
    assert.deepEqual(
      values.map((value) => value.includes('stale=true')),
      [true, true, false],
    );
  });

  it('tells the name that is claimed', () => {
    assert.equal(checker.claimedName('Digest username="ann", realm="r", nonce="n", uri="u", response="r"'), 'ann');
    assert.equal(checker.claimedName(`Basic ${btoa('bob:x')}`), 'bob');
    assert.equal(checker.claimedName(undefined), undefined);
  });
});
