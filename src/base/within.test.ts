import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../core/errors.ts';
import { ManualClock } from './manual-clock.ts';
import { within } from './within.ts';

test('work that comes in time, that fails in time, and that does not come', async () => {
  const clock = new ManualClock();
  assert.equal(await within(clock, 10, Promise.resolve('done')), true);
  const failure = new WeirError('storage-failed', 'no');
  await assert.rejects(within(clock, 10, Promise.reject(failure)), failure);
  const late = Promise.withResolvers<void>();
  const waited = within(clock, 10, late.promise);
  clock.advance(9);
  clock.advance(1);
  assert.equal(await waited, false);
  late.reject(failure);
  await assert.rejects(late.promise, failure);
});
