import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../../test/harness/settled.ts';
import { WeirError } from '../../core/errors.ts';
import type { Dvr } from '../dvr.ts';
import { FakeStream, type FakeSegment } from '../fake-stream.ts';
import { House } from '../house.table.ts';

/** Three closed recordings of a segment each, opened again. */
async function recorded(house: House): Promise<{ readonly dvr: Dvr; readonly segments: readonly FakeSegment[] }> {
  const dvr = await house.open();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  const segments: FakeSegment[] = [];
  for (const video of ['plain-h264', 'pyramid-h264', 'plain-h264'] as const) {
    segments.push(...stream.changeSetUp(video).give());
  }
  await house.close();
  assert.equal(house.storage.files.size, 3);
  return { dvr: await house.open(), segments };
}

async function numbersOf(dvr: Dvr): Promise<readonly number[]> {
  return (await dvr.archive.segments('lobby', 0, 1e14, 100)).map((entry) => entry.number);
}

function deleteByHand(house: House, index: number): void {
  const path = [...house.storage.files.keys()].toSorted()[index];
  assert.ok(path !== undefined && house.storage.files.delete(path));
}

async function ask(dvr: Dvr, segment: FakeSegment): Promise<readonly Uint8Array[] | undefined> {
  return (await dvr.archive.segment('lobby', segment.entry.number))?.read();
}

test('a recording whose file was deleted leaves the lists when it is asked for, and its time is a gap', async () => {
  await using house = new House();
  const { dvr, segments } = await recorded(house);
  const [first, second, third] = segments;
  assert.ok(first && second && third);
  deleteByHand(house, 1);
  assert.deepEqual(await numbersOf(dvr), [1000, 1001, 1002]);
  assert.equal(await ask(dvr, second), undefined);
  await settled(() => house.lines.some(({ message }) => message.startsWith('the file of a recording is gone')));
  await house.close();
  const again = await house.open();
  assert.deepEqual(await numbersOf(again), [1000, 1002]);
  const spans = await again.archive.spans('lobby', 0, 1e14);
  assert.deepEqual(
    spans.map((span) => span.id),
    [1000, 1002],
  );
  const startUtcMs = Math.round(second.entry.startUtcMs);
  const gaps = await again.archive.gaps('lobby', startUtcMs, third.entry.startUtcMs);
  assert.deepEqual(
    gaps.map((gap) => [Math.round(gap.startUtcMs), Math.round(gap.endUtcMs ?? 0), gap.reason]),
    [[startUtcMs, Math.round(third.entry.startUtcMs), 'disk']],
  );
});

test('a disk that is away takes nothing off the lists', async () => {
  await using house = new House();
  const { dvr, segments } = await recorded(house);
  const [first] = segments;
  assert.ok(first);
  const files = new Map(house.storage.files);
  house.storage.fail('check');
  house.storage.files.clear();
  assert.equal(await ask(dvr, first), undefined);
  await settled(() => house.lines.some(({ message }) => message.startsWith('a missing recording could not be')));
  house.storage.failing.clear();
  for (const [path, file] of files) house.storage.files.set(path, file);
  assert.deepEqual(await numbersOf(dvr), [1000, 1001, 1002]);
  assert.equal((await ask(dvr, first))?.length, 1);
});

test('a recording that is gone stays on the lists until its gap is written', async () => {
  await using house = new House();
  const { dvr, segments } = await recorded(house);
  const [, second] = segments;
  assert.ok(second);
  deleteByHand(house, 1);
  const { gaps } = house.state;
  const add = gaps.add.bind(gaps);
  gaps.add = () => ({ id: 0, written: Promise.reject(new WeirError('index-failed', 'the test lets it fail')) });
  assert.equal(await ask(dvr, second), undefined);
  await settled(() => house.lines.some(({ message }) => message.startsWith('a missing recording could not be')));
  assert.deepEqual(await numbersOf(dvr), [1000, 1001, 1002]);
  gaps.add = add;
  assert.equal(await ask(dvr, second), undefined);
  await house.close();
  const again = await house.open();
  assert.deepEqual(await numbersOf(again), [1000, 1002]);
  assert.equal((await again.archive.gaps('lobby', 0, 1e14)).filter(({ reason }) => reason === 'disk').length, 1);
});
