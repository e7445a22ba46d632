/**
 * The seam between pictures and whatever decodes video: a key frame in, a picture out, nothing kept in between. Hostile video
 * must not take the server down, so every implementation decodes in another process.
 *
 *     Pictures ──StillJob──▶ DecoderQueue ──▶ ChildPool (node-av in child processes)
 *                                        └──▶ FfmpegProvider (an `ffmpeg` on PATH), where node-av is not installed
 */
import type { CodecParameters } from '../../core/codec/codec-parameters.ts';
import { WeirError } from '../../core/errors.ts';

export interface Decoder {
  /**
   * Decodes one key frame. Throws WeirError: `decoder-busy` (too many wait), `decoder-timeout`, `decoder-failed` (do not try the same
   * frame again), `decoder-missing`, `codec-unsupported` (too large, or no codec for it). When `signal` aborts before the
   * job is at work it is dropped and the promise rejects with the signal's reason; a job at work is finished.
   */
  still(job: StillJob, signal: AbortSignal): Promise<Picture>;
  /** Ends the processes; jobs still waiting fail with `shutting-down`. Idempotent. */
  close(): Promise<void>;
}

/** Codecs whose frames are decoded. */
export type StillCodec = 'h264' | 'h265';

/** Throws `codec-unsupported`. */
export function stillCodecOf({ parameters: { codec } }: StillJob): StillCodec {
  if (codec === 'h264' || codec === 'h265') return codec;
  throw new WeirError('codec-unsupported', `No pictures are made of ${codec}`);
}

export interface StillJob {
  /** The set-up in force for the frame, never one from a cache. */
  readonly parameters: CodecParameters;
  /** The key frame's NAL units, without start codes or length prefixes. */
  readonly nals: readonly Uint8Array[];
  /** Width of the picture in pixels, of square pixels; it is never enlarged beyond the frame's own. Undefined: the frame's own. */
  readonly width: number | undefined;
  readonly format: 'jpg';
}

export interface Picture {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** One way to decode; the queue asks the first that is there. Throws as `Decoder.still`, and `decoder-missing` if it is not installed. */
export interface DecodeProvider {
  decode(job: StillJob): Promise<Picture>;
  close(): Promise<void>;
}

/** Larger frames are refused before a decoder sees them: 8K (7680 × 4320). */
export const MAX_PIXELS = 33_177_600;
/** A key frame with its parameter sets. Longer is refused: a depacketizer's own limit is the same. */
export const MAX_JOB_BYTES = 8 * 1024 * 1024;
/** A picture that a decoder may return: an 8K JPEG has 6 MB. */
export const MAX_PICTURE_BYTES = 16 * 1024 * 1024;
