/** The unit tests in two processes, one a core: each takes every second file, and all of them register their tests in it. */
import { globSync } from 'node:fs';
import path from 'node:path';

export const UNIT_FILES: readonly string[] = ['src/**/*.test.ts', 'test/house/*.test.ts'];

const CHECKOUT = path.resolve(import.meta.dirname, '../..');

export async function importHalf(half: 0 | 1): Promise<void> {
  const files = UNIT_FILES.flatMap((pattern) => globSync(pattern, { cwd: CHECKOUT })).sort();
  for (const [index, file] of files.entries()) if (index % 2 === half) await import(path.join(CHECKOUT, file));
}
