/**
 * The sample table of a track as films carry it (ISO 14496-12 §8.6, §8.7), read into columns.
 *
 *     stsz: size of each sample      stts: runs of durations      ctts: runs of composition offsets      stss: which are key frames
 *     stsc: samples in each chunk    stco, co64: where each chunk begins
 */
import type { Box } from './boxes.ts';
import { childOf, descendant, invalid } from './boxes.ts';
import { Fields } from './fields.ts';
import { GrowingColumns } from './sample-columns.ts';

/** Samples of one film, all tracks: eight hours of 25 frames and 47 frames of audio a second. */
export const MAX_MOVIE_SAMPLES = 2_000_000;

/** Reads the samples of an `stbl`; what its chunks do not place is left out. Throws `mp4-invalid`. */
export function parseSampleTables(stbl: Box, room: number): GrowingColumns {
  const columns = new GrowingColumns();
  const sizes = parseSizes(descendant(stbl, 'stsz'), room);
  const durations = new Runs(descendant(stbl, 'stts'), false);
  const composition = childOf(stbl, 'ctts');
  const compositions = composition === undefined ? undefined : new Runs(composition, true);
  const keys = parseSyncSamples(childOf(stbl, 'stss'));
  let dtsTicks = 0;
  for (const { offset: chunkOffset, samples, entry } of chunksOf(stbl)) {
    let offset = chunkOffset;
    for (let i = 0; i < samples && columns.count < sizes.count; i++) {
      const index = columns.count;
      const size = sizes.of(index);
      const durationTicks = durations.next();
      const compositionTicks = compositions?.next() ?? 0;
      const key = keys === undefined || keys.has(index + 1);
      columns.push({ offset, size, dtsTicks, durationTicks, compositionTicks, key, entry });
      offset += size;
      dtsTicks += durationTicks;
    }
    if (columns.count === sizes.count) break;
  }
  return columns;
}

interface Sizes {
  readonly count: number;
  of(index: number): number;
}

function parseSizes(stsz: Box, room: number): Sizes {
  const fields = new Fields(stsz);
  fields.full();
  const shared = fields.u32();
  const count = shared === 0 ? fields.count(4) : fields.u32();
  if (count > room) throw invalid(stsz.path, stsz.start, `more than ${MAX_MOVIE_SAMPLES} samples`);
  if (shared !== 0) return { count, of: () => shared };
  const view = new DataView(stsz.bytes.buffer, stsz.bytes.byteOffset + fields.at, count * 4);
  return { count, of: (index) => view.getUint32(index * 4) };
}

/** Runs of (count, value) read one value at a time; past the end the last value goes on, as other readers do. */
class Runs {
  readonly #fields: Fields;
  readonly #signed: boolean;
  #entries: number;
  #left = 0;
  #value = 0;

  constructor(box: Box, signed: boolean) {
    this.#fields = new Fields(box);
    this.#fields.full();
    this.#entries = this.#fields.count(8);
    this.#signed = signed;
  }

  /** Composition offsets are signed in either version: writers put negative ones into version 0. */
  next(): number {
    while (this.#left === 0 && this.#entries > 0) {
      this.#entries--;
      this.#left = this.#fields.u32();
      this.#value = this.#signed ? this.#fields.i32() : this.#fields.u32();
    }
    if (this.#left > 0) this.#left--;
    return this.#value;
  }
}

/** Numbers (from 1) of the key frames; undefined: all are. */
function parseSyncSamples(stss: Box | undefined): ReadonlySet<number> | undefined {
  if (stss === undefined) return undefined;
  const fields = new Fields(stss);
  fields.full();
  const keys = new Set<number>();
  const count = fields.count(4);
  for (let i = 0; i < count; i++) keys.add(fields.u32());
  return keys;
}

interface Chunk {
  readonly offset: number;
  readonly samples: number;
  readonly entry: number;
}

function* chunksOf(stbl: Box): Generator<Chunk> {
  const runs = parseChunkRuns(descendant(stbl, 'stsc'));
  const co64 = childOf(stbl, 'co64');
  const fields = new Fields(co64 ?? descendant(stbl, 'stco'));
  fields.full();
  const count = fields.count(co64 === undefined ? 4 : 8);
  let run = 0;
  for (let chunk = 1; chunk <= count; chunk++) {
    while ((runs[run + 1]?.first ?? Infinity) <= chunk) run++;
    const offset = co64 === undefined ? fields.u32() : fields.u64();
    const { samples, entry } = runs[run] ?? { samples: 0, entry: 0 };
    yield { offset, samples, entry };
  }
}

function parseChunkRuns(stsc: Box): readonly { first: number; samples: number; entry: number }[] {
  const fields = new Fields(stsc);
  fields.full();
  const count = fields.count(12);
  return Array.from({ length: count }, () => ({
    first: fields.u32(),
    samples: fields.u32(),
    entry: Math.min(Math.max(fields.u32() - 1, 0), MAX_ENTRY),
  }));
}

/** What a column of the table holds; nothing real has more. */
const MAX_ENTRY = 0x7fff;
