import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { WeirError } from '../core/errors.ts';
import { DataLock } from './data-lock.ts';
import { Database, DatabaseError, MAX_QUEUED_WRITES } from './database.ts';
import { recordingLog } from './recording-log.table.ts';

const STEPS = [
  'CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)',
  'ALTER TABLE note ADD COLUMN size REAL',
];
const INSERT = 'INSERT INTO note (id, text, size) VALUES (?, ?, ?)';

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-state-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function open(folder: string, steps: readonly string[] = STEPS): Promise<Database> {
  return Database.open({ file: join(folder, 'test.db'), steps, log: recordingLog().log });
}

test('what was written can be read, in the order of the writes', () =>
  withFolder(async (folder) => {
    await using database = await open(folder);
    const writes = [1, 2, 3].map((id) => database.write([{ sql: INSERT, values: [id, `text ${id}`, id / 2] }]));
    await Promise.all(writes);
    assert.deepEqual(
      database.all('SELECT id, size FROM note ORDER BY id').map((row) => ({ ...row })),
      [1, 2, 3].map((id) => ({ id, size: id / 2 })),
    );
    assert.equal(database.get('SELECT text FROM note WHERE id = ?', 2)?.['text'], 'text 2');
    assert.equal(database.get('SELECT text FROM note WHERE id = ?', 9), undefined);
  }));

test('a request is written whole or not at all, and takes no other with it', () =>
  withFolder(async (folder) => {
    await using database = await open(folder);
    const good = database.write([{ sql: INSERT, values: [1, 'a', null] }]);
    const bad = database.write([
      { sql: INSERT, values: [2, 'b', null] },
      { sql: INSERT, values: [1, 'again', null] },
    ]);
    const after = database.write([{ sql: INSERT, values: [3, 'c', null] }]);
    await good;
    await assert.rejects(
      bad,
      (error) => error instanceof DatabaseError && error.code === 'index-failed' && error.sqliteCode === 19,
    );
    await after;
    assert.deepEqual(
      database.all('SELECT id FROM note ORDER BY id').map((row) => row['id']),
      [1, 3],
    );
    assert.equal(database.failures, 1);
  }));

test('closing writes what waits, and is idempotent', () =>
  withFolder(async (folder) => {
    const database = await open(folder);
    const writes = Array.from({ length: 1200 }, (_, id) => database.write([{ sql: INSERT, values: [id, 'x', null] }]));
    await Promise.all([database.close(), database.close(), ...writes]);
    await assert.rejects(database.write([{ sql: INSERT, values: [9999, 'x', null] }]), { code: 'index-failed' });
    assert.throws(() => database.get('SELECT 1'), { code: 'index-failed' });
    assert.deepEqual(readdirSync(folder), ['test.db'], 'the log is folded back into the file');
    await using again = await open(folder);
    assert.equal(again.get('SELECT count(*) AS n FROM note')?.['n'], 1200);
  }));

test('the queue is bounded and raises an alarm', () =>
  withFolder(async (folder) => {
    const { log, lines } = recordingLog();
    const database = await Database.open({ file: join(folder, 'test.db'), steps: STEPS, log });
    const writes: Promise<void>[] = [];
    for (let id = 0; id < MAX_QUEUED_WRITES; id++)
      writes.push(database.write([{ sql: INSERT, values: [id, 'x', null] }]));
    await assert.rejects(database.write([]), { code: 'index-failed' });
    assert.equal(lines.filter((line) => line.level === 'error').length, 1);
    await Promise.all(writes);
    assert.equal(lines.at(-1)?.level, 'info');
    await database.close();
  }));

test('an older schema is brought up to date, a newer one refused', () =>
  withFolder(async (folder) => {
    const old = await open(folder, STEPS.slice(0, 1));
    await old.write([{ sql: 'INSERT INTO note (id, text) VALUES (1, ?)', values: ['kept'] }]);
    await old.close();
    const current = await open(folder);
    assert.equal(current.get('SELECT text FROM note WHERE size IS NULL')?.['text'], 'kept');
    await current.close();
    await assert.rejects(
      open(folder, STEPS.slice(0, 1)),
      (error) => error instanceof WeirError && error.describe().includes('newer'),
    );
  }));

test('what is no database is said to be corrupt', () =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, 'test.db'), 'not a database, whatever its name says. '.repeat(200));
    await assert.rejects(open(folder), (error) => error instanceof DatabaseError && error.corrupt);
  }));

test('the data folder has one owner; the lock of a killed process is gone with it', () =>
  withFolder(async (folder) => {
    const script = `
      const { DataLock } = await import(${JSON.stringify(new URL('./data-lock.ts', import.meta.url).href)});
      DataLock.acquire(${JSON.stringify(folder)});
      process.kill(process.pid, 'SIGKILL');`;
    await assert.rejects(promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]), {
      signal: 'SIGKILL',
    });
    const lock = DataLock.acquire(folder);
    assert.throws(() => DataLock.acquire(folder), { code: 'data-locked' });
    lock.release();
    lock.release();
    DataLock.acquire(folder).release();
  }));
