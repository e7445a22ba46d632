/** The kept results of the compatibility matrix are those of its table: npm run compatibility. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOf } from '../harness/matrix/matrix.ts';
import { readSeenFile } from '../harness/matrix/seen-file.ts';
import { cellName, matrixCells } from '../harness/matrix/table.ts';

test('every cell of the compatibility matrix was seen, and works', () => {
  const { cells } = readSeenFile();
  assert.deepEqual(Object.keys(cells).sort(), matrixCells().map(cellName).sort());
  assert.deepEqual(faultsOf(new Map(Object.entries(cells))), []);
});
