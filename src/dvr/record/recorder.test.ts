/** How a recording begins, fails and ends: what is listed is whole, and every second that recording was asked for is accounted for. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { settled } from '../../../test/harness/settled.ts';
import { WeirError } from '../../core/errors.ts';
import type { Dvr } from '../dvr.ts';
import { FakeStream, type FakeSegment } from '../fake-stream.ts';
import { assertArchived, House, recordedAll, T0 } from '../house.table.ts';
import { RecordingIndex } from '../index/recording-index.ts';
import { recordingLog } from '../../state/recording-log.table.ts';
import { beginRecording } from './begin-recording.ts';
import { FINISH_MS } from './recorder.ts';
import { RETRY_MS } from './segment-writer.ts';

const endOf = ({ entry }: FakeSegment): number => entry.startUtcMs + entry.durationMs;

/** Gives the first part of the next segment out, and waits until it is written. */
async function giveFirstPart(dvr: Dvr, stream: FakeStream): Promise<FakeSegment> {
  const segment = stream.make();
  const [first] = segment.fragments;
  assert.ok(first);
  stream.giveFragment(first);
  const end = first.startUtcMs + first.durationMs;
  await settled(() => Math.abs((dvr.status(stream.name).recordedUpToUtcMs ?? 0) - end) < 1);
  return segment;
}

function giveRest(stream: FakeStream, segment: FakeSegment): void {
  for (const fragment of segment.fragments.slice(1)) stream.giveFragment(fragment);
  stream.endSegment(segment);
}

async function numbersOf(dvr: Dvr, stream: FakeStream): Promise<readonly number[]> {
  return (await dvr.archive.segments(stream.name, 0, 1e14, 1000)).map(({ number }) => number);
}

/** The gaps, in milliseconds since T0, once all are written. */
async function gapsOf(house: House): Promise<readonly (readonly [number, number | undefined, string])[]> {
  await house.state.gaps.mark('lobby', undefined);
  return (await house.dvr.archive.gaps('lobby', 0, 1e14)).map(({ startUtcMs, endUtcMs, reason }) => [
    Math.round(startUtcMs - T0),
    endUtcMs === undefined ? undefined : Math.round(endUtcMs - T0),
    reason,
  ]);
}

test('recording that is switched off ends with the segment in hand, which is written whole', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const recording = dvr.record(stream, { storage: 'main' });
  stream.give(1);
  const segment = await giveFirstPart(dvr, stream);
  house.clock.advance(2000);
  const closed = recording.close('settings');
  assert.equal(dvr.status('lobby').active, false);
  giveRest(stream, segment);
  stream.give(1);
  await closed;
  assert.equal(stream.users, 0);
  await assertArchived(dvr, stream, stream.given.slice(0, 2));
  assert.deepEqual(await gapsOf(house), []);
});

test('a segment that does not end in time after recording was switched off is not listed', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const recording = dvr.record(stream, { storage: 'main' });
  const [whole] = stream.give(1);
  assert.ok(whole);
  const segment = await giveFirstPart(dvr, stream);
  const closed = recording.close('settings');
  await settled(() => !dvr.status('lobby').active);
  house.clock.advance(FINISH_MS);
  await closed;
  giveRest(stream, segment);
  await assertArchived(dvr, stream, [whole]);
  assert.equal(await dvr.archive.segment('lobby', segment.entry.number), undefined);
  const [file] = house.storage.files.values();
  assert.ok(file !== undefined && file.bytes.length < whole.bytes.length + 4096, 'the part is cut off the file');
  assert.deepEqual(await gapsOf(house), [[Math.round(endOf(whole) - T0), FINISH_MS, 'source-offline']]);
});

test('another storage takes over between two segments: nothing is lost', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  stream.state({ state: 'live', utcMs: T0, error: undefined });
  const recording = dvr.record(stream, { storage: 'main' });
  stream.give(1);
  const segment = await giveFirstPart(dvr, stream);
  house.clock.advance(2000);
  const closed = recording.close('settings');
  const other = dvr.record(stream, { storage: 'other' });
  giveRest(stream, segment);
  await closed;
  await settled(() => stream.users === 1);
  stream.give(1);
  await recordedAll(dvr, stream);
  await assertArchived(dvr, stream);
  assert.equal(house.other.files.size, 1);
  await other.close('settings');
  assert.deepEqual(await gapsOf(house), []);
});

test('the end of the process keeps what is there of a segment', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  stream.give(1);
  const segment = await giveFirstPart(dvr, stream);
  await house.close();
  assert.ok((await numbersOf(await house.open(), stream)).includes(segment.entry.number));
});

test('the end of the process does not wait for a segment in hand', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const recording = dvr.record(stream, { storage: 'main' });
  const segment = await giveFirstPart(dvr, stream);
  const closed = recording.close('settings');
  await house.close();
  await closed;
  assert.deepEqual(await numbersOf(await house.open(), stream), [segment.entry.number]);
});

test('a segment that a failing disk cut short is not listed', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const recording = dvr.record(stream, { storage: 'main' });
  const [whole] = stream.give(1);
  assert.ok(whole);
  const segment = await giveFirstPart(dvr, stream);
  house.clock.advance(2000);
  house.storage.fail('append');
  giveRest(stream, segment);
  await settled(() => dvr.status('lobby').gap === 'disk');
  assert.equal(dvr.status('lobby').recordedUpToUtcMs, endOf(whole));
  house.storage.failing.clear();
  house.clock.advance(RETRY_MS);
  const [next] = stream.give(1);
  assert.ok(next);
  await recordedAll(dvr, stream);
  assert.deepEqual(await numbersOf(dvr, stream), [whole.entry.number, next.entry.number]);
  assert.equal(await dvr.archive.segment('lobby', segment.entry.number), undefined);
  await recording.close('settings');
  const gap = [Math.round(endOf(whole) - T0), Math.round(next.entry.startUtcMs - T0), 'disk'];
  assert.deepEqual(await gapsOf(house), [gap]);
});

test('a disk that fails with the first segment after a gap: each second is in one gap', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream({ startUtcMs: T0 + 5000 });
  dvr.record(stream, { storage: 'main' });
  house.clock.advance(5500);
  const segment = await giveFirstPart(dvr, stream);
  house.storage.fail('append');
  giveRest(stream, segment);
  await settled(() => dvr.status('lobby').gap === 'disk');
  house.storage.failing.clear();
  stream.skip(5000);
  house.clock.advance(RETRY_MS);
  const [next] = stream.give(1);
  assert.ok(next);
  await recordedAll(dvr, stream);
  assert.deepEqual(await gapsOf(house), [
    [0, 5000, 'source-offline'],
    [5000, Math.round(next.entry.startUtcMs - T0), 'disk'],
  ]);
});

test("a fault of weir's own does not look like a bad disk; it is said when recording goes on", async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  stream.give(1);
  const broken = stream.make();
  for (const fragment of broken.fragments) stream.giveFragment({ ...fragment, bytes: fragment.bytes.subarray(0, -1) });
  await settled(() => dvr.status('lobby').gap === 'crash');
  assert.equal(dvr.status('lobby').error?.code, 'internal');
  assert.deepEqual(
    house.lines.filter(({ level }) => level === 'error').map(({ fields }) => [fields['code'], fields['reason']]),
    [['internal', 'crash']],
  );
  house.clock.advance(RETRY_MS);
  stream.give(1);
  await recordedAll(dvr, stream);
  assert.deepEqual(
    house.lines.filter(({ message }) => message === 'recording goes on').map(({ fields }) => fields['reason']),
    ['crash'],
  );
});

test('recording is active while segments are being written', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const { active } = dvr.status('lobby');
  const recording = dvr.record(stream, { storage: 'main' });
  assert.deepEqual([active, dvr.status('lobby').active], [false, false], 'nothing has come');
  stream.give(1);
  await recordedAll(dvr, stream);
  assert.equal(dvr.status('lobby').active, true);
  stream.pause();
  stream.state({ state: 'down', utcMs: T0 + 1300, error: new WeirError('publisher-gone', 'it left') });
  await settled(() => !dvr.status('lobby').active);
  stream.give(1);
  await recordedAll(dvr, stream);
  assert.equal(dvr.status('lobby').active, true);
  house.storage.fail('append');
  stream.give(1);
  await settled(() => !dvr.status('lobby').active);
  await recording.close('settings');
});

test('what is missing after recording was switched on, and while it was off, is said as it is', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  stream.state({ state: 'live', utcMs: T0, error: undefined });
  const first = dvr.record(stream, { storage: 'main' });
  stream.skip(1000);
  const [before] = stream.give(1);
  assert.ok(before);
  await recordedAll(dvr, stream);
  house.clock.advance(3000);
  await first.close('settings');
  house.clock.advance(60_000);
  const again = dvr.record(stream, { storage: 'main' });
  stream.skip(T0 + 64_000 - endOf(before));
  stream.give(1);
  await recordedAll(dvr, stream);
  await again.close('settings');
  assert.deepEqual(await gapsOf(house), [
    [0, 1000, 'schedule'],
    [63_000, 64_000, 'schedule'],
  ]);
});

test('the gap of a stream that was forgotten goes on until it comes back', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const first = dvr.record(stream, { storage: 'main' });
  const [before] = stream.give(1);
  assert.ok(before);
  await recordedAll(dvr, stream);
  house.clock.advance(1200);
  stream.pause();
  house.clock.advance(60_000);
  await first.close('unused');
  house.clock.advance(6000);
  const again = dvr.record(stream, { storage: 'main' });
  stream.skip(66_000);
  const [after] = stream.give(1);
  assert.ok(after);
  await recordedAll(dvr, stream);
  await again.close('removed');
  assert.deepEqual(await gapsOf(house), [
    [Math.round(endOf(before) - T0), Math.round(after.entry.startUtcMs - T0), 'source-offline'],
  ]);
});

test('a file that cannot be closed whole while recording goes on: what is lost of it is a gap, and an alarm', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const recording = dvr.record(stream, { storage: 'main' });
  const [lost] = stream.give(1);
  assert.ok(lost);
  await recordedAll(dvr, stream);
  const fail = house.storage.holdSync();
  const [kept] = stream.changeSetUp('pyramid-h264').give(1);
  assert.ok(kept);
  await recordedAll(dvr, stream);
  fail(new WeirError('storage-failed', 'a block could not be written'));
  await settled(() => house.lines.some(({ message }) => message.startsWith('the end of a recording is lost')));
  assert.equal(dvr.status('lobby').active, true);
  await recording.close('settings');
  assert.deepEqual(await numbersOf(dvr, stream), [kept.entry.number]);
  assert.deepEqual(
    (await gapsOf(house)).filter(([, , reason]) => reason === 'disk'),
    [[Math.round(lost.entry.startUtcMs - T0), Math.round(endOf(lost) - T0), 'disk']],
  );
});

test('a file that cannot be removed is said to be a fault of the storage', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  house.storage.fail('append');
  house.storage.fail('remove');
  stream.give(1);
  const rows = (): readonly unknown[] =>
    house.lines
      .filter(({ message }) => message.startsWith('the rows of a recording'))
      .map(({ fields }) => fields['code']);
  await settled(() => rows().length > 0);
  assert.deepEqual(rows(), ['storage-failed']);
});

test('a recording whose set-up cannot be read leaves neither file nor intent', async () => {
  await using house = new House();
  await house.open();
  const folder = join(house.folder, 'apart');
  mkdirSync(folder);
  await using index = await RecordingIndex.open(folder, T0, recordingLog().log);
  const init = { ...new FakeStream().init, bytes: Uint8Array.of(1, 2, 3) };
  const { storage } = house;
  await assert.rejects(beginRecording({ stream: 'lobby', storage, index, baseUtcMs: T0, init }));
  assert.deepEqual([storage.files.size, index.look.knows('lobby', 'main', T0, 1)], [0, false]);
  storage.fail('remove');
  await assert.rejects(beginRecording({ stream: 'lobby', storage, index, baseUtcMs: T0, init }));
  assert.deepEqual([storage.files.size, index.look.knows('lobby', 'main', T0, 1)], [1, true], 'recovery finds it');
});
