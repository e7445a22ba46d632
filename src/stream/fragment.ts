/**
 * One part of a stream's timeline: `moof mdat` in one contiguous buffer, muxed once, never changed. The first part of a segment
 * begins with `styp` and the segment's `uuid` box. `tfdt` counts track ticks since 1970 (UTC).
 */
import type { InitTrack } from '../core/mp4/init-track.ts';
import type { TfdtOffset } from '../core/mp4/write/fragment.ts';

export type { InitTrack, TfdtOffset };

export interface Fragment {
  /** Number of the segment, for the life of the stream, and of the part in it (from 0). */
  readonly segment: number;
  readonly part: number;
  readonly bytes: Uint8Array;
  /** Where the 64-bit base media decode times stand in `bytes` (a track run each): a file on disk counts from its own start. */
  readonly tfdtOffsets: readonly TfdtOffset[];
  /** Start of the first video sample (audio, if there is no video) in presentation: UTC milliseconds, with a fraction. */
  readonly startUtcMs: number;
  readonly durationMs: number;
  readonly tracks: readonly FragmentTrack[];
  /** It starts with a key frame. */
  readonly independent: boolean;
  /** Some sample in it is damaged by loss. */
  readonly damaged: boolean;
  /** First part of its segment, and the segment does not follow the one before without a jump (of time or of set-up). */
  readonly discontinuity: boolean;
  readonly init: InitSegment;
}

export interface FragmentTrack {
  readonly trackId: number;
  readonly timescale: number;
  readonly startTicks: number;
  readonly durationTicks: number;
  readonly samples: number;
  /** Key frames in it (video), each with its presentation time, and where its sample lies in `bytes`. */
  readonly keys: readonly KeySample[];
}

export interface KeySample {
  readonly ptsUtcMs: number;
  readonly offset: number;
  readonly length: number;
  readonly damaged: boolean;
}

/** `ftyp moov` of a decoder set-up, durations 0: listed as `init-{hash}.mp4`, the same bytes for the same set-up, for ever. */
export interface InitSegment {
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly tracks: readonly InitTrack[];
}

/** A whole segment as lists name it. */
export interface SegmentEntry {
  readonly number: number;
  readonly startUtcMs: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly initHash: string;
  /** Its start is not the end of the segment before. */
  readonly discontinuity: boolean;
  /** It starts with a key frame. */
  readonly independent: boolean;
}
