/**
 * Reads one fragment: `[styp uuid …] moof mdat`. Ours, and those of other muxers (base data offsets, several runs, run-on data).
 * A fragment that is not whole yet is a value; one that cannot be is `mp4-invalid` with the path of the box.
 */
import { isDamaged, isSync } from '../sample-flags.ts';
import type { Box } from './boxes.ts';
import { boxesIn, childrenOf, descendant, invalid, parseBoxHead } from './boxes.ts';
import { Fields } from './fields.ts';
import type { SampleDefaults } from './init.ts';
import { NO_DEFAULTS } from './init.ts';

export interface ParsedFragment {
  /** Where the boxes before moof begin, where moof begins, and the end of mdat. */
  readonly start: number;
  readonly moof: number;
  readonly end: number;
  readonly sequence: number;
  readonly tracks: readonly ParsedRun[];
}

export interface ParsedRun {
  readonly trackId: number;
  /** 0 where there is no `tfdt`. */
  readonly baseDecodeTicks: number;
  /** Where the 64-bit decode time stands; undefined if there is none, or one of 32 bits. */
  readonly tfdtOffset: number | undefined;
  readonly samples: readonly ParsedSample[];
}

export interface ParsedSample {
  readonly offset: number;
  readonly size: number;
  readonly durationTicks: number;
  readonly compositionOffsetTicks: number;
  readonly key: boolean;
  /** Marked as damaged by loss (only weir's own files say so). */
  readonly damaged: boolean;
}

/** Defaults of `trex`, by track. */
export type DefaultsByTrack = ReadonlyMap<number, SampleDefaults>;

/** Samples of one fragment. An hour of audio in one is 170,000. */
const MAX_FRAGMENT_SAMPLES = 500_000;
/** Boxes between two fragments (styp, sidx, prft, emsg, uuid, free). */
const MAX_BOXES_BEFORE_MOOF = 64;
const NO_TRACK_DEFAULTS: DefaultsByTrack = new Map();

/**
 * The fragment that begins at `offset`, whatever boxes stand before its moof; offsets count from the start of `bytes`.
 * Undefined: not all of it is there (or nothing more comes). Throws `mp4-invalid`, also for a sample outside its mdat.
 */
export function parseFragment(
  bytes: Uint8Array,
  offset: number,
  defaults: DefaultsByTrack = NO_TRACK_DEFAULTS,
): ParsedFragment | undefined {
  const moof = findMoof(bytes, offset);
  if (moof === undefined) return undefined;
  const mdat = parseBoxHead(bytes, moof.end);
  if (mdat === undefined) return undefined;
  if (mdat.type !== 'mdat') throw invalid('mdat', moof.end, 'no mdat behind its moof');
  const end = moof.end + mdat.size;
  if (end > bytes.length) return undefined;
  const parsed = parseMoof(moof, 0, defaults);
  for (const run of parsed.tracks) {
    for (const sample of run.samples) {
      const inside = sample.offset >= moof.end + mdat.headSize && sample.offset + sample.size <= end;
      if (!inside) throw invalid('moof/traf/trun', moof.start, 'a sample outside its mdat');
    }
  }
  return { start: offset, moof: moof.start, end, ...parsed };
}

/**
 * What a `moof` says. `position`: where the moof's bytes begin in the file, less where they begin in `moof.bytes`; offsets of samples
 * are of the file, those of tfdt of `moof.bytes`.
 */
export function parseMoof(
  moof: Box,
  position: number,
  defaults: DefaultsByTrack = NO_TRACK_DEFAULTS,
): { readonly sequence: number; readonly tracks: readonly ParsedRun[] } {
  const mfhd = new Fields(descendant(moof, 'mfhd'));
  mfhd.full();
  const sequence = mfhd.u32();
  const tracks: ParsedRun[] = [];
  // Without default-base-is-moof a track's data runs on from the end of the track before (§8.8.7.1).
  let runOn = moof.start + position;
  let room = MAX_FRAGMENT_SAMPLES;
  for (const traf of childrenOf(moof)) {
    if (traf.type !== 'traf') continue;
    const run = parseTraf(traf, { moofStart: moof.start + position, runOn, room, defaults });
    tracks.push(run.parsed);
    runOn = run.end;
    room -= run.parsed.samples.length;
  }
  return { sequence, tracks };
}

/** The moof of the fragment that begins at `offset`; its mdat need not be there. Undefined: not all of it is there. Throws `mp4-invalid`. */
export function findMoof(bytes: Uint8Array, offset: number): Box | undefined {
  let at = offset;
  for (let count = 0; count <= MAX_BOXES_BEFORE_MOOF; count++) {
    const head = parseBoxHead(bytes, at);
    if (head === undefined) return undefined;
    const end = at + head.size;
    if (head.type === 'moof') {
      if (end > bytes.length) return undefined;
      return { bytes, type: 'moof', path: 'moof', start: at, content: at + head.headSize, end };
    }
    if (head.type === 'mdat') throw invalid('mdat', at, 'an mdat without its moof');
    if (end >= bytes.length) return undefined;
    at = end;
  }
  throw invalid('moof', offset, `more than ${MAX_BOXES_BEFORE_MOOF} boxes before it`);
}

interface TrafContext {
  readonly moofStart: number;
  readonly runOn: number;
  readonly room: number;
  readonly defaults: DefaultsByTrack;
}

function parseTraf(traf: Box, context: TrafContext): { readonly parsed: ParsedRun; readonly end: number } {
  const header = parseTfhd(descendant(traf, 'tfhd'), context);
  let baseDecodeTicks = 0;
  let tfdtOffset: number | undefined;
  let end = header.base;
  const samples: ParsedSample[] = [];
  for (const child of boxesIn(traf.bytes, traf.content, traf.end, traf.path)) {
    if (child.type === 'tfdt') {
      const fields = new Fields(child);
      const { version } = fields.full();
      tfdtOffset = version === 1 ? fields.at : undefined;
      baseDecodeTicks = fields.word(version);
    } else if (child.type === 'trun') {
      end = parseTrun(child, header, end, samples, context.room);
    }
  }
  return { parsed: { trackId: header.trackId, baseDecodeTicks, tfdtOffset, samples }, end };
}

interface TrackHeader {
  readonly trackId: number;
  readonly base: number;
  readonly defaults: SampleDefaults;
}

function parseTfhd(tfhd: Box, context: TrafContext): TrackHeader {
  const fields = new Fields(tfhd);
  const { flags } = fields.full();
  const trackId = fields.u32();
  const base = (flags & 0x01) !== 0 ? fields.u64() : (flags & 0x02_0000) !== 0 ? context.moofStart : context.runOn;
  if ((flags & 0x02) !== 0) fields.skip(4); // sample_description_index
  const inherited = context.defaults.get(trackId) ?? NO_DEFAULTS;
  const durationTicks = (flags & 0x08) !== 0 ? fields.u32() : inherited.durationTicks;
  const size = (flags & 0x10) !== 0 ? fields.u32() : inherited.size;
  const sampleFlags = (flags & 0x20) !== 0 ? fields.u32() : inherited.flags;
  return { trackId, base, defaults: { durationTicks, size, flags: sampleFlags } };
}

/** Adds the samples of a run; returns where its data ends. `dataEnd`: where that of the run before ended. */
function parseTrun(trun: Box, header: TrackHeader, dataEnd: number, samples: ParsedSample[], room: number): number {
  const fields = new Fields(trun);
  const { version, flags } = fields.full();
  const count = fields.u32();
  if (samples.length + count > room) throw invalid(trun.path, trun.start, `more than ${MAX_FRAGMENT_SAMPLES} samples`);
  let offset = (flags & 0x001) !== 0 ? header.base + fields.i32() : dataEnd;
  const firstFlags = (flags & 0x004) !== 0 ? fields.u32() : undefined;
  const { defaults } = header;
  for (let i = 0; i < count; i++) {
    const durationTicks = (flags & 0x100) !== 0 ? fields.u32() : defaults.durationTicks;
    const size = (flags & 0x200) !== 0 ? fields.u32() : defaults.size;
    const own = (flags & 0x400) !== 0 ? fields.u32() : defaults.flags;
    const sampleFlags = i === 0 && firstFlags !== undefined ? firstFlags : own;
    const compositionOffsetTicks = (flags & 0x800) === 0 ? 0 : version === 0 ? fields.u32() : fields.i32();
    samples.push({
      offset,
      size,
      durationTicks,
      compositionOffsetTicks,
      key: isSync(sampleFlags),
      damaged: isDamaged(sampleFlags),
    });
    offset += size;
  }
  return offset;
}
