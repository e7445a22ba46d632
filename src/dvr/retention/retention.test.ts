import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { recordingLog } from '../../state/recording-log.table.ts';
import { FakeStream } from '../fake-stream.table.ts';
import { RecordingIndex } from '../index/recording-index.ts';
import { beginRecording } from '../record/begin-recording.ts';
import { MemoryStorage } from '../storage/memory-storage.table.ts';
import { Retention } from './retention.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const HOUR = 3_600_000;

interface Kept {
  readonly index: RecordingIndex;
  readonly storage: MemoryStorage;
  readonly clock: ManualClock;
  readonly retention: Retention;
  readonly lines: ReturnType<typeof recordingLog>['lines'];
}

/** Three recordings, of three hours; a stream that the configuration does not have is kept as the storage says: two hours. */
async function withRecordings(body: (kept: Kept) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-retention-'));
  const clock = new ManualClock(T0);
  const { log, lines } = recordingLog();
  const storage = new MemoryStorage();
  try {
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
    const keep = { ageMs: 2 * HOUR, bytes: undefined, free: undefined };
    const settings = { name: 'main', path: '', keep, syncMs: 10_000 };
    const retention = new Retention({ storage, settings: () => settings, keepOf: () => undefined, index, clock, log });
    storage.history.length = 0;
    await body({ index, storage, clock, retention, lines });
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

test('a removal that fails leaves a mark for recovery, and nothing that is listed', () =>
  withRecordings(async ({ index, storage, clock, retention }) => {
    clock.advance(2 * HOUR + 2000);
    storage.fail('remove');
    await assert.rejects(retention.round(), { code: 'storage-failed' });
    assert.deepEqual(spanStarts(index), [1, 2]);
    assert.equal(index.look.unfinished('main', Infinity).going.length, 1);
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
