import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteQueue } from './byte-queue.ts';

test('gives back what was appended, in order, and is empty afterwards', () => {
  const queue = new ByteQueue();
  for (let i = 0; i < 1000; i++) queue.append(Uint8Array.of(i & 255, 7));
  assert.equal(queue.length, 2000);
  const bytes = queue.take();
  assert.equal(bytes.length, 2000);
  for (let i = 0; i < 1000; i++) assert.deepEqual([bytes[2 * i], bytes[2 * i + 1]], [i & 255, 7]);
  assert.equal(queue.length, 0);
  assert.equal(queue.take().length, 0);
});

test('copies what is appended, and lets go of what is taken', () => {
  const queue = new ByteQueue();
  const source = Uint8Array.of(1, 2, 3);
  queue.append(source);
  source.fill(9);
  const taken = queue.take();
  queue.append(Uint8Array.of(8, 8, 8));
  assert.deepEqual([...taken], [1, 2, 3]);
});
