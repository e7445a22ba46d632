/**
 * A kill, or a power cut that keeps some blocks of what was not synced and loses others, while recording or sealing; and a power cut while
 * recovering, or right behind. Whatever is lost, nothing that was synced is, and nothing is listed that was not recorded.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { below, type Random } from '../../../test/harness/mutations.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { WeirError } from '../../core/errors.ts';
import { recordingLog } from '../../state/recording-log.table.ts';
import { FakeStream } from '../fake-stream.ts';
import { RecordingIndex } from '../index/recording-index.ts';
import { beginRecording } from '../record/begin-recording.ts';
import { MemoryStorage } from '../storage/memory-storage.table.ts';
import { recoverStorage } from './recover-storage.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const ROUNDS = 80;
/** More than a recording or its recovery has: the power then goes at its end. */
const STEPS = 24;

interface Cut {
  readonly storage: MemoryStorage;
  /** The file as it was written, and how far the index was told that it is synced. */
  readonly path: string;
  readonly written: Uint8Array;
  readonly told: number;
}

/** Records up to two segments, synced now and then, until the power goes at a random step. */
async function recordedUntilCut(index: RecordingIndex, name: string, random: Random): Promise<Cut> {
  const storage = new MemoryStorage(name);
  const stream = new FakeStream({ startUtcMs: T0, video: random() < 0.5 ? 'plain-h264' : 'pyramid-h264' });
  const file = await beginRecording({ stream: name, storage, index, baseUtcMs: T0 - 1000, init: stream.init });
  const syncs = random() < 0.5 ? 0.3 : 0;
  let told = 0;
  powerGoes(storage, below(STEPS, random));
  try {
    for (const segment of [stream.make(), stream.make()]) {
      for (const fragment of segment.fragments) {
        await file.append([fragment]);
        if (random() >= syncs) continue;
        await file.sync();
        if (random() < 0.2) continue;
        await index.synced([{ id: file.id, bytes: file.syncedLength }]);
        told = file.syncedLength;
      }
    }
    const bytes = await file.seal();
    if (random() < 0.5) await index.finish(name, file.id, bytes, file.segments);
  } catch (error) {
    assertCut(error);
  }
  const { path } = file;
  return { storage, path, written: storage.file(path).bytes.slice(), told };
}

function powerGoes(storage: MemoryStorage, atStep: number): void {
  let step = 0;
  storage.onStep = () => {
    if (step++ >= atStep) throw new WeirError('storage-failed', 'the power goes');
  };
}

function assertCut(error: unknown): void {
  assert.ok(error instanceof WeirError && error.message === 'the power goes', String(error));
}

test('after power cuts everything that was synced is there, and everything that is listed is what was recorded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-power-'));
  const { log } = recordingLog();
  const seed = 20_261_124;
  const random = seededRandom(seed);
  try {
    const cuts: Cut[] = [];
    {
      await using index = await RecordingIndex.open(folder, T0, log);
      for (let round = 0; round < ROUNDS; round++) {
        cuts.push(await recordedUntilCut(index, `round${round}`, random));
      }
    }
    await using index = await RecordingIndex.open(folder, T0, log);
    for (const cut of cuts) {
      const once = random() < 0.3 ? cut.storage.copy() : cut.storage.tornPowerCut(random);
      powerGoes(once, below(10, random));
      await recoverStorage({ storage: once, index, log });
      const twice = once.tornPowerCut(random);
      const report = await recoverStorage({ storage: twice, index, log });
      const place = `seed ${seed}, ${cut.storage.name}`;
      assert.equal(report.failed, 0, place);
      assert.ok(cut.told === 0 || report.unreadable === 0, place);
      assertKept(index, twice, cut, place);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [name, syncs, expected] of [
  ['that was not synced is not believed, and the file left', false, 'unreadable'],
  ['that was synced is', true, 'kept'],
] as const) {
  test(`a header with another set-up ${name}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-power-'));
    const { log } = recordingLog();
    try {
      const storage = new MemoryStorage();
      const stream = new FakeStream({ startUtcMs: T0 });
      {
        await using index = await RecordingIndex.open(folder, T0, log);
        const options = { stream: 'lobby', storage, index, baseUtcMs: T0 - 1000, init: stream.init };
        const file = await beginRecording(options);
        await file.append(stream.make().fragments);
        await file.sync();
        if (syncs) await index.synced([{ id: file.id, bytes: file.syncedLength }]);
        const { bytes } = storage.file(file.path);
        // The level in avcC, which still parses.
        const level = Buffer.from(bytes).indexOf('avcC') + 7;
        bytes[level] = (bytes[level] ?? 0) ^ 1;
      }
      await using index = await RecordingIndex.open(folder, T0, log);
      assert.equal((await recoverStorage({ storage, index, log }))[expected], 1);
      assert.equal(storage.files.size, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function assertKept(index: RecordingIndex, storage: MemoryStorage, cut: Cut, place: string): void {
  const files = index.look.filesBetween(storage.name, 0, 1e14, -Infinity, 10);
  const segments = files.flatMap((file) => index.look.segmentsOf(file));
  const last = segments.at(-1);
  assert.ok((last === undefined ? 0 : last.offset + last.bytes) >= cut.told, `${place}: ${cut.told} bytes were synced`);
  for (const { number, offset, bytes } of segments) {
    const found = storage.file(cut.path).bytes.subarray(offset, offset + bytes);
    const same = Buffer.compare(found, cut.written.subarray(offset, offset + bytes)) === 0;
    assert.ok(same && found.length === bytes, `${place}: segment ${number} is not what was recorded`);
  }
}
