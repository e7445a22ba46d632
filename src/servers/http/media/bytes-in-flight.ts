/**
 * Counts the bytes of segments that are held in memory while they are on their way to clients, and says when there are too many. What many
 * clients take from the same memory (a live segment) counts once; what was read for one client (a recorded segment) counts for it alone.
 */
import { WeirError } from '../../../core/errors.ts';

/** Five hundred recorded segments of half a megabyte: more are asked for again after Retry-After. */
export const SEGMENT_BYTES_IN_FLIGHT_MAX = 256 * 1024 * 1024;

export class BytesInFlight {
  readonly #max: number;
  readonly #holders = new Map<object, { readonly bytes: number; count: number }>();
  #bytes = 0;
  #refused = 0;

  constructor(max = SEGMENT_BYTES_IN_FLIGHT_MAX) {
    this.#max = max;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How often there were too many. */
  get refused(): number {
    return this.#refused;
  }

  /** Returns how to let go, once. One content alone passes, however large. Throws `limit-reached`. */
  hold(holder: object, bytes: number): () => void {
    const held = this.#holders.get(holder) ?? { bytes, count: 0 };
    if (held.count === 0) this.#add(holder, held);
    held.count++;
    return () => {
      if (--held.count > 0) return;
      this.#holders.delete(holder);
      this.#bytes -= held.bytes;
    };
  }

  #add(holder: object, held: { readonly bytes: number; count: number }): void {
    if (this.#bytes > 0 && this.#bytes + held.bytes > this.#max) {
      this.#refused++;
      throw new WeirError('limit-reached', 'Too many bytes of segments are on their way to clients', {
        expected: `at most ${this.#max} bytes at a time`,
      });
    }
    this.#holders.set(holder, held);
    this.#bytes += held.bytes;
  }
}
