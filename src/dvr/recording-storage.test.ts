/** A storage at a start: one that hangs, and one with a file that cannot be read. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { settled } from '../../test/harness/settled.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { recordingLog } from '../state/recording-log.table.ts';
import { State } from '../state/state.ts';
import { Dvr } from './dvr.ts';
import { FakeStream } from './fake-stream.ts';
import { RecordingIndex } from './index/recording-index.ts';
import { beginRecording } from './record/begin-recording.ts';
import { FIRST_LOOK_MS, RECOVER_AGAIN_MS } from './recording-storage.ts';
import { rebuildIndex } from './recover/rebuild-index.ts';
import { CHECK_LIMIT_MS, DiskStorage } from './storage/disk-storage.ts';
import { MemoryStorage } from './storage/memory-storage.table.ts';
import type { Storage } from './storage/storage.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const { log, lines } = recordingLog();

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-storage-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a crash leaves: an open recording of a segment, and before it, if asked, a closed one. */
async function crashed(folder: string, storage: Storage, stream: FakeStream, closedToo = false): Promise<void> {
  await using index = await RecordingIndex.open(folder, T0, log);
  for (const closed of closedToo ? [true, false] : [false]) {
    const segment = stream.make();
    const baseUtcMs = Math.floor(segment.entry.startUtcMs) - 1000;
    const file = await beginRecording({ stream: 'lobby', storage, index, baseUtcMs, init: stream.init });
    await file.append(segment.fragments);
    file.endSegment(segment.entry);
    if (closed) await index.finish('lobby', file.id, await file.seal(), file.segments);
    else await file.abandon();
  }
}

/** Turns the clock until `check` holds. */
function turned(clock: ManualClock, check: () => boolean | Promise<boolean>, byMs = 0): Promise<void> {
  return settled(async () => {
    if (await check()) return true;
    clock.advance(byMs);
    return false;
  });
}

const optionsOf = (folder: string, clock: ManualClock, state: State, storage: Storage, ageMs?: number) => {
  const settings = { name: 'main', path: folder, keep: { ageMs, bytes: undefined, free: undefined }, syncMs: 10_000 };
  const storages = new Map([['main', settings]]);
  return { state, storages, keepOf: () => undefined, clock, log, openStorage: () => storage };
};

async function numbersOf(dvr: Dvr): Promise<readonly number[]> {
  return (await dvr.archive.segments('lobby', 0, 1e14, 100)).map((entry) => entry.number);
}

test('a storage that hangs stops no start; its streams say why, and are recorded once it answers', () =>
  inFolder(async (folder) => {
    const clock = new ManualClock(T0);
    const hung = Promise.withResolvers<void>();
    const uuids = new Map<string, string>();
    const known = {
      get: (name: string) => uuids.get(name),
      set: (name: string, uuid: string) => hung.promise.then(() => void uuids.set(name, uuid)),
    };
    const root = join(folder, 'recordings');
    const stream = new FakeStream();
    const ready = new DiskStorage({ name: 'main', root, clock, known: { get: () => undefined, set: async () => {} } });
    await crashed(folder, ready, stream);
    const storage = new DiskStorage({ name: 'main', root, clock, known });
    await using state = await State.open({ dataFolder: folder, clock, log });
    let opened: Dvr | undefined;
    const opening = Dvr.open(optionsOf(folder, clock, state, storage)).then((dvr) => (opened = dvr));
    await turned(clock, () => storage.stats().operations === 1);
    assert.equal(opened, undefined);
    clock.advance(FIRST_LOOK_MS);
    await turned(clock, () => opened !== undefined);
    await using dvr = await opening;
    assert.ok(
      lines.some(
        ({ level, message, fields }) =>
          level === 'error' &&
          fields['code'] === 'storage-failed' &&
          fields['storage'] === 'main' &&
          /cannot be used/.test(message),
      ),
    );
    dvr.record(stream, { storage: 'main' });
    assert.equal(dvr.status('lobby').gap, 'disk');
    assert.equal(dvr.status('lobby').error?.code, 'storage-failed');
    stream.give(1);
    clock.advance(CHECK_LIMIT_MS);
    await turned(clock, () => state.gaps.openGap('lobby')?.row.reason === 'disk');
    hung.resolve();
    await turned(clock, async () => (await numbersOf(dvr)).includes(1000), 1000);
    await turned(
      clock,
      async () => {
        stream.give(1);
        return dvr.status('lobby').gap === undefined && (await numbersOf(dvr)).length > 1;
      },
      1000,
    );
  }));

function failures(): number {
  return lines.filter(({ message }) => /could not be recovered/.test(message)).length;
}

test('a file that cannot be read holds up neither the start nor retention, and is tried again', () =>
  inFolder(async (folder) => {
    const clock = new ManualClock(T0);
    const storage = new MemoryStorage();
    const stream = new FakeStream();
    await crashed(folder, storage, stream, true);
    storage.fail('read');
    await using state = await State.open({ dataFolder: folder, clock, log });
    clock.advance(3_600_000);
    await using dvr = await Dvr.open(optionsOf(folder, clock, state, storage, 60_000));
    clock.advance(30_000);
    await turned(clock, () => dvr.stats().storages[0]?.filesDeleted === 1);
    assert.deepEqual(await numbersOf(dvr), []);
    assert.equal(failures(), 1);
    const againMs = clock.monoMs() + RECOVER_AGAIN_MS / 2;
    await turned(clock, () => clock.monoMs() > againMs, 10_000);
    assert.equal(failures(), 1, 'not at every look');
    storage.failing.clear();
    // Once it is recovered it has an end, and is as old as the other.
    await turned(clock, () => dvr.stats().storages[0]?.filesDeleted === 2, 10_000);
  }));

test('a file that cannot be read does not end the making of a lost index, and is tried again', () =>
  inFolder(async (folder) => {
    const clock = new ManualClock(T0);
    const storage = new MemoryStorage();
    const lost = join(folder, 'lost');
    mkdirSync(lost);
    await crashed(lost, storage, new FakeStream(), true);
    const [first, second] = [...storage.files.keys()].toSorted();
    assert.ok(first !== undefined && second !== undefined);
    storage.unreadable.add(first);
    await using state = await State.open({ dataFolder: folder, clock, log });
    await using dvr = await Dvr.open(optionsOf(folder, clock, state, storage));
    await turned(clock, async () => (await numbersOf(dvr)).includes(1001));
    await dvr.rebuilt();
    assert.deepEqual(await numbersOf(dvr), [1001]);
    assert.ok(lines.some(({ fields, message }) => fields['place'] === first && /tried again/.test(message)));
    storage.unreadable.clear();
    await turned(clock, async () => (await numbersOf(dvr)).length === 2, 10_000);
    const reads = storage.history.length;
    const laterMs = clock.monoMs() + 3 * RECOVER_AGAIN_MS;
    await turned(clock, () => clock.monoMs() > laterMs, 10_000);
    await dvr.rebuilt();
    assert.ok(!storage.history.slice(reads).some((line) => line.startsWith('read')), 'all of it is known now');
  }));

test('what making the index again could not finish leaves no row behind that hides the file from the next time', () =>
  inFolder(async (folder) => {
    const storage = new MemoryStorage();
    const lost = join(folder, 'lost');
    mkdirSync(lost);
    await crashed(lost, storage, new FakeStream(), true);
    await using index = await RecordingIndex.open(folder, T0, log);
    const { signal } = new AbortController();
    storage.fail('sync');
    assert.deepEqual(await rebuildIndex({ storage, index, log, signal }), { added: 0, skipped: 0, failed: 2 });
    storage.fail('check');
    await assert.rejects(rebuildIndex({ storage, index, log, signal }), { code: 'storage-failed' }, 'the disk is gone');
    storage.failing.clear();
    assert.deepEqual(await rebuildIndex({ storage, index, log, signal }), { added: 2, skipped: 0, failed: 0 });
  }));
