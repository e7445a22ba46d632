/**
 * Durations in the head of a fragmented file: 0 while it grows, filled in when it is closed, so that players show its length
 * (`mvhd`, `tkhd`, `mdhd`), and `mehd` in the place that init.ts keeps free for it. Taken out again, the bytes are those of the init
 * as it was first written.
 */
import type { Box } from '../read/boxes.ts';
import { boxesIn, childOf, childrenOf, descendant } from '../read/boxes.ts';
import { Fields } from '../read/fields.ts';
import { findMoov } from '../read/init.ts';
import { MOVIE_TIMESCALE } from './init.ts';

/** Copies `head` (which begins with `ftyp moov`) with the durations filled in: ticks of each track. Same length. Throws `mp4-invalid`. */
export function withDurations(head: Uint8Array, ticksOf: (trackId: number) => number): Uint8Array {
  return patched(head, ticksOf, 'mehd');
}

/** Copies `head` with all durations 0: the init as it was first written, and whatever follows it. Throws `mp4-invalid`. */
export function withoutDurations(head: Uint8Array): Uint8Array {
  return patched(head, () => 0, 'free');
}

/** 32 bits; all ones means unknown (§8.2.2.3). */
const UNKNOWN = 0xffff_ffff;
const MEHD_SIZE = 16;

function patched(head: Uint8Array, ticksOf: (trackId: number) => number, mehdType: 'mehd' | 'free'): Uint8Array {
  const bytes = new Uint8Array(head);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, value: number): void => view.setUint32(offset, Math.min(value, UNKNOWN));
  const moov = findMoov(bytes);
  let movie = 0;
  for (const trak of childrenOf(moov)) {
    if (trak.type !== 'trak') continue;
    const places = trackPlaces(trak);
    const ticks = ticksOf(places.trackId);
    const duration = Math.ceil((ticks * MOVIE_TIMESCALE) / places.timescale);
    put(places.mdhd, ticks);
    put(places.tkhd, duration);
    movie = Math.max(movie, duration);
  }
  put(descendant(moov, 'mvhd').content + 16, movie);
  const mehd = mehdPlace(moov);
  if (mehd !== undefined) {
    for (let i = 0; i < 4; i++) bytes[mehd.start + 4 + i] = mehdType.charCodeAt(i);
    put(mehd.content + 4, movie);
  }
  return bytes;
}

/** Where the durations of a track stand, in the version 0 boxes that init.ts writes. */
function trackPlaces(trak: Box): { trackId: number; timescale: number; tkhd: number; mdhd: number } {
  const tkhd = new Fields(descendant(trak, 'tkhd'));
  tkhd.skip(12);
  const trackId = tkhd.u32();
  tkhd.skip(4);
  const mdhd = new Fields(descendant(trak, 'mdia', 'mdhd'));
  mdhd.skip(12);
  const timescale = mdhd.u32();
  return { trackId, timescale, tkhd: tkhd.at, mdhd: mdhd.at };
}

function mehdPlace(moov: Box): Box | undefined {
  const mvex = childOf(moov, 'mvex');
  if (mvex === undefined) return undefined;
  for (const child of boxesIn(mvex.bytes, mvex.content, mvex.end, mvex.path)) {
    if ((child.type === 'free' || child.type === 'mehd') && child.end - child.start === MEHD_SIZE) return child;
  }
  return undefined;
}
