import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OldestFirst } from './oldest-first.ts';

test('the oldest makes room, each once, whatever becomes of it', () => {
  const table = new OldestFirst<string, number>(2);
  const evicted = ['a', 'b', 'c', 'd', 'c', 'e'].map((key, index) => table.add(key, index));
  assert.deepEqual(evicted, [undefined, undefined, 0, 1, undefined, 3]);
  assert.deepEqual([[...table.values()], table.size], [[4, 5], 2]);
  assert.deepEqual([table.take('c'), table.take('c'), table.get('e'), table.size], [4, undefined, 5, 1]);
});
