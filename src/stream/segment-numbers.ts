/**
 * Where a timeline gets its numbers from: never one twice, over restarts and over the deletion of the stream. `state/` implements it
 * over state.db, a block at a time.
 */
import type { Generation } from './timeline.ts';

export interface SegmentNumbers {
  /** Reserves what `stream` begins with; a stream that is new starts at the Unix second of its creation. */
  open(stream: string): Promise<StreamNumbers>;
}

/** The numbers of one stream, held by its timeline until closed. */
export interface StreamNumbers {
  /**
   * The next segment number: synchronous, out of a block reserved ahead (the next block is reserved before this one is used up).
   * Undefined while the database does not keep up: the segment is then not begun.
   */
  take(): number | undefined;
  /** The last generation that was saved. */
  readonly generation: Generation | undefined;
  /** Stores a new generation, in the background. */
  saveGeneration(generation: Generation): void;
  /** Gives back what is left of the block. Idempotent. */
  close(): Promise<void>;
}
