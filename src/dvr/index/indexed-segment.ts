/** A segment as the index knows it: what lists name, and where its bytes and key frames lie in its file. */
import { MIN_GAP_MS } from '../../state/gap-store.ts';
import type { SegmentEntry } from '../../stream/fragment.ts';

export interface IndexedSegment extends SegmentEntry {
  /** Where it begins in the file. */
  readonly offset: number;
  /** In order of time. */
  readonly keys: readonly IndexedKey[];
}

export interface IndexedKey {
  readonly ptsUtcMs: number;
  /** Where its sample lies in the file. */
  readonly offset: number;
  readonly length: number;
  readonly damaged: boolean;
}

/** Media that goes on within this is one span: frame times jitter, and a clock is slewed. */
const SPAN_JOIN_MS = MIN_GAP_MS;

export interface Run {
  /** Number of its first segment. */
  readonly number: number;
  readonly startUtcMs: number;
  readonly endUtcMs: number;
}

/** The unbroken runs among segments in the order of their numbers. */
export function runsOf(segments: readonly Omit<IndexedSegment, 'keys'>[]): readonly Run[] {
  const runs: Run[] = [];
  for (const { number, startUtcMs, durationMs } of segments) {
    const last = runs.at(-1);
    const endUtcMs = startUtcMs + durationMs;
    if (last !== undefined && joins(last.endUtcMs, startUtcMs)) runs[runs.length - 1] = { ...last, endUtcMs };
    else runs.push({ number, startUtcMs, endUtcMs });
  }
  return runs;
}

/** Whether what starts at `startUtcMs` goes on from `endUtcMs` without a break. */
export function joins(endUtcMs: number, startUtcMs: number): boolean {
  return Math.abs(startUtcMs - endUtcMs) <= SPAN_JOIN_MS;
}
