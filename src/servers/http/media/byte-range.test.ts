import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseByteRange } from './byte-range.ts';

const ROWS: readonly (readonly [
  header: string | undefined,
  result: readonly [number, number] | 'unsatisfiable' | undefined,
])[] = [
  [undefined, undefined],
  ['', undefined],
  ['bytes=0-0', [0, 1]],
  ['bytes=0-99', [0, 100]],
  ['bytes=10-', [10, 100]],
  ['bytes=99-5000', [99, 100]],
  ['bytes=-1', [99, 100]],
  ['bytes=-5000', [0, 100]],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=100-200', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=9-3', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,5-6', undefined],
  ['items=0-1', undefined],
  ['bytes=a-b', undefined],
  ['bytes=0-9999999999999999999', undefined],
];

describe('parseByteRange', () => {
  for (const [header, result] of ROWS) {
    it(`reads '${header ?? 'nothing'}' of 100 bytes`, () => {
      const range = parseByteRange(header, 100);
      assert.deepEqual(typeof range === 'object' ? [range.start, range.end] : range, result);
    });
  }

  it('finds nothing in nothing', () => {
    assert.equal(parseByteRange('bytes=-5', 0), 'unsatisfiable');
    assert.equal(parseByteRange('bytes=0-', 0), 'unsatisfiable');
  });
});
