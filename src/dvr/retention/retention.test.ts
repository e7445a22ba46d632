import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import type { KeepSettings } from '../../config/settings.ts';
import { recordingLog } from '../../state/recording-log.table.ts';
import { State } from '../../state/state.ts';
import { FakeStream } from '../fake-stream.ts';
import { RecordingIndex } from '../index/recording-index.ts';
import { beginRecording } from '../record/begin-recording.ts';
import { MemoryStorage } from '../storage/memory-storage.table.ts';
import { Retention } from './retention.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const HOUR = 3_600_000;

interface Kept {
  readonly index: RecordingIndex;
  readonly state: State;
  readonly storage: MemoryStorage;
  readonly clock: ManualClock;
  readonly retention: Retention;
  readonly settings: { keep: KeepSettings };
  readonly lines: ReturnType<typeof recordingLog>['lines'];
}

/** Three recordings, of three hours; a stream that the configuration does not have is kept as the storage says: two hours. */
async function withRecordings(body: (kept: Kept) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-retention-'));
  const clock = new ManualClock(T0);
  const { log, lines } = recordingLog();
  const storage = new MemoryStorage();
  try {
    await using state = await State.open({ dataFolder: folder, clock, log });
    await using index = await RecordingIndex.open(folder, T0, log);
    const stream = new FakeStream({ startUtcMs: T0 });
    for (let hour = 0; hour < 3; hour++) {
      const file = await beginRecording({
        stream: 'lobby',
        storage,
        index,
        baseUtcMs: T0 + hour * HOUR - 1000,
        init: stream.init,
      });
      await file.append(stream.make().fragments);
      await index.finish('lobby', file.id, await file.seal(), file.segments);
      stream.skip(HOUR - 1200);
    }
    const keep: KeepSettings = { ageMs: 2 * HOUR, bytes: undefined, free: undefined };
    const settings = { name: 'main', path: '', keep, syncMs: 10_000 };
    const { gaps, trustedTimes } = state;
    const wired = { storage, index, gaps, trustedTimes, clock, log };
    const retention = new Retention({ ...wired, settings: () => settings, keepOf: () => undefined });
    storage.history.length = 0;
    await body({ index, state, storage, clock, retention, settings, lines });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const spanStarts = (index: RecordingIndex): readonly number[] =>
  index.look.spansBetween('lobby', 0, 1e14).map((span) => Math.round((span.startUtcMs - T0) / HOUR));

test('what is too old goes: marked, removed, durably, forgotten', () =>
  withRecordings(async ({ index, storage, clock, retention }) => {
    assert.equal(await retention.round(), false);
    assert.deepEqual(spanStarts(index), [0, 1, 2]);
    clock.advance(2 * HOUR + 2000);
    await retention.round();
    assert.deepEqual(spanStarts(index), [1, 2]);
    assert.equal(storage.files.size, 2);
    assert.deepEqual(
      storage.history.map((line) => line.split(' ')[0]),
      ['remove', 'sync'],
    );
    assert.deepEqual(index.look.unfinished('main', Infinity), { open: [], going: [] });
    assert.equal(retention.filesDeleted, 1);
    assert.equal(index.look.fileOfSegment('lobby', 1000), undefined);
  }));

test('a removal that fails is tried again in the next round, and nothing else goes in its place', () =>
  withRecordings(async ({ index, storage, clock, retention, lines }) => {
    clock.advance(2 * HOUR + 2000);
    storage.fail('remove');
    for (let round = 0; round < 3; round++) {
      assert.equal(await retention.round(), false);
      assert.deepEqual(spanStarts(index), [1, 2]);
      assert.equal(index.look.going('main', 9).length, 1);
      assert.deepEqual([lines.at(-1)?.level, lines.at(-1)?.fields['code']], ['error', 'storage-failed']);
    }
    assert.equal(storage.files.size, 3);
    storage.failing.clear();
    await retention.round();
    assert.deepEqual(spanStarts(index), [1, 2]);
    assert.equal(index.look.going('main', 9).length, 0);
    assert.equal(storage.files.size, 2);
    assert.equal(retention.filesDeleted, 1);
  }));

test('what could not be removed does not count against the bytes of a storage', () =>
  withRecordings(async ({ index, storage, retention, settings }) => {
    const bytes = index.look.usage()[0]?.bytes ?? 0;
    settings.keep = { ageMs: undefined, bytes: bytes - 1, free: undefined };
    storage.fail('remove');
    for (let round = 0; round < 3; round++) await retention.round();
    assert.deepEqual(spanStarts(index), [1, 2]);
  }));

test('gaps before what is kept are forgotten with what is deleted', () =>
  withRecordings(async ({ state, clock, retention }) => {
    const gap = (fromHours: number, toHours: number | undefined) =>
      state.gaps.add({
        stream: 'lobby',
        startUtcMs: T0 + fromHours * HOUR + 1200,
        endUtcMs: toHours === undefined ? undefined : T0 + toHours * HOUR,
        reason: 'disk',
      }).written;
    await Promise.all([gap(0, 1), gap(1, 2), gap(2, undefined)]);
    const left = (): readonly number[] =>
      state.gaps.between('lobby', 0, 1e14).map(({ startUtcMs }) => Math.floor((startUtcMs - T0) / HOUR));
    await retention.round();
    assert.deepEqual(left(), [0, 1, 2]);
    clock.advance(2 * HOUR + 2000);
    await retention.round();
    assert.deepEqual(left(), [1, 2]);
    clock.advance(24 * HOUR);
    await retention.round();
    assert.deepEqual(left(), [2]);
  }));

test('a clock that is a year ahead at a start deletes nothing by age for an hour', () =>
  withRecordings(async ({ index, clock, retention }) => {
    clock.stepUtc(365 * 24 * HOUR);
    await retention.round();
    clock.advance(HOUR - 1);
    await retention.round();
    assert.deepEqual(spanStarts(index), [0, 1, 2]);
    clock.advance(1);
    await retention.round();
    assert.deepEqual(spanStarts(index), []);
  }));

test('a clock that jumps ahead deletes nothing by age until it was doubted for an hour', () =>
  withRecordings(async ({ index, clock, retention, lines }) => {
    await retention.round();
    clock.stepUtc(24 * HOUR);
    await retention.round();
    assert.deepEqual(spanStarts(index), [0, 1, 2]);
    assert.equal(lines.at(-1)?.level, 'error');
    clock.advance(HOUR);
    await retention.round();
    assert.deepEqual(spanStarts(index), []);
  }));
