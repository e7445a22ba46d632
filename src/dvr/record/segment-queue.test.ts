import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeStream } from '../fake-stream.ts';
import { MAX_QUEUED_NOTES, SegmentQueue, StorageBudget, type QueueItem } from './segment-queue.ts';

function taken(queue: SegmentQueue): readonly QueueItem[] {
  const all: QueueItem[] = [];
  for (let items = queue.take(); items.length > 0; items = queue.take()) all.push(...items);
  return all;
}

test('what a source does while the disk does not answer is bounded; the newest of it stays, and every segment', () => {
  const queue = new SegmentQueue(new StorageBudget());
  const [segment] = new FakeStream().give(1);
  assert.ok(segment);
  for (const fragment of segment.fragments) queue.offer(fragment, true);
  queue.push({ kind: 'segment', entry: segment.entry });
  for (let utcMs = 0; utcMs < 2 * MAX_QUEUED_NOTES; utcMs++) queue.push({ kind: 'pause', utcMs });
  const items = taken(queue);
  assert.equal(items.length, segment.fragments.length + 1 + MAX_QUEUED_NOTES);
  assert.deepEqual(items.at(-1), { kind: 'pause', utcMs: 2 * MAX_QUEUED_NOTES - 1 });
  assert.deepEqual(items.at(-MAX_QUEUED_NOTES), { kind: 'pause', utcMs: MAX_QUEUED_NOTES });
});

test('a segment is in hand from its first part that was taken to its end', () => {
  const queue = new SegmentQueue(new StorageBudget());
  const [first, second] = new FakeStream().give(2);
  assert.ok(first && second);
  const inHand: (number | undefined)[] = [];
  const look = (): void => void inHand.push(queue.inHand);
  for (const fragment of first.fragments) queue.offer(fragment, true);
  look();
  queue.push({ kind: 'segment', entry: first.entry });
  look();
  for (const fragment of second.fragments) queue.offer(fragment, false);
  look();
  assert.deepEqual(inHand, [first.entry.number, undefined, undefined]);
});
