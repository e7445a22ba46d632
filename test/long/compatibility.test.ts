/**
 * The whole compatibility matrix: every program, way for media and codec of test/harness/matrix/table.ts. With WEIR_WRITE_COMPATIBILITY=1 (`npm run
 * compatibility`) what was seen is kept, and docs/compatibility.md is made of it.
 */
import assert from 'node:assert/strict';
import { peerTest } from '../harness/peers.ts';
import { faultsOf, MATRIX_NEEDS, peerVersions, playMatrix } from '../harness/matrix/matrix.ts';
import { writeSeenFile } from '../harness/matrix/seen-file.ts';
import { matrixCells } from '../harness/matrix/table.ts';

peerTest('programs, ways and codecs: every cell of the matrix', MATRIX_NEEDS, async (context) => {
  const { seen, notRun } = await playMatrix(context, matrixCells(), true);
  for (const [name, reason] of notRun) await context.test(name, { skip: reason });
  assert.deepEqual(faultsOf(seen), []);
  if (process.env['WEIR_WRITE_COMPATIBILITY'] !== '1') return;
  assert.deepEqual([...notRun], [], 'the page is written where everything runs');
  const day = new Date().toISOString().slice(0, 10);
  writeSeenFile({ day, versions: peerVersions(), cells: Object.fromEntries(seen) });
});
