import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutated } from '../../../test/harness/mutations.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { WeirError } from '../../core/errors.ts';
import type { IndexedSegment } from './indexed-segment.ts';
import { packSegments, unpackSegments } from './packed-segments.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const base: IndexedSegment = {
  number: 1_767_261_600,
  startUtcMs: T0,
  durationMs: 2000,
  bytes: 250_000,
  initHash: 'abc',
  discontinuity: true,
  independent: true,
  offset: 900,
  keys: [
    { ptsUtcMs: T0, offset: 1500, length: 60_000, damaged: false },
    { ptsUtcMs: T0 + 1000.033, offset: 120_000, length: 58_000, damaged: true },
  ],
};
const LISTS: readonly (readonly [string, readonly IndexedSegment[]])[] = [
  ['none', []],
  ['one', [base]],
  ['without key frames', [{ ...base, keys: [], independent: false }]],
  [
    'holes of time, of numbers and of bytes; the clock back; a key before its segment',
    [
      base,
      { ...base, number: base.number + 1, startUtcMs: T0 + 2000, offset: 250_900, keys: [], discontinuity: false },
      {
        ...base,
        number: base.number + 70,
        startUtcMs: T0 + 3_600_000.125,
        durationMs: 1960.5,
        offset: 600_000,
        keys: [],
      },
      {
        ...base,
        number: base.number + 71,
        startUtcMs: T0 - 5000,
        offset: 850_000,
        keys: [{ ptsUtcMs: T0 - 5000.04, offset: 850_600, length: 1, damaged: false }],
      },
    ],
  ],
];

for (const [name, segments] of LISTS) {
  test(`a list of segments comes back as it was: ${name}`, () => {
    assert.deepEqual(unpackSegments(packSegments(segments), 'abc'), segments);
  });
}

test('a minute of two-second segments takes less than a kilobyte', () => {
  const segments = Array.from({ length: 30 }, (_, i) => {
    const shift = (ms: number): number => ms + i * 2000;
    return {
      ...base,
      number: base.number + i,
      startUtcMs: shift(T0),
      offset: 900 + i * 250_000,
      keys: [{ ptsUtcMs: shift(T0), offset: 1500 + i * 250_000, length: 60_000 + i, damaged: false }],
    };
  });
  assert.ok(packSegments(segments).length < 30 * 25);
});

test('a list that is cut off or changed is an error with a code, or another list', () => {
  const packed = packSegments(LISTS[3]?.[1] ?? []);
  for (let length = 0; length < packed.length; length++) {
    assert.throws(() => unpackSegments(packed.subarray(0, length), ''), { code: 'index-failed' });
  }
  const seed = 20261124;
  const random = seededRandom(seed);
  for (let round = 0; round < 500; round++) {
    try {
      unpackSegments(mutated(packed, random), '');
    } catch (error) {
      assert.ok(
        error instanceof WeirError && error.code === 'index-failed',
        `seed ${seed}, round ${round}: ${String(error)}`,
      );
    }
  }
});
