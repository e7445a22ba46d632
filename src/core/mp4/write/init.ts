/**
 * The init section of a set-up: `ftyp moov`, without samples, durations 0 (RFC 8216 §3.3, ISO 14496-12 §8).
 *
 *     ftyp  moov( mvhd  trak( tkhd mdia( mdhd hdlr minf( vmhd|smhd dinf stbl( stsd … ) ) ) ) …  mvex( free trex … ) )
 *
 * Deterministic: the same tracks give the same bytes, so that its hash names it for life. The `free` box has the size of an
 * `mehd`: a file on disk turns it into one when it is closed (recording/file-header.ts); a live list must not announce a length.
 * No edit list: live players read none, and an encoder's priming is shorter than a frame of picture.
 */
import type { AudioShape, VideoShape } from '../../codec/codec-parameters.ts';
import { displaySize } from '../../codec/display-size.ts';
import type { InitTrack } from '../init-track.ts';
import { box, fullBox, u16, u32, u64 } from './box.ts';

/** Ticks a second of `mvhd`, `tkhd` and `mehd`. */
export const MOVIE_TIMESCALE = 1000;

export function writeInit(tracks: readonly InitTrack[]): Uint8Array {
  const ftyp = box('ftyp', fourCc('iso6'), u32(0), fourCc('iso6'), fourCc('isom'), fourCc('mp41'));
  const moov = box('moov', mvhd(tracks, 0), ...tracks.map(emptyTrak), mvex(tracks));
  const bytes = new Uint8Array(ftyp.length + moov.length);
  bytes.set(ftyp);
  bytes.set(moov, ftyp.length);
  return bytes;
}

export function fourCc(text: string): readonly number[] {
  return [text.charCodeAt(0), text.charCodeAt(1), text.charCodeAt(2), text.charCodeAt(3)];
}

const UNITY_MATRIX = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000].flatMap(u32);

export function mvhd(tracks: readonly { readonly trackId: number }[], durationMs: number): Uint8Array {
  const nextTrackId = tracks.reduce((most, track) => Math.max(most, track.trackId), 0) + 1;
  return fullBox(
    'mvhd',
    0,
    0,
    u32(0), // creation_time
    u32(0), // modification_time
    u32(MOVIE_TIMESCALE),
    u32(durationMs),
    u32(0x1_0000), // rate
    u16(0x0100), // volume
    u16(0), // reserved
    u32(0),
    u32(0),
    UNITY_MATRIX,
    [0, 0, 0, 0, 0, 0].flatMap(u32), // pre_defined
    u32(nextTrackId),
  );
}

function emptyTrak({ trackId, timescale, parameters }: InitTrack): Uint8Array {
  const stbl = box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), parameters.sampleEntry),
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0), u32(0)),
    fullBox('stco', 0, 0, u32(0)),
  );
  return trak({ trackId, timescale, shape: parameters.shape, durationMs: 0, durationTicks: 0, edts: [], stbl });
}

export interface TrakParts {
  readonly trackId: number;
  readonly timescale: number;
  readonly shape: VideoShape | AudioShape;
  /** As shown, and as stored. */
  readonly durationMs: number;
  readonly durationTicks: number;
  /** The edit list's box, or nothing. */
  readonly edts: Uint8Array | readonly [];
  readonly stbl: Uint8Array;
}

export function trak({ trackId, timescale, shape, durationMs, durationTicks, edts, stbl }: TrakParts): Uint8Array {
  const dinf = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  const header =
    shape.media === 'video'
      ? fullBox('vmhd', 0, 1, u16(0), u16(0), u16(0), u16(0))
      : fullBox('smhd', 0, 0, u16(0), u16(0));
  const minf = box('minf', header, dinf, stbl);
  const mdia = box('mdia', mdhd(timescale, durationTicks), hdlr(shape.media), minf);
  return box('trak', tkhd(trackId, shape, durationMs), edts, mdia);
}

function tkhd(trackId: number, shape: VideoShape | AudioShape, durationMs: number): Uint8Array {
  const [width, height] = shape.media === 'video' ? shownSize(shape) : [0, 0];
  return fullBox(
    'tkhd',
    0,
    3, // enabled, in movie
    u32(0), // creation_time
    u32(0), // modification_time
    u32(trackId),
    u32(0), // reserved
    u32(durationMs),
    u32(0), // reserved
    u32(0),
    u16(0), // layer
    u16(0), // alternate_group
    u16(shape.media === 'audio' ? 0x0100 : 0), // volume
    u16(0), // reserved
    UNITY_MATRIX,
    u32(width * 0x1_0000),
    u32(height * 0x1_0000),
  );
}

/** What is shown, as far as the box's 16 bits of whole pixels go. */
function shownSize(shape: VideoShape): readonly [number, number] {
  const { width, height } = displaySize(shape);
  return [Math.min(width, 0xffff), Math.min(height, 0xffff)];
}

/** 32 bits of duration are 13 hours at 90 kHz: longer ones take version 1. */
function mdhd(timescale: number, durationTicks: number): Uint8Array {
  const undetermined = 0x55c4; // 'und', three letters of 5 bits
  if (durationTicks < 2 ** 32)
    return fullBox('mdhd', 0, 0, u32(0), u32(0), u32(timescale), u32(durationTicks), u16(undetermined), u16(0));
  return fullBox('mdhd', 1, 0, u64(0), u64(0), u32(timescale), u64(durationTicks), u16(undetermined), u16(0));
}

function hdlr(media: 'video' | 'audio'): Uint8Array {
  const [type, name] = media === 'video' ? ['vide', 'video\0'] : ['soun', 'audio\0'];
  return fullBox('hdlr', 0, 0, u32(0), fourCc(type), u32(0), u32(0), u32(0), new TextEncoder().encode(name));
}

function mvex(tracks: readonly InitTrack[]): Uint8Array {
  const placeOfMehd = box('free', u32(0), u32(0));
  const trex = tracks.map((track) => fullBox('trex', 0, 0, u32(track.trackId), u32(1), u32(0), u32(0), u32(0)));
  return box('mvex', placeOfMehd, ...trex);
}
