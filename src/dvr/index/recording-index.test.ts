import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { recordingLog } from '../../state/recording-log.table.ts';
import { INDEX_STEPS } from './index-schema.ts';
import type { IndexedSegment } from './indexed-segment.ts';
import { RecordingIndex } from './recording-index.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const MINUTE = 60_000;

async function withIndex(body: (index: RecordingIndex, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-index-'));
  try {
    await using index = await RecordingIndex.open(folder, T0, recordingLog().log);
    await body(index, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A file of thirty segments of two seconds that begins at `minute`. */
async function addFile(
  index: RecordingIndex,
  stream: string,
  minute: number,
  firstNumber = 1000 + minute * 30,
): Promise<number> {
  const baseUtcMs = T0 + minute * MINUTE;
  const init = Uint8Array.of(1, 2, 3);
  const id = await index.intend({ stream, storage: 'main', baseUtcMs, attempt: 1, initHash: 'h', init });
  await index.finish(stream, id, 30_000, segmentsFrom(baseUtcMs, firstNumber));
  return id;
}

function segmentsFrom(baseUtcMs: number, firstNumber: number): readonly IndexedSegment[] {
  return Array.from({ length: 30 }, (_, i) => ({
    number: firstNumber + i,
    startUtcMs: baseUtcMs + i * 2000,
    durationMs: 2000,
    bytes: 1000,
    initHash: 'h',
    discontinuity: false,
    independent: true,
    offset: i * 1000,
    keys: [{ ptsUtcMs: baseUtcMs + i * 2000, offset: i * 1000 + 100, length: 500, damaged: false }],
  }));
}

const bounds = (index: RecordingIndex, stream: string): readonly (readonly number[])[] =>
  index.look
    .spansBetween(stream, 0, Infinity)
    .map((span) => [span.id, (span.startUtcMs - T0) / MINUTE, (span.endUtcMs - T0) / MINUTE]);

test('files are found by time and by number, with their segments', () =>
  withIndex(async (index) => {
    for (const minute of [0, 1, 2, 5]) await addFile(index, 'lobby', minute);
    await addFile(index, 'yard', 1);
    const minutes = (from: number, to: number): readonly number[] =>
      index.look
        .filesBetween('lobby', T0 + from * MINUTE, T0 + to * MINUTE, -Infinity, 10)
        .map((file) => (file.baseUtcMs - T0) / MINUTE);
    assert.deepEqual(minutes(0, 10), [0, 1, 2, 5]);
    assert.deepEqual(minutes(1, 2), [1]);
    assert.deepEqual(minutes(2.5, 5.5), [2, 5]);
    assert.deepEqual(minutes(3, 5), []);
    const file = index.look.fileOfSegment('lobby', 1075);
    assert.ok(file);
    assert.equal(file.path, 'lobby/2026-01-01/10/20260101T100200.000Z.mp4');
    assert.deepEqual(index.look.segmentsOf(file), segmentsFrom(T0 + 2 * MINUTE, 1060));
    assert.equal(index.look.fileOfSegment('lobby', 1090), undefined);
    assert.equal(index.look.fileOfSegment('lobby', 999), undefined);
    assert.equal(index.look.nextNumber('lobby', 1089), 1150);
    assert.deepEqual(index.look.init('h'), Uint8Array.of(1, 2, 3));
    assert.deepEqual(index.look.nearest('lobby', T0 + 4 * MINUTE), {
      beforeUtcMs: T0 + 3 * MINUTE,
      afterUtcMs: T0 + 5 * MINUTE,
    });
    assert.deepEqual(index.look.nearest('nobody', T0), { beforeUtcMs: undefined, afterUtcMs: undefined });
  }));

test('spans grow, and shrink with the files that go', () =>
  withIndex(async (index) => {
    await Promise.all([0, 1, 2, 5, 6].map((minute) => addFile(index, 'lobby', minute)));
    assert.deepEqual(bounds(index, 'lobby'), [
      [1000, 0, 3],
      [1150, 5, 7],
    ]);
    const fileAt = (minute: number) =>
      index.look.filesBetween('lobby', T0 + minute * MINUTE, T0 + minute * MINUTE + 1, -Infinity, 1);
    await index.mark('lobby', fileAt(0));
    assert.deepEqual(bounds(index, 'lobby'), [
      [1000, 1, 3],
      [1150, 5, 7],
    ]);
    await index.mark('lobby', [...fileAt(1), ...fileAt(5)]);
    assert.deepEqual(bounds(index, 'lobby'), [
      [1000, 2, 3],
      [1150, 6, 7],
    ]);
    await index.mark('lobby', [...fileAt(2), ...fileAt(6)]);
    assert.deepEqual(bounds(index, 'lobby'), []);
    assert.equal(index.look.usage()[0]?.files, 5, 'marked files still take their bytes');
    await index.forget([1, 2, 3, 4, 5]);
    assert.deepEqual(index.look.usage(), []);
  }));

test('files that are added in any order make the same spans', () =>
  withIndex(async (index) => {
    for (const minute of [6, 1, 0, 5, 2]) await addFile(index, 'lobby', minute);
    assert.deepEqual(bounds(index, 'lobby'), [
      [1000, 0, 3],
      [1150, 5, 7],
    ]);
  }));

test('a span that loses its middle is two', () =>
  withIndex(async (index) => {
    for (const minute of [0, 1, 2]) await addFile(index, 'lobby', minute);
    await index.mark('lobby', index.look.filesBetween('lobby', T0 + MINUTE, T0 + MINUTE + 1, -Infinity, 1));
    assert.deepEqual(bounds(index, 'lobby'), [
      [1000, 0, 1],
      [1060, 2, 3],
    ]);
  }));

test('a clock that stepped back makes a second span over the first', () =>
  withIndex(async (index) => {
    await addFile(index, 'lobby', 0);
    await addFile(index, 'lobby', 1);
    await addFile(index, 'lobby', 0.5, 2000);
    assert.deepEqual(bounds(index, 'lobby'), [
      [1000, 0, 2],
      [2000, 0.5, 1.5],
    ]);
    assert.equal(index.look.lastEndUtcMs('lobby'), T0 + 1.5 * MINUTE);
  }));

test('intents and marks are there after a restart, and only those of the last run', () =>
  withIndex(async (index, folder) => {
    const id = await index.intend({
      stream: 'lobby',
      storage: 'main',
      baseUtcMs: T0,
      attempt: 1,
      initHash: 'h',
      init: Uint8Array.of(1),
    });
    await index.synced([{ id, bytes: 4711 }]);
    await addFile(index, 'yard', 0);
    await index.mark('yard', index.look.oldestFiles('main', 'yard', 1));
    assert.deepEqual(index.look.unfinished('main', index.firstOwnId), { open: [], going: [] });
    await index.close();
    await using again = await RecordingIndex.open(folder, T0, recordingLog().log);
    const { open, going } = again.look.unfinished('main', again.firstOwnId);
    assert.deepEqual(
      open.map((file) => [file.id, file.stream, file.bytes]),
      [[id, 'lobby', 4711]],
    );
    assert.deepEqual(
      going.map((file) => file.stream),
      ['yard'],
    );
    assert.ok(again.look.knows('lobby', 'main', T0, 1));
    assert.ok(!again.look.knows('lobby', 'main', T0, 2));
  }));

/** Overwrites the root page of a table or an index. */
function damage(file: string, name: string): void {
  const database = new DatabaseSync(file);
  const page = Number(database.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').get(name)?.['rootpage']);
  const bytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
  database.close();
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(bytes, 0xee), 0, bytes, (page - 1) * bytes);
  closeSync(handle);
}

test('an index that cannot be read, or whose pages are damaged, is set aside', async () => {
  for (const name of [undefined, 'file', 'file_by_time', 'segments', 'usage', 'indexed_storage']) {
    await assertSetAside((file) => {
      if (name === undefined) writeFileSync(file, 'no database '.repeat(500));
      else damage(file, name);
    });
  }
});

const assertSetAside = (spoil: (file: string) => void): Promise<void> =>
  withIndex(async (index, folder) => {
    await addFile(index, 'lobby', 0);
    await index.close();
    spoil(join(folder, 'index.db'));
    const { log, lines } = recordingLog();
    await using again = await RecordingIndex.open(folder, T0, log);
    assert.ok(readdirSync(folder).includes(`index.db.unreadable-${T0}`));
    assert.equal(lines[0]?.level, 'error');
    assert.ok(!again.look.isIndexed('main'));
    await again.indexed('main');
    assert.ok(again.look.isIndexed('main'));
  });

test('an index that has another schema than it says is closed again', () =>
  withIndex(async (index, folder) => {
    await index.close();
    const file = join(folder, 'index.db');
    rmSync(file);
    const other = new DatabaseSync(file);
    other.exec(`PRAGMA user_version = ${INDEX_STEPS.length}`);
    other.close();
    await assert.rejects(RecordingIndex.open(folder, T0, recordingLog().log), { code: 'index-failed' });
    assert.deepEqual(readdirSync(folder), ['index.db'], 'both connections are closed: the log is folded back');
  }));
