/** When a recording is closed and the next begun: pure rules, asked at the first part of each segment. */
import { baseTicks } from '../../core/mp4/recording/patch.ts';
import type { Fragment } from '../../stream/fragment.ts';

export interface RotationRules {
  /** Closed at the first key frame once it has both. */
  readonly minMs: number;
  readonly minBytes: number;
  /** Closed at the first key frame in any case. */
  readonly maxMs: number;
}

export const ROTATION: RotationRules = { minMs: 60_000, minBytes: 16_000_000, maxMs: 300_000 };

/** The rules of one stream: shifted by its name, so that streams that began together do not close their files together. */
export function staggered(rules: RotationRules, stream: string): RotationRules {
  // FNV-1a and a last multiplication, so that names that differ in their last letter only lie far apart.
  let hash = 0x811c_9dc5;
  for (const char of stream) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x0100_0193);
  const share = (Math.imul(hash ^ (hash >>> 15), 0x9e37_79b1) >>> 0) / 2 ** 32;
  return { minMs: rules.minMs * (1 + share / 4), minBytes: rules.minBytes, maxMs: rules.maxMs * (1 - share / 5) };
}

export interface GrowingFile {
  readonly baseUtcMs: number;
  readonly length: number;
  readonly init: { readonly hash: string };
  endTicks(trackId: number): number | undefined;
}

/** Whether the segment that `first` begins goes into a new file. An outage alone does not end a file. */
export function needsNewFile(file: GrowingFile, first: Fragment, rules: RotationRules): boolean {
  if (first.init.hash !== file.init.hash) return true;
  if (first.tracks.some((track) => track.startTicks < (file.endTicks(track.trackId) ?? -Infinity))) return true;
  const ageMs = first.startUtcMs - file.baseUtcMs;
  if (ageMs < 0 || ageMs >= rules.maxMs) return true;
  return ageMs >= rules.minMs && file.length >= rules.minBytes;
}

/** Left free before the first sample when a track has not been heard of yet: it may begin earlier, by as much as audio lags. */
const UNSEEN_TRACK_MS = 1000;

/**
 * What decode times in a file that begins with `first` count from: the earliest decode time of any track, floored to the millisecond. A
 * track that is not in the first part goes on from its end before (`endTicksOf`), or is given room.
 */
export function baseUtcMsOf(first: Fragment, endTicksOf: (trackId: number) => number | undefined): number {
  let base = Infinity;
  let unseen = false;
  for (const { trackId, timescale } of first.init.tracks) {
    const ticks = first.tracks.find((track) => track.trackId === trackId)?.startTicks ?? endTicksOf(trackId);
    if (ticks === undefined) unseen = true;
    else base = Math.min(base, utcMsFloor(ticks, timescale));
  }
  return unseen ? base - UNSEEN_TRACK_MS : base;
}

/** Whether every track's decode times stay at or after the file's base. */
export function fitsFile(fragment: Fragment, baseUtcMs: number): boolean {
  return fragment.tracks.every((track) => track.startTicks >= baseTicks(baseUtcMs, track.timescale));
}

function utcMsFloor(ticks: number, timescale: number): number {
  const seconds = Math.floor(ticks / timescale);
  return seconds * 1000 + Math.floor(((ticks - seconds * timescale) * 1000) / timescale);
}
