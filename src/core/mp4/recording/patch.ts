/**
 * Moves fragments in time without muxing them again: the timeline counts from 1970, a file on disk from its own start. Only
 * the 64-bit decode times change; taken off and added back they give the same bytes.
 */
import { parseFragment } from '../read/fragment.ts';
import type { TfdtOffset } from '../write/fragment.ts';

/**
 * Adds `deltaTicksOf(trackId)` (negative: takes off) to each decode time, in place: `bytes` must be the caller's own copy.
 * `position` is where `bytes` begins in what the offsets count from. The sum must stay within 0 and 2^53.
 */
export function shiftTfdts(
  bytes: Uint8Array,
  offsets: readonly TfdtOffset[],
  deltaTicksOf: (trackId: number) => number,
  position = 0,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { trackId, offset } of offsets) {
    const at = offset - position;
    const ticks = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4) + deltaTicksOf(trackId);
    view.setUint32(at, Math.floor(ticks / 2 ** 32));
    view.setUint32(at + 4, ticks % 2 ** 32);
  }
}

/** The decode times of all whole fragments in `bytes`, from `offset` on. Throws `mp4-invalid`. */
export function findTfdts(bytes: Uint8Array, offset = 0): readonly TfdtOffset[] {
  const found: TfdtOffset[] = [];
  for (let at = offset; ;) {
    const fragment = parseFragment(bytes, at);
    if (fragment === undefined) return found;
    for (const run of fragment.tracks) {
      if (run.tfdtOffset !== undefined) found.push({ trackId: run.trackId, offset: run.tfdtOffset });
    }
    at = fragment.end;
  }
}

/** Ticks that stand between 1970 and `baseUtcMs`, as files on disk leave them out. */
export function baseTicks(baseUtcMs: number, timescale: number): number {
  // Exact in integers: base × timescale can pass 2^53 (1.8 × 10^12 ms × 90 kHz), the quotient cannot.
  const seconds = Math.floor(baseUtcMs / 1000);
  return seconds * timescale + Math.floor(((baseUtcMs - seconds * 1000) * timescale) / 1000);
}
