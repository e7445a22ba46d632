import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { checkDatabase } from './check-database.ts';

const MEBIBYTE = 1024 * 1024;

/** Two tables, one with an index; the root page of `damaged` is overwritten. */
function withDamage(damaged: string | undefined, body: (database: DatabaseSync) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'weir-check-'));
  const file = join(folder, 'test.db');
  try {
    const made = new DatabaseSync(file);
    made.exec('CREATE TABLE small (id INTEGER PRIMARY KEY, text TEXT); CREATE INDEX by_text ON small (text)');
    made.exec("CREATE TABLE large (id INTEGER PRIMARY KEY); INSERT INTO small (text) VALUES ('a')");
    const page = made.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').get(damaged ?? '')?.['rootpage'];
    made.close();
    if (page !== undefined) {
      const handle = openSync(file, 'r+');
      writeSync(handle, Buffer.alloc(4096, 0xee), 0, 4096, (Number(page) - 1) * 4096);
      closeSync(handle);
    }
    const database = new DatabaseSync(file);
    body(database);
    database.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [damaged, wholeBytesMax, found] of [
  [undefined, MEBIBYTE, false],
  [undefined, 0, false],
  ['small', MEBIBYTE, true],
  ['by_text', MEBIBYTE, true],
  ['large', MEBIBYTE, true],
  ['small', 0, true],
  ['by_text', 0, true],
  ['large', 0, false],
] as const) {
  test(`damage in ${damaged ?? 'nothing'}, checked whole up to ${wholeBytesMax} bytes`, () =>
    withDamage(damaged, (database) => {
      const check = (): void => checkDatabase(database, ['small'], wholeBytesMax);
      if (found) assert.throws(check, (error) => error instanceof Error && 'errcode' in error && error.errcode === 11);
      else check();
    }));
}
