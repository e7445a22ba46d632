import type { DatabaseSync } from 'node:sqlite';
import { WeirError } from '../core/errors.ts';

/** Up to here a file is read whole: ten million segments in index.db would take 0.2 s from memory, and many times that from a slow disk. */
const CHECKED_WHOLE_BYTES_MAX = 64 * 1024 * 1024;
const SQLITE_CORRUPT = 11;

/**
 * Looks at the pages of a database, and in one past `wholeBytesMax` at those of `tables` and their indexes. Throws an error with SQLite's
 * code for damage: SQLite itself would tell only who comes upon the page.
 */
export function checkDatabase(
  database: DatabaseSync,
  tables: readonly string[],
  wholeBytesMax = CHECKED_WHOLE_BYTES_MAX,
): void {
  const bytes = numberOf(database, 'page_count') * numberOf(database, 'page_size');
  const checks = bytes <= wholeBytesMax ? ['quick_check(1)'] : tables.map((table) => `quick_check(${table})`);
  for (const check of checks) {
    const found = database.prepare(`PRAGMA ${check}`).get()?.['quick_check'];
    if (found !== 'ok') throw new DamagedDatabase(String(found));
  }
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
}

class DamagedDatabase extends WeirError {
  /** As node:sqlite names it. */
  readonly errcode = SQLITE_CORRUPT;

  constructor(found: string) {
    super('index-failed', `the database is damaged: ${found}`);
  }
}
