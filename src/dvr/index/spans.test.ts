import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordedSpan } from '../../stream/archive.ts';
import { runsOf, type Run } from './indexed-segment.ts';
import { addRun, removeRun, type SpanChange } from './spans.ts';

const span = (id: number, startUtcMs: number, endUtcMs: number): RecordedSpan => ({ id, startUtcMs, endUtcMs });
const run = (number: number, startUtcMs: number, endUtcMs: number): Run => ({ number, startUtcMs, endUtcMs });

const ADDED: readonly (readonly [string, RecordedSpan | undefined, RecordedSpan | undefined, Run, SpanChange])[] = [
  ['the first', undefined, undefined, run(1, 0, 10), { removed: [], put: [span(1, 0, 10)] }],
  ['one that goes on', span(1, 0, 1000), undefined, run(2, 1000.4, 2000), { removed: [], put: [span(1, 0, 2000)] }],
  ['one after a hole', span(1, 0, 1000), undefined, run(2, 1500, 2000), { removed: [], put: [span(2, 1500, 2000)] }],
  [
    'one under a clock that stepped back',
    span(1, 5000, 9000),
    undefined,
    run(2, 1000, 2000),
    { removed: [], put: [span(2, 1000, 2000)] },
  ],
  [
    'one before another',
    undefined,
    span(3, 2000, 4000),
    run(2, 1000, 2000),
    { removed: [3], put: [span(2, 1000, 4000)] },
  ],
  [
    'one that closes a hole',
    span(1, 0, 1000),
    span(3, 2000, 4000),
    run(2, 1000, 2000),
    { removed: [3], put: [span(1, 0, 4000)] },
  ],
];
for (const [name, before, after, added, expected] of ADDED) {
  test(`a run makes a span: ${name}`, () => assert.deepEqual(addRun(before, after, added), expected));
}

const REMOVED: readonly (readonly [string, Run, number | undefined, SpanChange])[] = [
  ['all of it', run(1, 0, 9000), undefined, { removed: [1], put: [] }],
  ['its head', run(1, 0, 3000), 4, { removed: [1], put: [span(1, 3000, 9000)] }],
  ['its tail', run(7, 6000, 9000), undefined, { removed: [], put: [span(1, 0, 6000)] }],
  ['its middle', run(4, 3000, 6000), 7, { removed: [], put: [span(1, 0, 3000), span(7, 6000, 9000)] }],
];
for (const [name, removed, next, expected] of REMOVED) {
  test(`a span loses ${name}`, () => assert.deepEqual(removeRun(span(1, 0, 9000), removed, next), expected));
}

test('segments make runs', () => {
  const rest = { bytes: 1, initHash: '', discontinuity: false, independent: true, offset: 0 };
  const segments = [
    [1, 0, 2000],
    [2, 2000, 1960],
    [3, 3960.1, 2000],
    [5, 9000, 2000],
    [6, 500, 2000],
  ].map(([number = 0, startUtcMs = 0, durationMs = 0]) => ({ ...rest, number, startUtcMs, durationMs }));
  assert.deepEqual(runsOf(segments), [run(1, 0, 5960.1), run(5, 9000, 11_000), run(6, 500, 2500)]);
});
