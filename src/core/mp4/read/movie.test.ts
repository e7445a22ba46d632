import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { FRAGMENTS, TRACKS, VIDEO } from '../film.table.ts';
import { mutant, SeededRandom } from '../mutants.table.ts';
import { WeirError } from '../../errors.ts';
import { box, fullBox, u16, u32, u64 } from '../write/box.ts';
import { writeFragment } from '../write/fragment.ts';
import { fourCc, writeInit } from '../write/init.ts';
import { boxesIn } from './boxes.ts';
import { findMoov } from './init.ts';
import type { MovieTrack } from './movie.ts';
import { Movie } from './movie.ts';

const DEMO = readFileSync(new URL('../../../../assets/demo.mp4', import.meta.url));

interface FilmOptions {
  readonly wide?: boolean;
  readonly edits?: readonly (readonly number[])[];
}

/** A film of one track with six samples in three chunks, with everything that its tables can say. */
function film({ wide = false, edits = [] }: FilmOptions = {}): Uint8Array {
  const stbl = box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), VIDEO.sampleEntry),
    fullBox('stts', 0, 0, u32(2), u32(4), u32(100), u32(1), u32(150)),
    fullBox('ctts', 0, 0, u32(3), u32(1), u32(200), u32(4), u32(0), u32(1), u32(-50)),
    fullBox('stss', 0, 0, u32(2), u32(1), u32(5)),
    fullBox('stsc', 0, 0, u32(2), u32(1), u32(1), u32(1), u32(3), u32(4), u32(1)),
    fullBox('stsz', 0, 0, u32(0), u32(6), [10, 20, 30, 40, 50, 60].flatMap(u32)),
    wide
      ? fullBox('co64', 0, 0, u32(3), u64(2 ** 33), u64(2 ** 33 + 500), u64(2 ** 33 + 1000))
      : fullBox('stco', 0, 0, u32(3), u32(1000), u32(2000), u32(3000)),
  );
  const mdhd = fullBox('mdhd', 0, 0, u32(0), u32(0), u32(1000), u32(650), u16(0), u16(0));
  const hdlr = fullBox('hdlr', 0, 0, u32(0), fourCc('vide'), u32(0), u32(0), u32(0), [0]);
  const tkhd = fullBox('tkhd', 0, 3, u32(0), u32(0), u32(7), u32(0), u32(0), new Uint8Array(60));
  const edts = edits.length === 0 ? [] : [box('edts', fullBox('elst', 0, 0, u32(edits.length), edits.flat()))];
  const trak = box('trak', tkhd, ...edts, box('mdia', mdhd, hdlr, box('minf', stbl)));
  const mvhd = fullBox('mvhd', 0, 0, u32(0), u32(0), u32(600), u32(0), new Uint8Array(80));
  return new Uint8Array([...box('ftyp', fourCc('isom'), u32(0)), ...box('moov', mvhd, trak)]);
}

function onlyTrack(bytes: Uint8Array): MovieTrack {
  const track = new Movie(findMoov(bytes)).tracks[0];
  assert.ok(track);
  return track;
}

function rows({ samples }: MovieTrack): readonly (readonly (number | boolean)[])[] {
  return Array.from({ length: samples.count }, (_, i) => [
    samples.offset(i),
    samples.size(i),
    samples.dtsTicks(i),
    samples.durationTicks(i),
    samples.compositionTicks(i),
    samples.key(i),
  ]);
}

test('the tables of a film become samples', () => {
  const track = onlyTrack(film());
  assert.equal(track.trackId, 7);
  assert.equal(track.shiftTicks, 0);
  assert.deepEqual(rows(track), [
    [1000, 10, 0, 100, 200, true],
    [2000, 20, 100, 100, 0, false],
    [3000, 30, 200, 100, 0, false],
    [3030, 40, 300, 100, 0, false],
    [3070, 50, 400, 150, 0, true],
    [3120, 60, 550, 150, -50, false],
  ]);
});

test('chunks beyond 4 GB', () => {
  assert.equal(onlyTrack(film({ wide: true })).samples.offset(1), 2 ** 33 + 500);
});

const edit = (duration: number, mediaTime: number): readonly number[] => [
  ...u32(duration),
  ...u32(mediaTime),
  ...u32(0x1_0000),
];

test('edit lists shift', () => {
  const table: readonly [readonly (readonly number[])[], number][] = [
    [[edit(390, 200)], -200],
    [[edit(300, -1), edit(390, 0)], 500],
    [[edit(300, -1), edit(390, 120)], 380],
    [[edit(300, -1)], 0],
  ];
  for (const [edits, shift] of table) assert.equal(onlyTrack(film({ edits })).shiftTicks, shift);
});

test('fragments add to what moov has', () => {
  const movie = new Movie(findMoov(writeInit(TRACKS)));
  assert.ok(movie.fragmented);
  let position = 5000;
  for (const name of ['a key frame and what follows, with audio', 'no key frame, all alike']) {
    const input = FRAGMENTS[name];
    assert.ok(input);
    const { bytes } = writeFragment(input);
    for (const moof of boxesIn(bytes, 0, bytes.length)) {
      if (moof.type === 'moof') movie.addFragment(moof, position + moof.start);
    }
    position += bytes.length;
  }
  const [video, audio] = movie.tracks;
  assert.equal(video?.samples.count, 5);
  assert.equal(audio?.samples.count, 2);
  const moofSize = writeFragment({
    sequence: 1,
    tracks: FRAGMENTS['a key frame and what follows, with audio']?.tracks ?? [],
  }).sampleOffsets[0]?.[0];
  assert.deepEqual(
    [0, 1, 2].map((i) => video.samples.offset(i)),
    [0, 40, 49].map((offset) => 5000 + (moofSize ?? 0) + offset),
  );
  assert.deepEqual(
    [0, 1, 2].map((i) => video.samples.dtsTicks(i)),
    [0, 3600, 7200],
  );
});

test('another reader finds the same packets in the demo clip (mediabunny)', async () => {
  const movie = new Movie(findMoov(DEMO));
  using input = new Input({ source: new BufferSource(DEMO), formats: ALL_FORMATS });
  for (const theirs of await input.getTracks()) {
    const ours = movie.tracks.find((track) => track.trackId === theirs.id);
    assert.ok(ours);
    let index = 0;
    for await (const packet of new EncodedPacketSink(theirs).packets()) {
      const { samples, shiftTicks, timescale }: MovieTrack = ours;
      const offset = samples.offset(index);
      const ptsTicks: number = samples.dtsTicks(index) + samples.compositionTicks(index) + shiftTicks;
      assert.ok(Math.abs(ptsTicks / timescale - packet.timestamp) < 1e-6);
      assert.equal(samples.key(index), packet.type === 'key');
      assert.deepEqual(new Uint8Array(DEMO.subarray(offset, offset + samples.size(index))), packet.data);
      index++;
    }
    assert.equal(index, ours.samples.count);
  }
  assert.deepEqual(
    movie.tracks.map(({ samples }) => samples.count),
    [600, 1125],
  );
});

test('films that are cut off or damaged give an error, or a film', () => {
  const seed = 20_261_127;
  const random = new SeededRandom(seed);
  const seeds = [film(), film({ wide: true, edits: [[...u32(1), ...u32(2), ...u32(3)]] })];
  for (const bytes of seeds) {
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => new Movie(findMoov(bytes.subarray(0, length))), { code: 'mp4-invalid' });
    }
  }
  for (let round = 0; round < 10_000; round++) {
    const bytes = mutant(seeds[random.below(2)] ?? new Uint8Array(), random);
    try {
      assert.ok(new Movie(findMoov(bytes)));
    } catch (error) {
      assert.ok(
        error instanceof WeirError && error.code === 'mp4-invalid',
        `seed ${seed}, round ${round}: ${String(error)}`,
      );
    }
  }
});
