/** Crashes: at every step of a recording's life (fake disk, real index), and of a real process on a real disk. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { SystemClock } from '../../base/clock.ts';
import { recordingLog } from '../../state/recording-log.table.ts';
import { State } from '../../state/state.ts';
import { Dvr } from '../dvr.ts';
import { FakeStream } from '../fake-stream.ts';
import { runsOf } from '../index/indexed-segment.ts';
import { RecordingIndex } from '../index/recording-index.ts';
import { beginRecording } from '../record/begin-recording.ts';
import { MemoryStorage } from '../storage/memory-storage.table.ts';
import { rebuildIndex } from './rebuild-index.ts';
import { recoverStorage } from './recover-storage.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const { log } = recordingLog();
/** Of the fake stream. */
const PART_MS = 400;

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-crash-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Moment {
  readonly step: string;
  readonly folder: string;
  readonly killed: MemoryStorage;
  /** Undefined: the disk holds no more than a step before. */
  readonly powerless: MemoryStorage | undefined;
  /** Parts in the kernel, and parts synced. */
  readonly written: number;
  readonly synced: number;
}

const UNSYNCED: readonly string[] = ['half an append', 'append', 'patch', 'written'];

/** Two recordings of one stream, synced and closed; what the disk and the index hold at each step of it. */
async function moments(folder: string): Promise<readonly Moment[]> {
  const data = join(folder, 'data');
  mkdirSync(data);
  const index = await RecordingIndex.open(data, T0, log);
  const storage = new MemoryStorage();
  const stream = new FakeStream({ startUtcMs: T0 });
  const taken: Moment[] = [];
  let written = 0;
  let synced = 0;
  const take = (step: string): void => {
    const copy = join(folder, String(taken.length));
    mkdirSync(copy);
    for (const name of ['index.db', 'index.db-wal']) {
      if (existsSync(join(data, name))) copyFileSync(join(data, name), join(copy, name));
    }
    taken.push({
      step,
      folder: copy,
      killed: storage.copy(),
      powerless: UNSYNCED.includes(step) ? undefined : storage.powerCut(),
      written,
      synced,
    });
  };
  storage.onStep = take;
  for (const baseUtcMs of [T0 - 1000, T0 + 2000]) {
    const file = await beginRecording({ stream: 'lobby', storage, index, baseUtcMs, init: stream.init });
    take('begun');
    for (let i = 0; i < 2; i++) {
      const { fragments } = stream.make();
      await file.append(fragments);
      written += fragments.length;
    }
    take('written');
    await file.sync();
    synced = written;
    await index.synced([{ id: file.id, bytes: file.syncedLength }]);
    take('synced');
    const bytes = await file.seal();
    await index.finish('lobby', file.id, bytes, file.segments);
    take('finished');
  }
  storage.onStep = undefined;
  await index.close();
  return taken;
}

test('at whatever step weir is killed or the power goes, every part that was written or synced is there, once', () =>
  inFolder(async (folder) => {
    const taken = await moments(folder);
    assert.ok(taken.length > 20);
    const ends = taken.flatMap((moment) => [
      { ...moment, what: 'killed', storage: moment.killed, atLeast: moment.written },
      { ...moment, what: 'without power', storage: moment.powerless, atLeast: moment.synced },
    ]);
    // Opening a database mostly waits for its thread: a few at a time.
    const queue = ends.values();
    const work = async (): Promise<void> => {
      for (const { step, folder: data, what, storage, atLeast } of queue) {
        if (storage !== undefined)
          await assertRecovers(`${data}-${what}`, data, storage, atLeast, `${what} at '${step}'`);
      }
    };
    await Promise.all(Array.from({ length: 4 }, work));
  }));

async function assertRecovers(
  folder: string,
  from: string,
  storage: MemoryStorage,
  atLeast: number,
  place: string,
): Promise<void> {
  mkdirSync(folder);
  for (const name of ['index.db', 'index.db-wal']) {
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(folder, name));
  }
  await using index = await RecordingIndex.open(folder, T0, log);
  const report = await recoverStorage({ storage, index, log });
  assert.equal(report.failed + report.unreadable, 0, place);
  assert.deepEqual(index.look.unfinished('main', Infinity), { open: [], going: [] }, place);
  const files = index.look.filesBetween('lobby', 0, 1e14, -Infinity, 10);
  const segments = files.flatMap((file) => index.look.segmentsOf(file));
  assert.equal(new Set(segments.map((segment) => segment.number)).size, segments.length, place);
  const parts = segments.reduce((sum, segment) => sum + Math.round(segment.durationMs / PART_MS), 0);
  assert.ok(parts >= atLeast, `${place}: ${parts} parts of ${atLeast}`);
  const spans = index.look.spansBetween('lobby', 0, 1e14);
  assert.deepEqual(
    spans.map(({ id, startUtcMs, endUtcMs }) => ({ number: id, startUtcMs, endUtcMs })),
    runsOf(segments),
    place,
  );
  assert.equal(storage.files.size, files.length, `${place}: no file is left behind`);
}

test('a lost index is made again from the recordings, also from those that were never closed', () =>
  inFolder(async (folder) => {
    const taken = await moments(folder);
    const { killed } = taken.findLast((moment) => moment.step === 'written') ?? assert.fail();
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await using index = await RecordingIndex.open(empty, T0, log);
    const { signal } = new AbortController();
    assert.deepEqual(await rebuildIndex({ storage: killed, index, log, signal }), { added: 2, skipped: 0, failed: 0 });
    const sealed = killed.history.filter((line) => line.startsWith('append'));
    assert.equal(sealed.length, 1, 'a file that is closed is not written again');
    assert.deepEqual(await rebuildIndex({ storage: killed, index, log, signal }), { added: 0, skipped: 2, failed: 0 });
    const segments = index.look
      .filesBetween('lobby', 0, 1e14, -Infinity, 10)
      .flatMap((file) => index.look.segmentsOf(file));
    assert.deepEqual(
      segments.map((segment) => segment.number),
      [1000, 1001, 1002, 1003],
    );
    assert.equal(index.look.spansBetween('lobby', 0, 1e14).length, 1);
    assert.ok(index.look.init(segments[0]?.initHash ?? ''));
  }));

test('a process that is killed loses nothing that it said was recorded, and the crash is a gap', () =>
  inFolder(async (folder) => {
    const child = spawn(process.execPath, [new URL('./crash-child.table.ts', import.meta.url).pathname, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface(child.stdout);
    let last: { readonly segments: number; readonly upToUtcMs: number } | undefined;
    for await (const line of lines) {
      last = JSON.parse(line);
      if ((last?.segments ?? 0) >= 12) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    assert.equal(child.signalCode, 'SIGKILL');
    const { segments = 0, upToUtcMs = 0 } = last ?? {};
    const clock = new SystemClock();
    await using state = await State.open({ dataFolder: join(folder, 'data'), clock, log });
    const keep = { ageMs: undefined, bytes: undefined, free: undefined };
    const storages = new Map([['main', { name: 'main', path: join(folder, 'recordings'), keep, syncMs: 10_000 }]]);
    await using dvr = await Dvr.open({ state, storages, keepOf: () => undefined, clock, log });
    const stream = new FakeStream({ startUtcMs: T0 });
    const archived = await dvr.archive.segments('lobby', 0, 1e14, 1000);
    assert.ok(archived.length >= segments);
    for (const entry of archived.slice(0, segments)) {
      const { bytes } = stream.make();
      assert.deepEqual(await (await dvr.archive.segment('lobby', entry.number))?.read(), [bytes]);
    }
    const end = dvr.status('lobby').recordedUpToUtcMs ?? 0;
    assert.ok(end >= upToUtcMs);
    assert.deepEqual(await dvr.archive.gaps('lobby', end, end + 1), [
      { startUtcMs: end, endUtcMs: undefined, reason: 'crash' },
    ]);
  }));
