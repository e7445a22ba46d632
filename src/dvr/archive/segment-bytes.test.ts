import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTfdts, shiftTfdts } from '../../core/mp4/recording/patch.ts';
import { writeFragment } from '../../core/mp4/write/fragment.ts';
import { writeSegmentStart } from '../../core/mp4/recording/segment-start.ts';
import { readSegment, type SegmentPlace } from './segment-bytes.ts';

const DELTA = 1_767_261_600 * 90_000;
const OFFSET = 40;

/** A segment of three fragments as it was muxed; the sizes of its samples in bytes. */
function segment(sizes: readonly (readonly number[])[]): Uint8Array {
  const start = writeSegmentStart({ number: 7, discontinuityNumber: 0, discontinuity: false, independent: true });
  const fragments = sizes.map((samples, part) => {
    const entries = samples.map((size, i) => ({
      durationTicks: 3000 + i,
      compositionOffsetTicks: 0,
      key: false,
      pieces: [new Uint8Array(size).fill(part + 1)],
      size,
    }));
    const tracks = [
      { trackId: 1, baseDecodeTicks: DELTA + part * 9000, samples: entries },
      { trackId: 2, baseDecodeTicks: DELTA + part * 9001, samples: entries.slice(0, 1) },
    ];
    return writeFragment({ sequence: part, ...(part === 0 && { prefix: start }), tracks }).bytes;
  });
  return new Uint8Array(Buffer.concat(fragments));
}

/** As it lies in a file whose decode times count from the file's start; `reads` gathers what is read. */
function placeOf(muxed: Uint8Array, reads: (readonly [number, number])[] = []): SegmentPlace {
  const stored = Uint8Array.from(muxed);
  shiftTfdts(stored, findTfdts(stored), () => -DELTA);
  const file = Buffer.concat([new Uint8Array(OFFSET), stored]);
  return {
    offset: OFFSET,
    bytes: muxed.length,
    read: async (offset, length) => {
      reads.push([offset - OFFSET, length]);
      return Uint8Array.from(file.subarray(offset, offset + length));
    },
    deltaTicksOf: () => DELTA,
  };
}

test('any part of a recorded segment is as it was muxed', async () => {
  const muxed = segment([[30, 20], [10], [25, 5]]);
  const place = placeOf(muxed);
  for (let start = 0; start < muxed.length; start += 3) {
    for (let end = start + 1; end <= muxed.length; end += 7) {
      assert.deepEqual(await readSegment(place, start, end), muxed.slice(start, end), `${start} to ${end}`);
    }
  }
  assert.deepEqual(await readSegment(place, 0, muxed.length), muxed);
});

test('a part takes itself and the heads before its end, however long these are', async () => {
  const reads: (readonly [number, number])[] = [];
  const muxed = segment([Array.from({ length: 3000 }, () => 100), [200_000], [200_000]]);
  const part = await readSegment(placeOf(muxed, reads), 400_000, 400_010);
  assert.deepEqual(part, muxed.slice(400_000, 400_010));
  assert.deepEqual(reads[0], [400_000, 10]);
  assert.ok(reads.reduce((sum, [, length]) => sum + length, 0) < 150_000);
  assert.ok(reads.length < 8);
});

test('a file that is cut off, or gone, has no such segment', async () => {
  const muxed = segment([[30], [10]]);
  const place = placeOf(muxed);
  const gone = { ...place, read: async () => undefined };
  const short = {
    ...place,
    read: async (offset: number, length: number) => (await place.read(offset, length))?.subarray(1),
  };
  for (const broken of [gone, short]) {
    assert.equal(await readSegment(broken, 0, muxed.length), undefined);
    assert.equal(await readSegment(broken, 3, 9), undefined);
  }
});
