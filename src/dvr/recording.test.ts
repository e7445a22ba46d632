/** A stream through recorder, files and index and back out of the archive: over a fake stream of real media and a disk of memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../test/harness/settled.ts';
import { WeirError } from '../core/errors.ts';
import { parseFileHeader } from '../core/mp4/recording/file-header.ts';
import { parseFileTrailer, trailerLength } from '../core/mp4/recording/file-trailer.ts';
import { FakeStream } from './fake-stream.ts';
import { assertArchived, House, recordedAll, T0 } from './house.table.ts';
import { MAX_STREAM_QUEUED_BYTES } from './record/segment-queue.ts';
import { RETRY_MS } from './record/segment-writer.ts';

/** Types of the H.264 NAL units of a sample. */
function nalTypes(sample: Uint8Array): readonly number[] {
  const view = new DataView(sample.buffer, sample.byteOffset, sample.length);
  const types: number[] = [];
  for (let at = 0; at < sample.length; at += 4 + view.getUint32(at)) types.push((sample[at + 4] ?? 0) & 31);
  return types;
}

test('what is recorded comes back bit for bit, from the open file and from the closed one', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream({ video: 'pyramid-h264' });
  const recording = dvr.record(stream, { storage: 'main' });
  assert.equal(stream.users, 1);
  stream.give(4);
  await recordedAll(dvr, stream);
  await assertArchived(dvr, stream);
  await recording.close('settings');
  assert.equal(stream.users, 0);
  assert.equal(dvr.status('lobby').active, false);
  await house.close();

  const again = await house.open();
  await assertArchived(again, stream);
  assert.deepEqual(await again.archive.init('lobby', stream.init.hash), stream.init.bytes);
  const [first, , , last] = stream.given;
  assert.ok(first && last);
  const spans = await again.archive.spans('lobby', 0, 1e14);
  assert.deepEqual(
    spans.map((span) => [span.id, Math.round(span.startUtcMs), Math.round(span.endUtcMs)]),
    [[1000, Math.round(first.entry.startUtcMs), Math.round(last.entry.startUtcMs + last.entry.durationMs)]],
  );
});

test('a closed file has its length, its sample table and its seek points', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  stream.give(3);
  await recordedAll(dvr, stream);
  await house.close();
  const [[path, file] = []] = house.storage.files;
  assert.ok(path !== undefined && file !== undefined);
  const header = parseFileHeader(file.bytes);
  assert.equal(header.stream, 'lobby');
  assert.equal(path, 'lobby/2026-01-01/10/20260101T100000.000Z.mp4');
  assert.deepEqual(header.init, stream.init.bytes);
  assert.ok(Buffer.compare(file.bytes.subarray(0, header.init.length), header.init) !== 0, 'durations are filled in');
  const length = trailerLength(file.bytes);
  assert.ok(length !== undefined);
  const table = parseFileTrailer(file.bytes.subarray(file.bytes.length - length));
  assert.deepEqual(
    table.segments.map((segment) => segment.number),
    [1000, 1001, 1002],
  );
  assert.ok(Buffer.compare(file.synced, file.bytes) === 0 && file.named, 'all of it is on the disk');
});

test('files are written in the order that recovery counts on', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  stream.give(1);
  await recordedAll(dvr, stream);
  house.clock.advance(10_000);
  await settled(() => house.storage.history.some((line) => line.startsWith('sync')));
  await house.close();
  const verbs = house.storage.history.map((line) => line.replace(/ lobby.*$/, ''));
  const written = verbs.slice(verbs.indexOf('create')).filter((verb, i, all) => verb !== all[i - 1]);
  assert.deepEqual(written, ['create', 'append', 'sync', 'sync folder of', 'append', 'patch', 'sync']);
});

test('a new set-up and a clock that steps back begin new files; both recordings of the same time are there', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  stream.give(2);
  stream.changeSetUp('pyramid-h264');
  stream.give(2);
  stream.skip(-3000);
  const later = stream.give(2);
  await recordedAll(dvr, stream);
  assert.equal(house.storage.files.size, 3);
  const spans = await dvr.archive.spans('lobby', 0, 1e14);
  assert.deepEqual(
    spans.map((span) => span.id),
    [1000, 1004],
  );
  for (const { entry, bytes } of stream.given)
    assert.deepEqual(await (await dvr.archive.segment('lobby', entry.number))?.read(), [bytes]);
  const listed = await dvr.archive.segments('lobby', 0, 1e14, 100);
  assert.ok(
    later.every(({ entry }) => listed.some((each) => each.number === entry.number)),
    'the later recording is the one that is listed',
  );
  for (const [i, entry] of listed.entries()) {
    const before = listed[i - 1];
    if (before !== undefined)
      assert.ok(entry.startUtcMs >= before.startUtcMs + before.durationMs - 200, 'lists go forward');
  }
});

test('key frames are found within their span, whole, and not when damaged', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  const [first, second] = stream.give(2);
  assert.ok(first && second);
  stream.skip(10_000);
  const [third] = stream.give(1);
  assert.ok(third);
  await recordedAll(dvr, stream);
  const at = async (utcMs: number) => {
    const found = await dvr.archive.keyFrame('lobby', utcMs);
    return found.kind === 'key-frame' ? found.utcMs : found;
  };
  const start = first.entry.startUtcMs;
  assert.equal(await at(start), start);
  assert.equal(await at(start + 599), start);
  assert.equal(await at(start + 600), start + 600, 'the key frame inside the segment');
  assert.equal(await at(second.entry.startUtcMs + 1), second.entry.startUtcMs);
  assert.deepEqual(await at(second.entry.startUtcMs + 5000), {
    kind: 'nearest',
    beforeUtcMs: second.entry.startUtcMs + second.entry.durationMs,
    afterUtcMs: third.entry.startUtcMs,
  });
  assert.deepEqual(await at(start - 1), { kind: 'nearest', beforeUtcMs: undefined, afterUtcMs: start });
  const found = await dvr.archive.keyFrame('lobby', start);
  assert.ok(found.kind === 'key-frame');
  assert.equal(found.parameters.codecString, stream.init.tracks[0]?.parameters.codecString);
  assert.ok(nalTypes(found.sample).includes(5), 'an IDR slice');
});

test('a source that goes away is a gap with its reason, and no new file', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  stream.give(1);
  const [first] = stream.given;
  assert.ok(first);
  const end = first.entry.startUtcMs + first.entry.durationMs;
  house.clock.advance(1200);
  stream.pause();
  const error = new WeirError('source-unauthorized', 'no');
  stream.state({ state: 'down', utcMs: end + 3000, error });
  await settled(() => dvr.status('lobby').gap === 'authentication');
  stream.skip(10_000);
  house.clock.advance(11_200);
  stream.give(1);
  await recordedAll(dvr, stream);
  await settled(() => dvr.status('lobby').gap === undefined);
  await house.close();
  const again = await house.open();
  assert.equal(house.storage.files.size, 1);
  assert.deepEqual(await again.archive.gaps('lobby', end - 1, end + 10_000), [
    { startUtcMs: end, endUtcMs: end + 3000, reason: 'source-offline' },
    { startUtcMs: end + 3000, endUtcMs: end + 10_000, reason: 'authentication' },
  ]);
});

test('a codec that recordings do not carry is said, and a gap with that reason until another comes', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  stream.encodings = ['VP8'];
  dvr.record(stream, { storage: 'main' });
  house.clock.advance(1000);
  stream.state({ state: 'live', utcMs: T0 + 1000, error: undefined });
  await settled(() => dvr.status('lobby').gap === 'codec');
  assert.equal(dvr.status('lobby').error?.code, 'codec-unsupported');
  const said = house.lines.filter(({ fields }) => fields['code'] === 'codec-unsupported');
  assert.deepEqual(
    said.map(({ level, message }) => [level, message]),
    [['error', 'Recordings do not carry the VP8 of lobby']],
  );
  const error = new WeirError('publisher-gone', 'it left');
  stream.state({ state: 'down', utcMs: T0 + 2000, error });
  await settled(() => dvr.status('lobby').gap === 'source-offline');
  assert.equal(dvr.status('lobby').error, undefined);
  stream.encodings = ['H264'];
  stream.skip(3000);
  stream.state({ state: 'live', utcMs: T0 + 3000, error: undefined });
  stream.give(1);
  await settled(() => dvr.status('lobby').gap === undefined);
  await house.close();
  const again = await house.open();
  assert.deepEqual(
    (await again.archive.gaps('lobby', T0, T0 + 3000)).map(({ endUtcMs = NaN, reason }) => [endUtcMs - T0, reason]),
    [
      [1000, 'source-offline'],
      [2000, 'codec'],
      [3000, 'source-offline'],
    ],
  );
});

test('a stream that is there, was there before it was to be recorded, and gives nothing to record is an alarm', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  stream.state({ state: 'live', utcMs: T0, error: undefined });
  dvr.record(stream, { storage: 'main' });
  const alarms = (): number =>
    house.lines.filter(({ message }) => message.startsWith('nothing is being recorded')).length;
  house.clock.advance(29_000);
  assert.equal(alarms(), 0);
  house.clock.advance(11_000);
  assert.equal(alarms(), 1);
  stream.state({ state: 'connecting', utcMs: T0 + 40_000, error: undefined });
  house.clock.advance(120_000);
  assert.equal(alarms(), 1);
});

test('weir that ends is a gap of that reason, up to when it takes the stream up again', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  stream.give(1);
  await recordedAll(dvr, stream);
  const end = dvr.status('lobby').recordedUpToUtcMs ?? 0;
  house.clock.advance(2000);
  dvr.beginShutdown();
  stream.pause();
  await house.close();
  const again = await house.open();
  assert.deepEqual(await again.archive.gaps('lobby', end, end + 1), [
    { startUtcMs: end, endUtcMs: undefined, reason: 'shutdown' },
  ]);
  house.clock.advance(1000);
  const upMs = house.clock.utcMs();
  again.record(stream, { storage: 'main' });
  stream.skip(5000);
  stream.give(1);
  await recordedAll(again, stream);
  await house.close();
  const third = await house.open();
  assert.deepEqual(await third.archive.gaps('lobby', end, end + 5000), [
    { startUtcMs: end, endUtcMs: upMs, reason: 'shutdown' },
    { startUtcMs: upMs, endUtcMs: end + 5000, reason: 'source-offline' },
  ]);
});

test('the gap of a stream that is not recorded any more ends with the start', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  stream.give(1);
  await recordedAll(dvr, stream);
  const end = dvr.status('lobby').recordedUpToUtcMs ?? 0;
  await house.close();
  house.clock.advance(60_000);
  const again = await house.open();
  const startedUtcMs = house.clock.utcMs();
  house.clock.advance(70_000);
  await settled(() => house.clock.monoMs() > 0);
  await house.close();
  const third = await house.open();
  assert.ok(again !== third);
  assert.deepEqual(await third.archive.gaps('lobby', end, end + 1), [
    { startUtcMs: end, endUtcMs: startedUtcMs, reason: 'shutdown' },
  ]);
});

for (const [operation, code] of [
  ['append', 'storage-full'],
  ['create', 'storage-failed'],
  ['check', 'storage-failed'],
  ['sync', 'storage-failed'],
] as const) {
  test(`a disk that fails at ${operation} costs a gap, and recording resumes in a new file`, async () => {
    await using house = new House();
    const dvr = await house.open();
    const stream = new FakeStream();
    const recording = dvr.record(stream, { storage: 'main' });
    const good = stream.give(2);
    await recordedAll(dvr, stream);
    house.clock.advance(10_000);
    await settled(() => house.storage.history.some((line) => line.startsWith('sync folder')));
    house.storage.fail(operation, code);
    if (operation === 'create' || operation === 'check') stream.changeSetUp('pyramid-h264');
    const [lost] = stream.give(1);
    await settled(() => {
      if (operation === 'sync') house.clock.advance(10_000);
      return dvr.status('lobby').gap === 'disk';
    });
    assert.equal(dvr.status('lobby').error?.code, code);
    stream.give(2);
    house.storage.failing.clear();
    house.clock.advance(RETRY_MS);
    const resumed = stream.give(2);
    await recordedAll(dvr, stream);
    assert.equal(dvr.status('lobby').gap, undefined);
    assert.equal(dvr.status('lobby').error, undefined);
    assert.ok(house.lines.some((line) => line.level === 'error' && line.fields['code'] === code));
    const numbers = (await dvr.archive.segments('lobby', 0, 1e14, 100)).map((entry) => entry.number);
    for (const { entry } of [...good, ...resumed]) assert.ok(numbers.includes(entry.number));
    assert.ok(lost !== undefined && !numbers.includes(lost.entry.number));
    const kept = stream.given.filter(({ entry }) => numbers.includes(entry.number));
    await assertArchived(dvr, stream, kept);
    await recording.close('settings');
    await house.close();
    const again = await house.open();
    await assertArchived(again, stream, kept);
    const gaps = await again.archive.gaps('lobby', T0, 1e14);
    const disk = gaps.find((gap) => gap.reason === 'disk');
    const last = good.at(-1)?.entry;
    assert.ok(disk && last);
    assert.ok(Math.abs(disk.startUtcMs - (last.startUtcMs + last.durationMs)) < 1);
    assert.equal(disk.endUtcMs, kept[good.length]?.entry.startUtcMs);
  });
}

test('a disk that hangs holds up whole segments in bounded memory, and refuses the rest', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream({ paddingBytes: 500_000 });
  dvr.record(stream, { storage: 'main' });
  const release = house.storage.hold();
  const one = stream.make();
  const copies = Math.ceil(MAX_STREAM_QUEUED_BYTES / one.bytes.length);
  for (let i = 0; i < copies; i++) stream.give(1);
  assert.equal(dvr.status('lobby').error, undefined);
  house.storage.oldestMs = 30_000;
  const refused = stream.give(20);
  assert.ok((dvr.stats().storages[0]?.waitingBytes ?? Infinity) < MAX_STREAM_QUEUED_BYTES + 2 * one.bytes.length);
  assert.equal(dvr.status('lobby').gap, 'disk');
  house.storage.oldestMs = 0;
  release();
  await settled(() => dvr.stats().storages[0]?.waitingBytes === 0);
  const [after] = stream.give(1);
  await recordedAll(dvr, stream);
  const numbers = (await dvr.archive.segments('lobby', 0, 1e14, 1e6)).map((entry) => entry.number);
  assert.ok(after && numbers.includes(after.entry.number));
  const lost = refused.filter(({ entry }) => !numbers.includes(entry.number));
  const kept = stream.given.filter(({ entry }) => numbers.includes(entry.number)).at(-2)?.entry;
  assert.ok(lost.length > 0 && kept);
  house.clock.advance(after.entry.startUtcMs + 1200 - T0);
  await house.close();
  const again = await house.open();
  const end = kept.startUtcMs + kept.durationMs;
  const gaps = await again.archive.gaps('lobby', end, end + 1000);
  assert.deepEqual(gaps, [{ startUtcMs: end, endUtcMs: after.entry.startUtcMs, reason: 'disk' }]);
});

test('listening begins with the next whole segment', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const half = stream.make();
  dvr.record(stream, { storage: 'main' });
  for (const fragment of half.fragments.slice(1)) stream.giveFragment(fragment);
  stream.endSegment(half);
  stream.give(1);
  await recordedAll(dvr, stream);
  await assertArchived(dvr, stream, stream.given.slice(1));
});
