/**
 * Reads a recorded segment, or a part of it, with its decode times in UTC again. A part needs no more than itself and the heads (`moof`)
 * of the fragments up to its end, since where the next fragment begins stands in the one before.
 *
 *     styp uuid moof │ mdat ………… │ moof │ mdat ……… │ moof │ mdat …………
 *     └─ head ──────────┘         └─ head ─┘         [start        end)
 */
import { parseBoxHead } from '../../core/mp4/read/boxes.ts';
import { findMoof, parseMoof } from '../../core/mp4/read/fragment.ts';
import { findTfdts, shiftTfdts } from '../../core/mp4/recording/patch.ts';

export interface SegmentPlace {
  /** Where it lies in its file, in bytes. */
  readonly offset: number;
  readonly bytes: number;
  /** Reads of the file; shorter at its end, undefined if it is not there. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array | undefined>;
  /** What is added to the decode times of a track. */
  readonly deltaTicksOf: (trackId: number) => number;
}

/** Holds the head of a fragment of half a second, with a table of a hundred samples. */
const HEAD_READ_BYTES = 8 * 1024;
/** A segment of six seconds has twelve parts; one that was cut by bytes has more. */
const FRAGMENTS_MAX = 1024;

/** Bytes [start, end) of the segment: a copy. Undefined if they are not all there. Throws `mp4-invalid`. */
export async function readSegment(place: SegmentPlace, start: number, end: number): Promise<Uint8Array | undefined> {
  const bytes = await readExactly(place, start, end);
  if (bytes === undefined) return undefined;
  if (bytes.length === place.bytes) {
    shiftTfdts(bytes, findTfdts(bytes), place.deltaTicksOf);
    return bytes;
  }
  let at = 0;
  for (let count = 0; at < end && count < FRAGMENTS_MAX; count++) {
    const head = await readHead(place, at);
    if (head === undefined) return undefined;
    overlay(bytes, start, head.bytes, at);
    at = head.nextAt;
  }
  return bytes;
}

interface FragmentHead {
  /** All boxes up to its mdat, decode times in UTC. */
  readonly bytes: Uint8Array;
  /** Where the next fragment begins in the segment. */
  readonly nextAt: number;
}

/** The head of the fragment that begins at `at` in the segment. */
async function readHead(place: SegmentPlace, at: number): Promise<FragmentHead | undefined> {
  let length = Math.min(HEAD_READ_BYTES, place.bytes - at);
  for (;;) {
    const bytes = await readExactly(place, at, at + length);
    if (bytes === undefined) return undefined;
    const found = headIn(bytes, place);
    if (found !== undefined) return { bytes: bytes.subarray(0, found.mdat), nextAt: at + found.end };
    if (length === place.bytes - at) return undefined;
    length = Math.min(2 * length, place.bytes - at);
  }
}

/** Where the mdat behind the moof in `bytes` begins and ends; undefined if they do not reach so far. Shifts the moof's decode times. */
function headIn(bytes: Uint8Array, place: SegmentPlace): { readonly mdat: number; readonly end: number } | undefined {
  const moof = findMoof(bytes, 0);
  const mdat = moof === undefined ? undefined : parseBoxHead(bytes, moof.end);
  if (moof === undefined || mdat === undefined) return undefined;
  const { tracks } = parseMoof(moof, 0);
  const tfdts = tracks.flatMap(({ trackId, tfdtOffset: offset }) =>
    offset === undefined ? [] : [{ trackId, offset }],
  );
  shiftTfdts(bytes, tfdts, place.deltaTicksOf);
  return { mdat: moof.end, end: moof.end + mdat.size };
}

async function readExactly(place: SegmentPlace, start: number, end: number): Promise<Uint8Array | undefined> {
  const bytes = await place.read(place.offset + start, end - start);
  return bytes?.length === end - start ? bytes : undefined;
}

/** Writes what of `piece`, which begins at `at`, falls into `bytes`, which begin at `start`. */
function overlay(bytes: Uint8Array, start: number, piece: Uint8Array, at: number): void {
  const from = Math.max(start, at);
  const to = Math.min(start + bytes.length, at + piece.length);
  if (from < to) bytes.set(piece.subarray(from - at, to - at), from - start);
}
