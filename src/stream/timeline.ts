/**
 * A stream's media as fragments, each at a place in UTC: the head in memory, the body in the archive. This interface is what
 * HLS and the recorder see; `live-timeline.ts` implements it.
 */
import type { Fragment, InitSegment, SegmentEntry } from './fragment.ts';
import type { SegmentContent } from './segment-content.ts';

/** A live list is never shorter than this many target durations (RFC 8216bis §6.2.2): the head holds what that takes, lists name it. */
export const LISTED_TARGETS_MIN = 3;

export interface Timeline {
  readonly stream: string;
  /**
   * Keeps the fragmenter running until the lease is closed; the first lease starts it, from the GOPs in memory.
   * `reason` is shown in status ('hls', 'record').
   */
  use(reason: string): Lease;
  /** Called once per fragment and segment, synchronously; must not throw. Returns how to stop. */
  subscribe(listener: TimelineListener): Lease;
  /** What the head holds now. */
  head(): TimelineHead;
  /** Resolves when the head has changed since `version`, or `signal` aborted. */
  changed(version: number, signal: AbortSignal): Promise<void>;
  /** A complete segment, from memory or from the archive; undefined if nowhere. */
  segment(number: number): Promise<SegmentContent | undefined>;
  init(hash: string): Promise<Uint8Array | undefined>;
}

export interface Lease extends Disposable {
  close(): void;
}

export interface TimelineListener {
  fragment(fragment: Fragment): void;
  /** The segment is complete: its last fragment was given before. */
  segment(entry: SegmentEntry): void;
  /** The fragmenter stopped or the source went away: what comes next begins with a discontinuity. */
  pause(): void;
}

export interface TimelineHead {
  /** Grows with every change. */
  readonly version: number;
  /** Number of the fixed constants of the current media list; undefined until the first segment's length is known. */
  readonly generation: Generation | undefined;
  /** Complete segments, oldest first: more than are listed, since a removed segment stays fetchable. */
  readonly segments: readonly HeadSegment[];
  /** Discontinuities among all segments before the first of `segments`, in this generation. */
  readonly discontinuitiesBefore: number;
  /** False while the source is away. */
  readonly live: boolean;
}

export interface HeadSegment extends SegmentEntry {
  readonly init: InitSegment;
  readonly fragments: readonly Fragment[];
}

/** Constants of a media list, which never change in it (players end for good if they do). */
export interface Generation {
  readonly number: number;
  /** Whole seconds, EXT-X-TARGETDURATION. */
  readonly targetDurationS: number;
}
