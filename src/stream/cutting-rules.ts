/** Where a part and a segment end: pure rules over what is in hand. Times in milliseconds of the leading track. */
import { MAX_ACCESS_UNIT_BYTES } from '../core/codec/codec.ts';

/** A part has at least so many frames (DESIGN: n = max(3, round(part / T))). */
const FRAMES_A_PART_MIN = 3;
/** PART-TARGET in parts of n frames: room for jitter. */
const PART_TARGET_FACTOR = 1.08;
/** A segment may pass TARGETDURATION by so much: players round (hls-players §3). */
export const OVERSHOOT_MS = 400;

/** What one part and one segment hold before they are cut, whatever the times in them say: 240 frames a second, 250 Mb/s. */
export const PART_FRAMES_MAX = 500;
export const PART_BYTES_MAX = 32 * 1024 * 1024;
export const SEGMENT_FRAMES_MAX = 2000;
export const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;
/** What a segment can come to with its last frame, the sound that waited for it (8 KB a frame of AAC) and its boxes: who reads it back takes so much. */
export const SEGMENT_BYTES_LONGEST = SEGMENT_BYTES_MAX + 3 * MAX_ACCESS_UNIT_BYTES;

/** What is in hand when the next frame is there. */
export interface InHand {
  /** From its first frame to the next frame. */
  readonly elapsedMs: number;
  readonly frames: number;
  readonly bytes: number;
}

export class CuttingRules {
  readonly #partMs: number;
  readonly #segmentMs: number;

  constructor(partMs: number, segmentMs: number) {
    this.#partMs = partMs;
    this.#segmentMs = segmentMs;
  }

  /** The usual part at this distance of frames: whole frames. */
  usualPartMs(frameMs: number): number {
    return this.#framesAPart(frameMs) * frameMs;
  }

  /** The part is full, or would pass PART-TARGET with the next frame. */
  endsPart(part: InHand, frameMs: number): boolean {
    if (part.frames >= this.#framesAPart(frameMs) || part.bytes >= PART_BYTES_MAX) return true;
    return part.elapsedMs + frameMs > PART_TARGET_FACTOR * this.usualPartMs(frameMs);
  }

  /**
   * The segment ends before a key frame: it has its k = max(1, round(segment / GOP)) GOPs, or another GOP would pass the longest
   * segment of the list.
   */
  endsAtKey(segment: InHand, gopMs: number, targetMs: number): boolean {
    const { elapsedMs } = segment;
    return elapsedMs >= this.#segmentMs - gopMs / 2 || elapsedMs + gopMs > targetMs + OVERSHOOT_MS;
  }

  /** The segment is cut where it stands: the next frame would pass the longest segment of the list, or it holds too much. */
  endsAnywhere(segment: InHand, frameMs: number, targetMs: number): boolean {
    if (segment.frames >= SEGMENT_FRAMES_MAX || segment.bytes >= SEGMENT_BYTES_MAX) return true;
    return segment.elapsedMs + frameMs > targetMs + OVERSHOOT_MS;
  }

  #framesAPart(frameMs: number): number {
    return Math.min(Math.max(FRAMES_A_PART_MIN, Math.round(this.#partMs / frameMs)), PART_FRAMES_MAX);
  }
}
