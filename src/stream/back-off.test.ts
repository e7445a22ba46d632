import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { retryMs } from './back-off.ts';
import type { ErrorCode } from '../core/errors.ts';

const ROWS: readonly { readonly code: ErrorCode; readonly random: number; readonly expected: readonly number[] }[] = [
  { code: 'source-closed', random: 0, expected: [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] },
  { code: 'source-closed', random: 0.5, expected: [1000, 1500, 3000, 6000, 12_000, 22_500, 22_500] },
  { code: 'source-not-found', random: 0, expected: [1000, 2000, 4000, 8000, 16_000, 30_000] },
  { code: 'source-unreachable', random: 0, expected: [1000, 2000, 4000, 4000, 4000] },
  { code: 'source-timeout', random: 0, expected: [1000, 2000, 4000, 4000, 4000] },
  { code: 'source-host-unknown', random: 0, expected: [1000, 2000, 4000, 8000, 16_000, 30_000] },
  { code: 'source-unauthorized', random: 0, expected: [30_000, 30_000] },
  { code: 'source-unauthorized', random: 0.5, expected: [30_500, 31_000, 32_000] },
];

describe('retryMs', () => {
  for (const { code, random, expected } of ROWS) {
    it(`${code} at random ${random}`, () => {
      assert.deepEqual(
        expected.map((_, i) => retryMs(i + 1, code, random)),
        expected,
      );
    });
  }

  it('a host that stays down is asked less often in the end', () => {
    assert.equal(retryMs(60, 'source-unreachable', 0), 4000);
    assert.equal(retryMs(61, 'source-unreachable', 0), 30_000);
  });
});
