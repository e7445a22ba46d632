/**
 * Bytes that wait for their successors: appended in pieces, taken as one. Grows by doubling, so that a unit that comes a byte
 * at a time costs linear time; the caller bounds it by what it appends.
 */
export class ByteQueue {
  #buffer = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Copies `bytes` to the end. */
  append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) this.#grow(needed);
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  /** What waits, as a view that is good until the next call of another method. */
  peek(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Hands everything over and is empty: the bytes are the caller's. */
  take(): Uint8Array {
    const bytes = this.peek();
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
    return bytes;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(this.#buffer.length === 0 ? needed : Math.max(needed, 2 * this.#buffer.length));
    larger.set(this.peek());
    this.#buffer = larger;
  }
}
