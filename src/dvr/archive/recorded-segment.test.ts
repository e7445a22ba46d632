import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IndexedSegment } from '../index/indexed-segment.ts';
import { listed } from './recorded-segment.ts';

/** Segments of two seconds: number and start in seconds. */
function segments(...starts: readonly (readonly [number, number])[]): readonly IndexedSegment[] {
  return starts.map(([number, startS]) => ({
    number,
    startUtcMs: startS * 1000,
    durationMs: 2000,
    bytes: 1,
    initHash: '',
    discontinuity: false,
    independent: true,
    offset: 0,
    keys: [],
  }));
}

const CASES: readonly (readonly [string, readonly IndexedSegment[], readonly string[]])[] = [
  ['unbroken', segments([1, 0], [2, 2], [3, 4]), ['1', '2', '3']],
  ['a hole', segments([1, 0], [2, 2], [9, 8]), ['1', '2', '9!']],
  ['given out of order', segments([3, 4], [1, 0], [2, 2]), ['1', '2', '3']],
  ['the clock back by three seconds', segments([1, 0], [2, 2], [3, 4], [4, 3], [5, 5]), ['1', '4!', '5']],
  [
    'the clock back by an hour, and on',
    segments([1, 0], [2, 2], [3, 3600], [4, 3602], [5, 3], [6, 5]),
    ['1', '5!', '6', '3!', '4'],
  ],
  ['back twice', segments([1, 0], [2, 2], [3, 4], [4, 0], [5, 2], [6, 2], [7, 4]), ['4', '6', '7']],
  ['jitter is no overlap', segments([1, 0], [2, 1.95], [3, 3.9]), ['1', '2', '3']],
];

for (const [name, given, expected] of CASES) {
  test(`listed: ${name}`, () => {
    assert.deepEqual(
      listed(given, 100).map((entry) => `${entry.number}${entry.discontinuity ? '!' : ''}`),
      expected,
    );
    assert.equal(listed(given, 2).length, 2);
  });
}
