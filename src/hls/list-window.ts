/**
 * Which segments of a timeline's head a live list names, and the numbers that go with them. Pure.
 *
 *     head:   n  n+1  n+2 │ n+3 … n+8        listed: the newest six, or as many as last three target durations
 *             still fetchable │ listed       never going back, numbers without a hole
 */
import type { PlaylistSegment } from '../core/hls/segment-tags.ts';
import { viewName } from '../core/url/view.ts';
import type { SegmentEntry } from '../stream/fragment.ts';
import { LISTED_TARGETS_MIN, type HeadSegment, type TimelineHead } from '../stream/timeline.ts';

/** AS 8.11. */
const LISTED_SEGMENTS_MIN = 6;

export interface ListWindow {
  readonly segments: readonly HeadSegment[];
  /** Discontinuities up to and with the first listed segment's own, whose tag is left out: a list does not begin with a break. */
  readonly discontinuitySequence: number;
}

/** `firstBefore`: the first number of the version before; a list drops from its front and never takes back what it dropped. */
export function listWindow(head: TimelineHead, firstBefore: number): ListWindow {
  const { segments } = head;
  const shortestMs = LISTED_TARGETS_MIN * 1000 * (head.generation?.targetDurationS ?? 0);
  let start = segments.length;
  for (let ms = 0; start > 0; start--) {
    const segment = segments[start - 1];
    const next = segments[start];
    if (segment === undefined || segment.number < firstBefore) break;
    // The media sequence counts one a segment: what lies before a hole in the numbers cannot be named in the same list.
    if (next !== undefined && next.number !== segment.number + 1) break;
    if (segments.length - start >= LISTED_SEGMENTS_MIN && ms >= shortestMs) break;
    ms += segment.durationMs;
  }
  let discontinuitySequence = head.discontinuitiesBefore;
  for (const segment of segments.slice(0, start + 1)) if (segment.discontinuity) discontinuitySequence++;
  return { segments: segments.slice(start), discontinuitySequence };
}

/** An entry of a list; the first has no break before it. */
export function playlistSegment(segment: SegmentEntry, isFirst: boolean): PlaylistSegment {
  return {
    uri: viewName({ kind: 'segment', number: segment.number }),
    durationMs: segment.durationMs,
    startUtcMs: segment.startUtcMs,
    discontinuity: segment.discontinuity && !isFirst,
    mapUri: viewName({ kind: 'init', hash: segment.initHash }),
  };
}
