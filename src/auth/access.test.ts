import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import type { AccessSettings } from '../config/settings.ts';
import { Access } from './access.ts';
import { WRONG_PASSWORDS_MAX, WRONG_PASSWORDS_WINDOW_MS, WrongPasswordLimiter } from './wrong-password-limiter.ts';

const USERS: AccessSettings = {
  kind: 'users',
  users: [
    { name: 'ann', password: 'secret', may: ['read', 'publish', 'playback', 'manage'], streams: undefined },
    { name: 'bob', password: 'pass:word', may: ['read'], streams: ['lobby', 'yard/**'] },
  ],
};

test('without users everybody may do everything', () => {
  for (const kind of ['local', 'open'] as const) {
    const access = new Access({ kind });
    assert.equal(access.required, false);
    assert.equal(access.authorize(undefined, 'publish', 'x'), 'ok');
    assert.equal(access.verifyBasic('ann', 'secret'), undefined);
  }
});

test('rights and patterns', () => {
  const access = new Access(USERS);
  const ann = access.identity('ann');
  const bob = access.identity('bob');
  assert.equal(access.authorize(undefined, 'read', 'lobby'), 'unauthorized');
  assert.equal(access.authorize({ name: 'gone' }, 'read', 'lobby'), 'unauthorized');
  assert.equal(access.authorize(ann, 'manage', undefined), 'ok');
  assert.equal(access.authorize(bob, 'read', 'lobby'), 'ok');
  assert.equal(access.authorize(bob, 'read', 'yard/1/low'), 'ok');
  assert.equal(access.authorize(bob, 'read', 'gate'), 'forbidden');
  assert.equal(access.authorize(bob, 'read', undefined), 'forbidden');
  assert.equal(access.authorize(bob, 'publish', 'lobby'), 'forbidden');
});

test('changed settings hold at once', () => {
  const access = new Access(USERS);
  access.apply({ kind: 'users', users: [{ name: 'ann', password: 'new', may: ['read'], streams: undefined }] });
  assert.equal(access.verifyBasic('ann', 'secret'), undefined);
  assert.equal(access.verifyBasic('ann', 'new')?.name, 'ann');
  assert.equal(access.authorize({ name: 'bob' }, 'read', 'lobby'), 'unauthorized');
  for (const kind of ['open', 'local'] as const) access.apply({ kind });
  assert.equal(access.required, true, 'another kind takes another start');
  assert.equal(access.authorize(undefined, 'read', 'lobby'), 'unauthorized');
});

test('passwords: Basic, and HA1 as RFC 7616 computes it', () => {
  const access = new Access(USERS);
  assert.equal(access.verifyBasic('bob', 'pass:word')?.name, 'bob');
  for (const [name, password] of [
    ['bob', 'pass'],
    ['bob', ''],
    ['eve', 'pass:word'],
    ['', ''],
  ] as const) {
    assert.equal(access.verifyBasic(name, password), undefined);
  }
  assert.equal(access.ha1('ann', 'MD5'), '094f7df971a3d339dfaf616a163ce697');
  assert.match(access.ha1('ann', 'SHA-256') ?? '', /^[0-9a-f]{64}$/);
  assert.equal(access.ha1('eve', 'MD5'), undefined);
});

test('guessing is stopped for the pair of name and address, and for a while', () => {
  const clock = new ManualClock();
  const limiter = new WrongPasswordLimiter(clock);
  for (let count = 0; count < WRONG_PASSWORDS_MAX; count++) {
    assert.ok(limiter.allows('192.0.2.1', 'ann'));
    limiter.wrong('192.0.2.1', 'ann');
  }
  assert.equal(limiter.allows('192.0.2.1', 'ann'), false);
  assert.equal(limiter.allows('::ffff:192.0.2.1', 'ann'), false);
  assert.equal(limiter.allows('192.0.2.1', 'bob'), true);
  assert.equal(limiter.allows('192.0.2.2', 'ann'), true);
  clock.advance(WRONG_PASSWORDS_WINDOW_MS);
  assert.equal(limiter.allows('192.0.2.1', 'ann'), true);
  for (let count = 0; count < WRONG_PASSWORDS_MAX; count++) limiter.wrong(`2001:db8:1:2::${count + 1}`, 'ann');
  assert.equal(limiter.allows('2001:db8:1:2:ffff::1', 'ann'), false, 'one /64 is one address');
  assert.equal(limiter.allows('2001:db8:1:3::1', 'ann'), true);
  for (let count = 0; count < 20_000; count++) limiter.wrong('192.0.2.1', `name-${count}`);
  assert.equal(limiter.allows('2001:db8:1:2::1', 'ann'), true, 'what is remembered is bounded');
});
