import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { PACE_BYTES, PACE_MS, PacedQueue } from './paced-queue.ts';
import { READER_QUEUE_BYTES } from './reader-queue.ts';

test('a frame that finds nothing waiting is sent at once', () => {
  const { queue, sent } = reader();
  queue.start([]);
  assert.equal(queue.push(part('delta', 100), false), false);
  assert.equal(queue.push(part('key', 100), true), true);
  assert.equal(queue.push(part('next', 100), false), true);
  assert.deepEqual(sent, ['key', 'next']);
  assert.deepEqual(queue.losses, { overflows: 0, batches: 0, bytes: 0 });
});

test('the burst is paced; live frames wait behind it, in order', () => {
  const { queue, sent, clock } = reader();
  queue.start([part('1', PACE_BYTES), part('2', PACE_BYTES / 2), part('3', PACE_BYTES), part('4', 10)]);
  queue.push(part('live', 10), false);
  assert.deepEqual(sent, ['1']);
  clock.advance(PACE_MS);
  assert.deepEqual(sent, ['1', '2', '3']);
  clock.advance(PACE_MS - 1);
  assert.equal(sent.length, 3);
  clock.advance(1);
  assert.deepEqual(sent.slice(3), ['4', 'live']);
  queue.push(part('at once', 10), false);
  assert.equal(sent.at(-1), 'at once');
  assert.equal(queue.writtenBytes, 2.5 * PACE_BYTES + 30);
});

test('past its limit everything that waits goes, and what comes up to the next key frame', () => {
  const { queue, sent, clock } = reader();
  const half = READER_QUEUE_BYTES / 2;
  queue.start([part('burst', PACE_BYTES), part('burst 2', PACE_BYTES)]);
  queue.push(part('a', half), false);
  queue.push(part('b', half), false);
  assert.equal(queue.push(part('c', 1), false), false);
  assert.equal(queue.push(part('d', 1), false), false);
  clock.advance(1000);
  assert.deepEqual(sent, ['burst']);
  assert.deepEqual(queue.losses, { overflows: 1, batches: 5, bytes: PACE_BYTES + 2 * half + 2 });
  queue.push(part('key', 1), true);
  assert.deepEqual(sent, ['burst', 'key']);
});

test('stopped it forgets, and sends no more', () => {
  const { queue, sent, clock } = reader();
  queue.start([part('1', PACE_BYTES), part('2', 1)]);
  queue.stop();
  clock.advance(1000);
  assert.deepEqual(sent, ['1']);
});

function reader(): { readonly queue: PacedQueue; readonly sent: readonly string[]; readonly clock: ManualClock } {
  const clock = new ManualClock();
  const sent: string[] = [];
  const queue = new PacedQueue((_track, datagram) => sent.push(names.get(datagram) ?? '?'), true, clock);
  return { queue, sent, clock };
}

const names = new WeakMap<Uint8Array, string>();

function part(name: string, bytes: number): Parameters<PacedQueue['push']>[0] {
  const datagram = new Uint8Array(bytes);
  names.set(datagram, name);
  return { track: 0, datagrams: [datagram] };
}
