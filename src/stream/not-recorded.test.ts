import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotRecordedError } from './not-recorded.ts';

const T = Date.UTC(2026, 0, 1, 10);

const CASES: readonly (readonly [
  beforeUtcMs: number | undefined,
  afterUtcMs: number | undefined,
  message: string,
  before: number | undefined,
  after: number | undefined,
])[] = [
  [undefined, undefined, 'Nothing', undefined, undefined],
  [T + 0.5, undefined, 'Nothing; expected 2026-01-01T09:59:59.999Z, the nearest recorded time', T - 1, undefined],
  [undefined, T + 0.5, 'Nothing; expected 2026-01-01T10:00:00.000Z, the nearest recorded time', undefined, T],
  [
    T,
    T + 2000,
    'Nothing; expected 2026-01-01T09:59:59.999Z or 2026-01-01T10:00:02.000Z, the nearest recorded times',
    T - 1,
    T + 2000,
  ],
];

for (const [beforeUtcMs, afterUtcMs, message, before, after] of CASES) {
  test(`what can be asked for instead: ${message}`, () => {
    const error = new NotRecordedError('Nothing', { kind: 'nearest', beforeUtcMs, afterUtcMs });
    assert.equal(error.describe(), message);
    assert.deepEqual([error.beforeUtcMs, error.afterUtcMs], [before, after]);
  });
}
