import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAGMENTS, TRACKS, sample, UTC_TICKS } from '../film.table.ts';
import { mutant, SeededRandom } from '../mutants.table.ts';
import type { ParsedFragment, ParsedSample } from '../read/fragment.ts';
import { parseFragment } from '../read/fragment.ts';
import { WeirError } from '../../errors.ts';
import type { FragmentInput } from './fragment.ts';
import { writeFragment } from './fragment.ts';
import { writeInit } from './init.ts';
import { baseTicks, findTfdts, shiftTfdts } from '../recording/patch.ts';
import { writeSegmentStart } from '../recording/segment-start.ts';

/** What a reader must find of what was written. */
function assertSame(parsed: ParsedFragment | undefined, input: FragmentInput, bytes: Uint8Array): void {
  assert.ok(parsed);
  const written = input.tracks.filter((run) => run.samples.length > 0);
  assert.equal(parsed.sequence, input.sequence);
  assert.equal(parsed.end, bytes.length);
  assert.deepEqual(
    parsed.tracks.map(({ trackId, baseDecodeTicks }) => ({ trackId, baseDecodeTicks })),
    written.map(({ trackId, baseDecodeTicks }) => ({ trackId, baseDecodeTicks })),
  );
  for (const [i, run] of written.entries()) {
    const found: readonly ParsedSample[] = parsed.tracks[i]?.samples ?? [];
    assert.deepEqual(
      found,
      run.samples.map((one, j) => ({
        offset: found[j]?.offset,
        size: one.size,
        durationTicks: one.durationTicks,
        compositionOffsetTicks: one.compositionOffsetTicks,
        key: one.key,
        damaged: one.damaged === true,
      })),
    );
    for (const [j, one] of found.entries()) {
      assert.deepEqual(bytes.slice(one.offset, one.offset + one.size), joined(run.samples[j]?.pieces ?? []));
    }
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

for (const [name, input] of Object.entries(FRAGMENTS)) {
  test(`writes and reads: ${name}`, () => {
    const written = writeFragment(input);
    const parsed = parseFragment(written.bytes, 0);
    assertSame(parsed, input, written.bytes);
    const runs = parsed?.tracks ?? [];
    assert.deepEqual(
      written.tfdtOffsets,
      runs.map((run) => ({ trackId: run.trackId, offset: run.tfdtOffset })),
    );
    assert.deepEqual(
      written.sampleOffsets.filter((offsets) => offsets.length > 0),
      runs.map((run) => run.samples.map((one) => one.offset)),
    );
  });

  test(`not whole at any length: ${name}`, () => {
    const { bytes } = writeFragment(input);
    for (let length = 0; length < bytes.length; length++)
      assert.equal(parseFragment(bytes.subarray(0, length), 0), undefined);
  });
}

test('the bytes of a fragment', () => {
  const { bytes } = writeFragment({
    sequence: 1,
    tracks: [{ trackId: 1, baseDecodeTicks: 5, samples: [sample(2, 9)] }],
  });
  const boxes = [
    '00000064 6d6f6f66', // moof
    '00000010 6d666864 00000000 00000001', // mfhd: sequence
    '0000004c 74726166', // traf
    '0000001c 74666864 00020038 00000001 00000e10 00000002 01010000', // tfhd: track, duration, size, flags
    '00000014 74666474 01000000 00000000 00000005', // tfdt
    '00000014 7472756e 01000001 00000001 0000006c', // trun: samples, data offset
    '0000000a 6d646174 0909', // mdat
  ];
  assert.equal(Buffer.from(bytes).toString('hex'), boxes.join('').replaceAll(' ', ''));
});

test('what stands before the moof moves nothing', () => {
  const input = FRAGMENTS['a key frame and what follows, with audio'];
  assert.ok(input);
  const prefix = writeSegmentStart({ number: 7, discontinuityNumber: 1, discontinuity: true, independent: true });
  const plain = writeFragment(input);
  const prefixed = writeFragment({ ...input, prefix });
  assert.deepEqual(prefixed.bytes.subarray(prefix.length), plain.bytes);
  assert.deepEqual(
    prefixed.tfdtOffsets,
    plain.tfdtOffsets.map(({ trackId, offset }) => ({ trackId, offset: offset + prefix.length })),
  );
  assertSame(parseFragment(prefixed.bytes, 0), { ...input, prefix }, prefixed.bytes);
});

const delta = (trackId: number): number => (trackId === 1 ? UTC_TICKS : 12);

test('decode times are taken off and added back exactly', () => {
  const inputs = Object.values(FRAGMENTS).filter((input) => input.sequence !== 0xffff_ffff);
  const all = joined(inputs.map((input) => writeFragment(input).bytes));
  const offsets = findTfdts(all);
  assert.equal(offsets.length, 5);
  const moved = all.slice();
  shiftTfdts(moved, offsets, delta);
  const first = parseFragment(moved, 0)?.tracks.map((run) => run.baseDecodeTicks);
  assert.deepEqual(first, [UTC_TICKS, 524]);
  shiftTfdts(moved, offsets, (trackId) => -delta(trackId));
  assert.deepEqual(moved, all);
});

test('the ticks of a base are whole, and exact where the product is not', () => {
  const table: readonly [number, number, number][] = [
    [0, 90_000, 0],
    [1, 90_000, 90],
    [1, 44_100, 44],
    [1_795_507_200_123, 90_000, 161_595_648_011_070],
    [1_795_507_200_999, 44_100, 79_181_867_564_055],
    [1_795_507_200_001, 12_800, 22_982_492_160_012],
  ];
  for (const [utcMs, timescale, ticks] of table) {
    assert.equal(baseTicks(utcMs, timescale), ticks);
    assert.equal(BigInt(baseTicks(utcMs, timescale)), (BigInt(utcMs) * BigInt(timescale)) / 1000n);
  }
});

test('a run that claims more samples than a fragment may have is refused', () => {
  const { bytes } = writeFragment({
    sequence: 1,
    tracks: [{ trackId: 1, baseDecodeTicks: 5, samples: [sample(2, 9)] }],
  });
  const trunCount = bytes.length - 10 - 8;
  new DataView(bytes.buffer).setUint32(trunCount, 500_001);
  assert.throws(() => parseFragment(bytes, 0), { code: 'mp4-invalid', place: 'moof/traf/trun (byte 80)' });
});

test('damaged fragments give an error with a place, or a value; input untouched', () => {
  const seed = 20_261_124;
  const random = new SeededRandom(seed);
  const seeds = [...Object.values(FRAGMENTS).map((input) => writeFragment(input).bytes), writeInit(TRACKS)];
  for (let round = 0; round < 20_000; round++) {
    const bytes = mutant(seeds[random.below(seeds.length)] ?? new Uint8Array(), random);
    const before = round % 64 === 0 ? bytes.slice() : undefined;
    try {
      parseFragment(bytes, 0);
    } catch (error) {
      assert.ok(
        error instanceof WeirError && error.code === 'mp4-invalid',
        `seed ${seed}, round ${round}: ${String(error)}`,
      );
      assert.ok(error.place !== undefined);
    }
    if (before !== undefined) assert.deepEqual(bytes, before);
  }
});
