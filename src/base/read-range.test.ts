import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { readRange } from './read-range.ts';

test('a range of a file: shorter at its end, empty behind it; the system says what is wrong', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'weir-range-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'ten');
  await writeFile(
    file,
    Uint8Array.from({ length: 10 }, (_, i) => i),
  );
  const handle = await open(file, 'r');
  const rows: readonly (readonly [offset: number, length: number, bytes: readonly number[]])[] = [
    [0, 3, [0, 1, 2]],
    [8, 2, [8, 9]],
    [8, 5, [8, 9]],
    [10, 5, []],
    [4, 0, []],
  ];
  for (const [offset, length, bytes] of rows) assert.deepEqual([...(await readRange(handle, offset, length))], bytes);
  await handle.close();
  await assert.rejects(readRange(handle, 0, 1), { code: 'EBADF' });
});
