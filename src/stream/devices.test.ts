/** Rows of docs/cameras.md about when a source is asked again; each names its device and its source. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryMs } from './back-off.ts';

test('Tapo (g2r#1801, #1922): a 401 without a cause is asked again for ever, not sooner than 30 s: lock-outs', () => {
  for (const failures of [1, 2, 10, 100_000])
    for (const random of [0, 0.5, 0.999]) {
      const ms = retryMs(failures, 'source-unauthorized', random);
      assert.ok(ms >= 30_000 && ms <= 60_000, `${failures}: ${ms}`);
    }
});

test('Lorex (g2r#1594): a 404 that is fine a second later', () => {
  assert.equal(retryMs(1, 'source-not-found', 0), 1000);
  assert.ok(retryMs(100_000, 'source-not-found', 0) <= 30_000);
});
