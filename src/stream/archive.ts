/** The body of the timelines: what `dvr/` implements and timelines, HLS and stills read. Look-ups only; nobody waits for a writer. */
import type { CodecParameters } from '../core/codec/codec-parameters.ts';
import type { SegmentEntry } from './fragment.ts';
import type { SegmentContent } from './segment-content.ts';

export interface Archive {
  /** Unbroken spans that touch [from, to), in order of UTC, clipped to it. */
  spans(stream: string, fromUtcMs: number, toUtcMs: number): Promise<readonly RecordedSpan[]>;
  /** Known gaps that touch [from, to), each with its reason. */
  gaps(stream: string, fromUtcMs: number, toUtcMs: number): Promise<readonly RecordedGap[]>;
  /** Segments whose time touches [from, to), in order; the first may begin before `from`. At most `limit`. */
  segments(stream: string, fromUtcMs: number, toUtcMs: number, limit: number): Promise<readonly SegmentEntry[]>;
  /** A segment as it was muxed (tfdt in UTC), in one piece; undefined if it is not (or no longer) there. */
  segment(stream: string, number: number): Promise<SegmentContent | undefined>;
  /** An init as it was first written. */
  init(stream: string, hash: string): Promise<Uint8Array | undefined>;
  /** The key frame at or before `utcMs` within a recorded span, whole, with its set-up; or the nearest recorded times. */
  keyFrame(stream: string, utcMs: number): Promise<ArchivedKeyFrame | NearestTimes>;
}

export interface RecordedSpan {
  readonly id: number;
  readonly startUtcMs: number;
  readonly endUtcMs: number;
}

export const GAP_REASONS = [
  'source-offline',
  'authentication',
  'network',
  'disk',
  'schedule',
  'codec',
  'overload',
  'shutdown',
  'crash',
] as const;
export type GapReason = (typeof GAP_REASONS)[number];

export interface RecordedGap {
  readonly startUtcMs: number;
  /** Undefined while it lasts. */
  readonly endUtcMs: number | undefined;
  readonly reason: GapReason;
}

export interface ArchivedKeyFrame {
  readonly kind: 'key-frame';
  readonly utcMs: number;
  /** One sample: NAL units with 4-byte length prefixes. */
  readonly sample: Uint8Array;
  readonly initHash: string;
  readonly parameters: CodecParameters;
}

/** Nothing is recorded at the moment that was asked for: the recorded moments around it. */
export interface NearestTimes {
  readonly kind: 'nearest';
  /** Where the span before ends: itself no longer in it. */
  readonly beforeUtcMs: number | undefined;
  /** Where the span after begins. */
  readonly afterUtcMs: number | undefined;
}
