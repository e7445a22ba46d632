/** Reads an init section, or the head of any MP4: what its `moov` says of the tracks. Sample tables: movie.ts. */
import type { Box } from './boxes.ts';
import { boxesIn, childOf, childrenOf, descendant, invalid, parseBoxHead } from './boxes.ts';
import { Fields } from './fields.ts';

export interface ParsedInit {
  readonly tracks: readonly ParsedTrack[];
  /** Bytes up to and with `moov`. */
  readonly length: number;
}

export interface ParsedTrack {
  readonly trackId: number;
  /** Ticks a second. */
  readonly timescale: number;
  readonly media: 'video' | 'audio' | 'other';
  /** The sample entry boxes of `stsd`, whole: views. At least one. */
  readonly sampleEntries: readonly Uint8Array[];
  /** Of `trex`: what fragments leave out; all 0 where there is none. */
  readonly defaults: SampleDefaults;
}

export interface SampleDefaults {
  readonly durationTicks: number;
  readonly size: number;
  readonly flags: number;
}

export const NO_DEFAULTS: SampleDefaults = { durationTicks: 0, size: 0, flags: 0 };

/** Reads `ftyp … moov` from the start of `bytes`. Throws `mp4-invalid` (also if moov is not whole). */
export function parseInit(bytes: Uint8Array): ParsedInit {
  const moov = findMoov(bytes);
  return { tracks: parseTracks(moov), length: moov.end };
}

/** The first `moov`. Throws `mp4-invalid` if it is missing, or not whole. */
export function findMoov(bytes: Uint8Array): Box {
  let at = 0;
  for (let head = parseBoxHead(bytes, at); head !== undefined; head = parseBoxHead(bytes, at)) {
    if (head.type === 'moov') {
      const end = head.size === Infinity ? bytes.length : at + head.size;
      if (end > bytes.length) throw invalid('moov', at, 'a box that is cut off');
      return { bytes, type: 'moov', path: 'moov', start: at, content: at + head.headSize, end };
    }
    at += head.size;
  }
  throw invalid('moov', 0, 'no such box');
}

/** The tracks of a `moov`. */
export function parseTracks(moov: Box): readonly ParsedTrack[] {
  const defaults = parseDefaults(moov);
  const tracks: ParsedTrack[] = [];
  for (const trak of childrenOf(moov)) {
    if (trak.type === 'trak') tracks.push(parseTrack(trak, defaults));
  }
  return tracks;
}

function parseTrack(trak: Box, defaults: ReadonlyMap<number, SampleDefaults>): ParsedTrack {
  const trackId = parseTrackId(descendant(trak, 'tkhd'));
  const mdia = descendant(trak, 'mdia');
  const timescale = parseTimescale(descendant(mdia, 'mdhd'));
  const hdlr = new Fields(descendant(mdia, 'hdlr'));
  hdlr.full();
  hdlr.skip(4);
  const handler = hdlr.type();
  const media = handler === 'vide' ? 'video' : handler === 'soun' ? 'audio' : 'other';
  const sampleEntries = parseSampleEntries(descendant(mdia, 'minf', 'stbl', 'stsd'));
  return { trackId, timescale, media, sampleEntries, defaults: defaults.get(trackId) ?? NO_DEFAULTS };
}

function parseTrackId(tkhd: Box): number {
  const fields = new Fields(tkhd);
  const { version } = fields.full();
  fields.skip(version === 1 ? 16 : 8);
  return fields.u32();
}

function parseTimescale(mdhd: Box): number {
  const fields = new Fields(mdhd);
  const { version } = fields.full();
  fields.skip(version === 1 ? 16 : 8);
  const timescale = fields.u32();
  if (timescale === 0) throw invalid(mdhd.path, mdhd.start, 'a timescale of 0');
  return timescale;
}

function parseSampleEntries(stsd: Box): readonly Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (const entry of boxesIn(stsd.bytes, stsd.content + 8, stsd.end, stsd.path)) {
    entries.push(stsd.bytes.subarray(entry.start, entry.end));
  }
  if (entries.length === 0) throw invalid(stsd.path, stsd.start, 'no sample entry');
  return entries;
}

function parseDefaults(moov: Box): ReadonlyMap<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  const mvex = childOf(moov, 'mvex');
  if (mvex === undefined) return defaults;
  for (const trex of childrenOf(mvex)) {
    if (trex.type !== 'trex') continue;
    const fields = new Fields(trex);
    fields.full();
    const trackId = fields.u32();
    fields.skip(4); // default_sample_description_index
    defaults.set(trackId, { durationTicks: fields.u32(), size: fields.u32(), flags: fields.u32() });
  }
  return defaults;
}
