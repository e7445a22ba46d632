import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAGMENTS, TRACKS } from '../film.table.ts';
import { mutant, SeededRandom } from '../mutants.table.ts';
import { WeirError } from '../../errors.ts';
import { boxesIn } from '../read/boxes.ts';
import type { ParsedFragment } from '../read/fragment.ts';
import { parseFragment } from '../read/fragment.ts';
import { parseSampleTable } from './parse-sample-table.ts';
import { withDurations } from '../write/durations.ts';
import { parseFileHeader, writeFileHeader } from './file-header.ts';
import { FileTrailer, parseFileTrailer, trailerLength } from './file-trailer.ts';
import { writeFragment } from '../write/fragment.ts';
import { writeInit } from '../write/init.ts';
import type { SegmentStart } from './segment-start.ts';
import { parseSegmentStart, SEGMENT_START_SIZE, writeSegmentStart } from './segment-start.ts';

const INFO = { stream: 'yard/gate ü', baseUtcMs: 1_795_507_200_123, initHash: '0123456789abcdef' };

interface Recording {
  readonly bytes: Uint8Array;
  readonly trailer: FileTrailer;
  readonly segments: readonly { readonly start: SegmentStart; readonly fragments: readonly ParsedFragment[] }[];
}

/** A file of three segments with all fragments of the table, and what its trailer was given. */
function recording(): Recording {
  const tracks = TRACKS.map(({ trackId, timescale }) => ({ trackId, timescale }));
  const trailer = new FileTrailer({ ...INFO, tracks, seekTrackId: 1 });
  const chunks = [writeFileHeader(writeInit(TRACKS), INFO)];
  let position = chunks[0]?.length ?? 0;
  const segments: { start: SegmentStart; fragments: ParsedFragment[] }[] = [];
  for (const number of [1_795_507_000, 1_795_507_001, 1_795_507_064]) {
    const start = { number, discontinuityNumber: number % 7, discontinuity: number % 2 === 0, independent: true };
    trailer.segment(start);
    const segment: { start: SegmentStart; fragments: ParsedFragment[] } = { start, fragments: [] };
    // Files count from their own start: no decode time comes near 2^53.
    const inputs = Object.values(FRAGMENTS).filter((input) => input.sequence !== 0xffff_ffff);
    for (const [i, input] of inputs.entries()) {
      const prefix = i === 0 ? writeSegmentStart(start) : new Uint8Array();
      const { bytes } = writeFragment({ ...input, prefix });
      const parsed = parseFragment(bytes, 0);
      assert.ok(parsed);
      trailer.fragment(parsed, position);
      segment.fragments.push(at(parsed, position));
      chunks.push(bytes);
      position += bytes.length;
    }
    segments.push(segment);
  }
  chunks.push(trailer.bytes());
  return { bytes: new Uint8Array(chunks.flatMap((chunk) => [...chunk])), trailer, segments };
}

/** The same fragment, its offsets those of the file. */
function at(parsed: ParsedFragment, position: number): ParsedFragment {
  const tracks = parsed.tracks.map((run) => ({
    ...run,
    samples: run.samples.map((sample) => ({ ...sample, offset: sample.offset + position })),
  }));
  const { start, moof, end, sequence } = parsed;
  return { start: start + position, moof: moof + position, end: end + position, sequence, tracks };
}

test('the table of a closed file says what its fragments say', () => {
  const { bytes, segments } = recording();
  const length = trailerLength(bytes) ?? 0;
  const table = parseFileTrailer(bytes.subarray(bytes.length - length));
  assert.equal(table.stream, INFO.stream);
  assert.equal(table.baseUtcMs, INFO.baseUtcMs);
  assert.deepEqual(
    table.tracks,
    TRACKS.map(({ trackId, timescale }) => ({ trackId, timescale })),
  );
  assert.deepEqual(
    table.segments,
    segments.map(({ start, fragments }) => ({
      ...start,
      fragments: fragments.map((parsed) => ({
        offset: parsed.start,
        length: parsed.end - parsed.start,
        moof: parsed.moof,
        runs: parsed.tracks.map(({ trackId, baseDecodeTicks, samples }) => ({ trackId, baseDecodeTicks, samples })),
      })),
    })),
  );
});

test('a whole file is boxes from start to end, and an mfra that names the moofs with key frames', () => {
  const { bytes, segments } = recording();
  const boxes = [...boxesIn(bytes, 0, bytes.length)];
  assert.deepEqual(
    boxes.slice(0, 5).map(({ type }) => type),
    ['ftyp', 'moov', 'uuid', 'styp', 'uuid'],
  );
  assert.deepEqual(
    boxes.slice(-2).map(({ type }) => type),
    ['uuid', 'mfra'],
  );
  const tfra = boxes.at(-1);
  assert.ok(tfra);
  const view = new DataView(bytes.buffer, tfra.content + 8 + 4);
  const points = segments.flatMap(({ fragments }) =>
    fragments.filter(({ tracks }) => tracks[0]?.trackId === 1 && tracks[0].samples.some(({ key }) => key)),
  );
  assert.equal(view.getUint32(8), points.length);
  assert.deepEqual(
    points.map((_, i) => view.getUint32(12 + 22 * i + 12)),
    points.map(({ moof }) => moof),
  );
});

test('the trailer is found from any tail that holds it, and nowhere else', () => {
  const { bytes } = recording();
  const length = trailerLength(bytes) ?? 0;
  assert.equal(trailerLength(bytes.subarray(bytes.length - length)), length);
  assert.equal(trailerLength(bytes.subarray(0, bytes.length - 1)), undefined);
  assert.equal(trailerLength(new Uint8Array(3)), undefined);
});

test('the head of a file is read back, open and closed', () => {
  const init = writeInit(TRACKS);
  const head = writeFileHeader(init, INFO);
  for (const bytes of [head, withDurations(head, () => 12_345)]) {
    const { parsed, ...rest } = parseFileHeader(bytes);
    assert.deepEqual(rest, { ...INFO, init, length: head.length });
    assert.equal(parsed.tracks.length, 2);
  }
  for (let length = 0; length < head.length; length++) {
    assert.throws(() => parseFileHeader(head.subarray(0, length)), { code: 'mp4-invalid' });
  }
});

test('the start of a segment is read back, and nothing else is taken for one', () => {
  for (const start of recording().segments.map((segment) => segment.start)) {
    const bytes = writeSegmentStart(start);
    assert.equal(bytes.length, SEGMENT_START_SIZE);
    assert.deepEqual(parseSegmentStart(bytes), start);
    assert.deepEqual(parseSegmentStart(new Uint8Array([1, 2, 3, ...bytes]), 3), start);
    for (let length = 0; length < bytes.length; length++)
      assert.equal(parseSegmentStart(bytes.subarray(0, length)), undefined);
  }
  assert.equal(parseSegmentStart(writeInit(TRACKS)), undefined);
});

test('a table that is cut off or damaged gives an error, or a table', () => {
  const { trailer } = recording();
  const whole = trailer.bytes();
  const table = whole.subarray(25, new DataView(whole.buffer).getUint32(0) - 4);
  for (let length = 0; length < table.length; length++) {
    assert.throws(() => parseSampleTable(table.subarray(0, length)), { code: 'mp4-invalid' });
  }
  const seed = 20_261_126;
  const random = new SeededRandom(seed);
  for (let round = 0; round < 10_000; round++) {
    const bytes = mutant(whole, random);
    try {
      parseFileTrailer(bytes);
    } catch (error) {
      assert.ok(
        error instanceof WeirError && error.code === 'mp4-invalid',
        `seed ${seed}, round ${round}: ${String(error)}`,
      );
    }
  }
});
