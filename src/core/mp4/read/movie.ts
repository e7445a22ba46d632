/**
 * A film as a whole: its tracks with all samples, from the tables of `moov` and from the fragments behind it. Whoever reads the file
 * hands in the boxes (a moov, then each moof); the media itself stays where it is.
 */
import type { Box } from './boxes.ts';
import { childOf, childrenOf, descendant, invalid } from './boxes.ts';
import { Fields } from './fields.ts';
import { parseMoof } from './fragment.ts';
import type { ParsedTrack, SampleDefaults } from './init.ts';
import { parseTracks } from './init.ts';
import type { GrowingColumns, SampleColumns } from './sample-columns.ts';
import { MAX_MOVIE_SAMPLES, parseSampleTables } from './sample-tables.ts';

export interface MovieTrack extends ParsedTrack {
  readonly samples: SampleColumns;
  /** Presentation time of media time 0, in ticks: what the edit list adds (an empty edit) or takes off (priming, reordering). */
  readonly shiftTicks: number;
}

export class Movie {
  readonly #tracks: (MovieTrack & { readonly samples: GrowingColumns })[] = [];
  readonly #defaults: ReadonlyMap<number, SampleDefaults>;
  /** It has fragments, or may have. */
  readonly fragmented: boolean;
  #room = MAX_MOVIE_SAMPLES;

  /** Reads a whole `moov`. Throws `mp4-invalid`. */
  constructor(moov: Box) {
    const traks = [...childrenOf(moov)].filter((box) => box.type === 'trak');
    const movieTimescale = parseMovieTimescale(descendant(moov, 'mvhd'));
    for (const [i, track] of parseTracks(moov).entries()) {
      const trak = traks[i];
      if (trak === undefined) continue;
      const samples = parseSampleTables(descendant(trak, 'mdia', 'minf', 'stbl'), this.#room);
      this.#room -= samples.count;
      this.#tracks.push({ ...track, samples, shiftTicks: parseShift(trak, track.timescale, movieTimescale) });
    }
    this.#defaults = new Map(this.#tracks.map((track) => [track.trackId, track.defaults]));
    this.fragmented = childOf(moov, 'mvex') !== undefined;
  }

  get tracks(): readonly MovieTrack[] {
    return this.#tracks;
  }

  /** Adds the samples of a `moof` whose first byte stands at `offset` of the file. Throws `mp4-invalid`. */
  addFragment(moof: Box, offset: number): void {
    for (const run of parseMoof(moof, offset - moof.start, this.#defaults).tracks) {
      const track = this.#tracks.find((candidate) => candidate.trackId === run.trackId);
      if (track === undefined) continue;
      if (run.samples.length > this.#room) throw invalid('moof', offset, `more than ${MAX_MOVIE_SAMPLES} samples`);
      this.#room -= run.samples.length;
      let dtsTicks = run.baseDecodeTicks;
      for (const sample of run.samples) {
        const { size, durationTicks, key } = sample;
        const compositionTicks = sample.compositionOffsetTicks;
        track.samples.push({ offset: sample.offset, size, dtsTicks, durationTicks, compositionTicks, key, entry: 0 });
        dtsTicks += durationTicks;
      }
    }
  }

  /** Leaves out what a file of `length` bytes does not hold: it was cut off, or is still being written. */
  cut(length: number): void {
    for (const track of this.#tracks) track.samples.cut(length);
  }
}

function parseMovieTimescale(mvhd: Box): number {
  const fields = new Fields(mvhd);
  const { version } = fields.full();
  fields.skip(version === 1 ? 16 : 8);
  return fields.u32();
}

/**
 * The shift that an edit list means (§8.6.6): empty edits before the first real one delay it, its media time is where it begins.
 * Later edits (cuts within the film) are not followed: nobody makes them for footage.
 */
function parseShift(trak: Box, timescale: number, movieTimescale: number): number {
  const edts = childOf(trak, 'edts');
  const elst = edts === undefined ? undefined : childOf(edts, 'elst');
  if (elst === undefined || movieTimescale === 0) return 0;
  const fields = new Fields(elst);
  const { version } = fields.full();
  const count = fields.count(version === 1 ? 20 : 12);
  let emptyTicks = 0;
  for (let i = 0; i < count; i++) {
    const duration = fields.word(version);
    const mediaTime = version === 1 ? fields.i64() : fields.i32();
    fields.skip(4); // media_rate
    if (mediaTime >= 0) return Math.round(emptyTicks) - mediaTime;
    emptyTicks += (duration * timescale) / movieTimescale;
  }
  return 0;
}
