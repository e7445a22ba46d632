import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../core/errors.ts';
import { Turns } from './turns.ts';

test('one after another, in order, over what fails', async () => {
  const turns = new Turns();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const failure = new WeirError('storage-failed', 'no');
  const results = [
    turns.take(async () => {
      await first.promise;
      done.push('first');
    }),
    turns.take(() => {
      done.push('second');
      return Promise.reject(failure);
    }),
    turns.take(() => Promise.resolve(done.push('third'))),
  ];
  const settled = Promise.allSettled(results);
  const idle = turns.idle().then(() => done.push('idle'));
  assert.deepEqual(done, []);
  first.resolve();
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  await idle;
  assert.deepEqual(done, ['first', 'second', 'third', 'idle']);
});
