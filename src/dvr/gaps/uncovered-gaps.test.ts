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

const OVERLAPPING: readonly (readonly [string, readonly Range[], readonly Range[]])[] = [
  [
    'two from one moment',
    [
      [1000, 3000],
      [1000, 9000],
    ],
    [
      [1000, 3000],
      [3000, 9000],
    ],
  ],
  [
    'one in another',
    [
      [1000, 9000],
      [2000, 3000],
    ],
    [[1000, 9000]],
  ],
  [
    'one that lasts over another',
    [
      [1000, undefined],
      [2000, 3000],
    ],
    [[1000, undefined]],
  ],
];

for (const [name, given, expected] of OVERLAPPING) {
  test(`each second is in one gap: ${name}`, () => {
    const gaps = uncoveredGaps(
      given.map(([startUtcMs, endUtcMs]) => ({ startUtcMs, endUtcMs, reason: 'crash' })),
      [],
    );
    assert.deepEqual(
      gaps.map((gap) => [gap.startUtcMs, gap.endUtcMs]),
      expected,
    );
  });
}
