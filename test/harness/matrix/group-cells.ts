/**
 * Plays the multicast cells in a network namespace: run by `playGroupCells` through unshare, with the names of the cells as its arguments and the file
 * for what was seen in the environment.
 */
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { playCells } from './play-cell.ts';
import { MatrixStudio } from './studio.ts';
import { cellName, matrixCells } from './table.ts';

const names = new Set(process.argv.slice(2));

test('cells of groups', async (context) => {
  const cells = matrixCells().filter((cell) => names.has(cellName(cell)));
  const seen = await playCells(context, new MatrixStudio(context, { groups: true }), cells);
  writeFileSync(process.env['WEIR_MATRIX_SEEN'] ?? '', JSON.stringify([...seen]));
});
