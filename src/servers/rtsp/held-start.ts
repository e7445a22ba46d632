/**
 * What one reader begins with, and what comes until the reply to its PLAY is out: bounded as the queue is that takes it from then on, since that reply
 * may wait, or have nobody to go to.
 *
 *     attach ── burst ──▶ ┌──────┐
 *     live batches ─────▶ │ held │ ── flow ──▶ queue
 *                         └──────┘ live bytes over HELD_BYTES: all of it goes, and what comes up to the next key frame
 */
import type { Batch } from '../../stream/batch.ts';
import { READER_QUEUE_BYTES, type ReaderLosses } from '../../stream/reader-queue.ts';

/** Live bytes; the burst is not counted. */
export const HELD_BYTES = READER_QUEUE_BYTES;

/** Alike in length and order. */
interface Held<Part> {
  readonly batches: Batch[];
  readonly parts: Part[];
}

/** `Part`: a batch in the form in which it goes out. */
export class HeldStart<Part> {
  #held: Held<Part> | undefined = { batches: [], parts: [] };
  #liveBytes = 0;
  /** Something was lost, and what follows it is of no use up to the next batch that can be decoded by itself. */
  #isBroken = false;
  readonly #losses = { overflows: 0, batches: 0, bytes: 0 };

  get losses(): ReaderLosses {
    return this.#losses;
  }

  /** Oldest first; undefined: nothing is held any more. */
  get batches(): readonly Batch[] | undefined {
    return this.#held?.batches;
  }

  /** By its place among the batches. */
  part(place: number): Part | undefined {
    return this.#held?.parts[place];
  }

  /** Holds from now on. */
  begin(burst: readonly Batch[], parts: readonly Part[]): void {
    this.#restart({ batches: [...burst], parts: [...parts] });
    this.#isBroken = false;
  }

  /** Takes the next live batch; `begins`: it can be decoded from here. False: nothing is held any more. */
  take(batch: Batch, part: Part, begins: boolean): boolean {
    if (this.#held === undefined) return false;
    const bytes = batch.buffer.length;
    if (this.#liveBytes + bytes > HELD_BYTES) {
      const { batches } = this.#held;
      this.#losses.overflows += 1;
      for (const lost of batches) this.#lose(lost);
      this.#restart({ batches: [], parts: [] });
      this.#isBroken = true;
    }
    if (this.#isBroken && !begins) {
      this.#lose(batch);
      return true;
    }
    this.#isBroken = false;
    this.#held?.batches.push(batch);
    this.#held?.parts.push(part);
    this.#liveBytes += bytes;
    return true;
  }

  /** Holds nothing any more; returns what it held. */
  end(): readonly Part[] {
    const parts = this.#held?.parts ?? [];
    this.#restart(undefined);
    return parts;
  }

  #restart(held: Held<Part> | undefined): void {
    this.#held = held;
    this.#liveBytes = 0;
  }

  #lose({ buffer }: Batch): void {
    this.#losses.batches += 1;
    this.#losses.bytes += buffer.length;
  }
}

/** Before and after the reply. */
export function lostInAll(held: ReaderLosses, queue: ReaderLosses): ReaderLosses {
  return {
    overflows: held.overflows + queue.overflows,
    batches: held.batches + queue.batches,
    bytes: held.bytes + queue.bytes,
  };
}
