import type { IndexedSegment } from '../index/indexed-segment.ts';
import { joins } from '../index/indexed-segment.ts';
import type { SegmentEntry } from '../../stream/fragment.ts';

/** A segment and the file that it lies in. */
export interface RecordedSegment {
  readonly segment: IndexedSegment;
  readonly file: {
    /** In the index. */
    readonly id: number;
    readonly storage: string;
    readonly path: string;
    readonly baseUtcMs: number;
    readonly initHash: string;
  };
}

/**
 * Segments as lists show them: in order of UTC; where the clock had stepped back and two recordings overlap, the later one (by number)
 * is shown; a segment that does not go on from the one before it says so, whatever it said when it was live.
 */
export function listed(segments: readonly IndexedSegment[], limit: number): readonly SegmentEntry[] {
  const ordered = segments.toSorted((a, b) => a.startUtcMs - b.startUtcMs || a.number - b.number);
  const overlap = ordered.some((segment, i) => {
    const before = ordered[i - 1];
    return before !== undefined && startsWithin(segment, before);
  });
  const shown = overlap ? withoutOverlaps(ordered) : ordered;
  return shown.slice(0, limit).map((segment, i) => entryOf(segment, shown[i - 1]));
}

function entryOf(segment: IndexedSegment, before: IndexedSegment | undefined): SegmentEntry {
  const { number, startUtcMs, durationMs, bytes, initHash, independent } = segment;
  const breaks = before !== undefined && !joins(before.startUtcMs + before.durationMs, startUtcMs);
  return {
    number,
    startUtcMs,
    durationMs,
    bytes,
    initHash,
    independent,
    discontinuity: segment.discontinuity || breaks,
  };
}

function startsWithin(segment: IndexedSegment, other: IndexedSegment): boolean {
  const endUtcMs = other.startUtcMs + other.durationMs;
  return segment.startUtcMs < endUtcMs && !joins(endUtcMs, segment.startUtcMs);
}

/** Keeps the later recording wherever two overlap: what is kept makes few unbroken intervals, which each earlier segment is held against. */
function withoutOverlaps(segments: readonly IndexedSegment[]): readonly IndexedSegment[] {
  const kept: IndexedSegment[] = [];
  const intervals: { startUtcMs: number; endUtcMs: number }[] = [];
  for (const segment of segments.toSorted((a, b) => b.number - a.number)) {
    const endUtcMs = segment.startUtcMs + segment.durationMs;
    const hidden = intervals.some(
      (interval) =>
        Math.min(endUtcMs, interval.endUtcMs) > Math.max(segment.startUtcMs, interval.startUtcMs) &&
        !joins(endUtcMs, interval.startUtcMs) &&
        !joins(interval.endUtcMs, segment.startUtcMs),
    );
    if (hidden) continue;
    kept.push(segment);
    const next = intervals.find((interval) => joins(endUtcMs, interval.startUtcMs));
    if (next === undefined) intervals.push({ startUtcMs: segment.startUtcMs, endUtcMs });
    else next.startUtcMs = segment.startUtcMs;
  }
  return kept.toSorted((a, b) => a.startUtcMs - b.startUtcMs);
}
