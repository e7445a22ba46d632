import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uncoveredGaps } from './uncovered-gaps.ts';

type Range = readonly [number, number | undefined];

const CASES: readonly (readonly [string, Range, readonly (readonly [number, number])[], readonly Range[]])[] = [
  ['nothing recorded', [1000, 9000], [], [[1000, 9000]]],
  [
    'spans that touch it',
    [1000, 9000],
    [
      [0, 1000],
      [9000, 9900],
    ],
    [[1000, 9000]],
  ],
  ['recorded after all', [1000, 9000], [[500, 9900]], []],
  ['a head that is recorded', [1000, 9000], [[500, 4000]], [[4000, 9000]]],
  ['a tail that is recorded', [1000, 9000], [[4000, 9900]], [[1000, 4000]]],
  [
    'a middle that is recorded',
    [1000, 9000],
    [
      [3000, 4000],
      [6000, 7000],
    ],
    [
      [1000, 3000],
      [4000, 6000],
      [7000, 9000],
    ],
  ],
  ['one that lasts', [1000, undefined], [[500, 4000]], [[4000, undefined]]],
  ['a rest too short to be one', [1000, 9000], [[1100, 8900]], []],
  [
    'spans over each other',
    [1000, 9000],
    [
      [0, 6000],
      [2000, 3000],
    ],
    [[6000, 9000]],
  ],
];

for (const [name, [startUtcMs, endUtcMs], spans, expected] of CASES) {
  test(`a gap is what is not recorded: ${name}`, () => {
    const gaps = uncoveredGaps(
      [{ startUtcMs, endUtcMs, reason: 'crash' }],
      spans.map(([startUtcMs, endUtcMs], id) => ({ id, startUtcMs, endUtcMs })),
    );
    assert.deepEqual(
      gaps.map((gap) => [gap.startUtcMs, gap.endUtcMs]),
      expected,
    );
  });
}
