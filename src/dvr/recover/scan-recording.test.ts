import assert from 'node:assert/strict';
import { test } from 'node:test';
import { below, joined, mutated } from '../../../test/harness/mutations.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { FakeStream, type FakeSegment } from '../fake-stream.ts';
import type { IndexedSegment } from '../index/indexed-segment.ts';
import { RecordingFile } from '../record/recording-file.ts';
import { MemoryStorage } from '../storage/memory-storage.table.ts';
import { blockIsLost } from './lost-blocks.ts';
import { nalLengthsFit } from './nal-lengths.ts';
import { scanRecording, type ScannedRecording } from './scan-recording.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const PATH = 'lobby/2026-01-01/10/20260101T100000.000Z.mp4';

interface Recorded {
  readonly bytes: Uint8Array;
  readonly segments: readonly FakeSegment[];
  /** Where each part ends in the file, and the segments as the index would have them up to there. */
  readonly parts: readonly { readonly end: number; readonly segments: readonly IndexedSegment[] }[];
  readonly sealed: Uint8Array;
}

/** A recording of a few segments as the recorder writes it, part by part. */
async function record(count: number, video: 'plain-h264' | 'pyramid-h264' = 'plain-h264'): Promise<Recorded> {
  const storage = new MemoryStorage();
  const stream = new FakeStream({ startUtcMs: T0, video });
  const file = await storage.create(PATH);
  const recording = new RecordingFile({
    id: 1,
    stream: 'lobby',
    baseUtcMs: T0 - 1000,
    init: stream.init,
    storage,
    file,
  });
  const segments = Array.from({ length: count }, () => stream.make());
  const parts: { end: number; segments: readonly IndexedSegment[] }[] = [];
  for (const segment of segments) {
    for (const fragment of segment.fragments) {
      await recording.append([fragment]);
      const { unfinished } = recording;
      assert.ok(unfinished);
      parts.push({
        end: recording.length,
        segments: [...recording.segments, { ...unfinished, keys: [...unfinished.keys] }],
      });
    }
    recording.endSegment(segment.entry);
  }
  const bytes = storage.file(PATH).bytes.slice();
  await recording.seal();
  return { bytes, segments, parts, sealed: storage.file(PATH).bytes.slice() };
}

async function scan(bytes: Uint8Array, trusted = 0): Promise<ScannedRecording | undefined> {
  const storage = new MemoryStorage();
  const file = await storage.create(PATH);
  await file.append([bytes]);
  return scanRecording(file, trusted);
}

const rounded = (segments: readonly IndexedSegment[]): unknown =>
  segments.map((segment) => ({
    ...segment,
    startUtcMs: Math.round(segment.startUtcMs),
    durationMs: Math.round(segment.durationMs),
  }));

for (const video of ['plain-h264', 'pyramid-h264'] as const) {
  test(`what recovery finds is what the recorder had: ${video}`, async () => {
    const recorded = await record(3, video);
    for (const bytes of [recorded.bytes, recorded.sealed]) {
      const scanned = await scan(bytes);
      assert.ok(scanned);
      assert.equal(scanned.stopped, undefined);
      assert.equal(scanned.sealed, bytes === recorded.sealed);
      assert.equal(scanned.length, recorded.bytes.length);
      assert.deepEqual(rounded(scanned.contents.segments), rounded(recorded.parts.at(-1)?.segments ?? []));
    }
  });
}

test('cut at any byte of its last four kilobytes, a recording keeps every whole part', async () => {
  const { bytes, parts } = await record(1);
  for (let length = bytes.length - 4096; length <= bytes.length; length++) {
    const whole = parts.findLast((part) => part.end <= length);
    assert.ok(whole);
    const scanned = await scan(bytes.subarray(0, length));
    assert.ok(scanned);
    assert.equal(scanned.length, whole.end, `cut at ${length}`);
    assert.equal(scanned.contents.segments.length, whole.segments.length);
  }
});

test('a trailer that is cut off is none', async () => {
  const { bytes, sealed } = await record(1);
  for (let length = bytes.length; length < sealed.length; length += 7) {
    const scanned = await scan(sealed.subarray(0, length));
    assert.ok(scanned);
    assert.ok(!scanned.sealed);
    assert.equal(scanned.length, bytes.length);
  }
});

test('what a power cut left unwritten beyond the last sync is not taken for media', async () => {
  const { bytes, parts } = await record(2);
  const [, , third, fourth] = parts;
  assert.ok(third && fourth);
  for (const [what, fill] of [
    ['zeros', () => 0],
    ['old blocks', (i: number) => (i * 7919) & 255],
  ] as const) {
    const hole = bytes.slice();
    for (let i = fourth.end - 3000; i < fourth.end; i++) hole[i] = fill(i);
    const scanned = await scan(hole, third.end);
    assert.ok(scanned);
    assert.equal(scanned.length, third.end, what);
    assert.match(scanned.stopped ?? '', /add up/);
    assert.equal((await scan(hole, bytes.length))?.length, bytes.length, 'what was synced is trusted, and not read');
  }
});

for (const video of ['plain-h264', 'pyramid-h264'] as const) {
  test(`of a closed recording that was synced only the trailer is read: ${video}`, async () => {
    const { sealed, parts } = await record(3, video);
    const storage = new MemoryStorage();
    const file = await storage.create(PATH);
    await file.append([sealed]);
    const scanned = await scanRecording(file, sealed.length);
    assert.deepEqual(rounded(scanned?.contents.segments ?? []), rounded(parts.at(-1)?.segments ?? []));
    assert.deepEqual(scanned?.contents.trailer(), sealed.subarray(scanned?.length));
    assert.equal(storage.history.filter((line) => line.startsWith('read')).length, 4);
  });
}

test('a trailer that does not account for the whole file is not believed', async () => {
  const [two, three] = [await record(2), await record(3)];
  const media = two.bytes.length;
  const trailerOfThree = three.sealed.subarray(three.bytes.length);
  for (const bytes of [
    joined([two.bytes, trailerOfThree]),
    joined([three.bytes, two.sealed.subarray(media)]),
    joined([two.bytes, two.bytes.subarray(media - 100), two.sealed.subarray(media)]),
  ]) {
    const scanned = await scan(bytes, bytes.length);
    const byItself = await scan(bytes, bytes.length - 1);
    assert.ok(scanned?.sealed && byItself);
    assert.deepEqual(scanned.contents.segments, byItself.contents.segments);
    assert.equal(scanned.stopped, byItself.stopped);
  }
});

test('a trailer proves nothing of media that was not synced before it', async () => {
  const { sealed, parts } = await record(2);
  const [, , third] = parts;
  assert.ok(third);
  const lost = Math.ceil(third.end / 512) * 512;
  const hole = sealed.slice().fill(0, lost, lost + 512);
  for (const trusted of [0, third.end]) {
    const scanned = await scan(hole, trusted);
    assert.ok(scanned?.sealed);
    assert.equal(scanned.length, third.end);
    assert.match(scanned.stopped ?? '', /add up/);
  }
});

const BLOCKS: readonly (readonly [string, number, readonly number[], number, boolean])[] = [
  ['no zeros', 0, ones(2048), 2048, false],
  ['a whole block', 100, ones(2048, 412, 924), 2000, true],
  ['zeros of a block that is not whole', 100, ones(2048, 413, 924), 2000, false],
  ['the end, and the rest of its block', 0, ones(1536, 1024, 1536), 1030, true],
  ['the end, and what follows in its block is there', 0, ones(1536, 1024, 1500), 1030, false],
  ['the end, at the end of the file', 0, ones(1030, 1024, 1030), 1030, true],
];

function ones(length: number, zerosFrom = length, zerosTo = length): readonly number[] {
  return Array.from({ length }, (_, i) => (i >= zerosFrom && i < zerosTo ? 0 : 1));
}

for (const [name, start, bytes, end, expected] of BLOCKS) {
  test(`a block that was lost: ${name}`, () => {
    assert.equal(blockIsLost(Uint8Array.from(bytes), start, end), expected);
  });
}

test('a header that is cut off makes no recording', async () => {
  const { bytes, parts } = await record(1);
  const header = bytes.length - (parts[0]?.segments[0]?.bytes ?? 0);
  for (const length of [0, 1, 100, 600])
    assert.equal(await scan(bytes.subarray(0, Math.min(length, header))), undefined);
});

test('no damage makes a scan fail, or find media outside the file', async () => {
  const { sealed } = await record(1);
  const seed = 77;
  const random = seededRandom(seed);
  for (let round = 0; round < 300; round++) {
    const bytes = mutated(sealed, random);
    const scanned = await scan(bytes, round % 2 === 0 ? bytes.length : below(bytes.length, random));
    for (const segment of scanned?.contents.segments ?? []) {
      assert.ok(segment.offset + segment.bytes <= bytes.length, `seed ${seed}, round ${round}`);
    }
  }
});

function nal(length: number, claimed = length): Uint8Array {
  return joined([Uint8Array.of(0, 0, claimed >> 8, claimed & 255), new Uint8Array(length).fill(1)]);
}

test('NAL lengths', () => {
  assert.ok(nalLengthsFit(nal(300)));
  assert.ok(nalLengthsFit(joined([nal(1), nal(20)])));
  for (const wrong of [
    new Uint8Array(0),
    new Uint8Array(3),
    new Uint8Array(40),
    nal(20, 21),
    nal(20, 19),
    joined([nal(3), new Uint8Array(4)]),
  ]) {
    assert.ok(!nalLengthsFit(wrong));
  }
});
