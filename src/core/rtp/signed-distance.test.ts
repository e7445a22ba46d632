import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signedDistance } from './signed-distance.ts';

const WORD = 2 ** 32;
const ROWS: readonly (readonly [from: number, to: number, range: number, distance: number])[] = [
  [0, 0, 65536, 0],
  [5, 9, 65536, 4],
  [9, 5, 65536, -4],
  [65535, 1, 65536, 2],
  [1, 65535, 65536, -2],
  [0, 32767, 65536, 32767],
  [0, 32768, 65536, -32768],
  [WORD - 1, 0, WORD, 1],
  [0, WORD - 1, WORD, -1],
  [0, WORD / 2, WORD, -WORD / 2],
];

test('the nearer way round', () => {
  for (const [from, to, range, distance] of ROWS) assert.equal(signedDistance(from, to, range), distance, `${from}`);
});
