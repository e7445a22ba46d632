/**
 * Integers in as few bytes as they need: seven bits a byte, lowest first, the top bit set on all but the last (LEB128);
 * signed values folded so that small ones stay small (0, −1, 1, −2 … → 0, 1, 2, 3 …). Values below 2^52.
 */
import { WeirError } from '../errors.ts';

/** Grows by doubling: a file's sample table is some tens of KB. */
export class VarintWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  unsigned(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#byte((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.#byte(rest);
  }

  signed(value: number): void {
    this.unsigned(VarintWriter.folded(value));
  }

  static folded(value: number): number {
    return value < 0 ? -2 * value - 1 : 2 * value;
  }

  raw(part: Uint8Array): void {
    for (const byte of part) this.#byte(byte);
  }

  /** A view, until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = value;
  }
}

/** Reads what VarintWriter wrote. Throws `mp4-invalid` past the end, or at a value that no writer of ours makes. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new WeirError('mp4-invalid', 'MP4: a sample table that is cut off');
      value += (byte & 127) * scale;
      if (!Number.isSafeInteger(value)) throw new WeirError('mp4-invalid', 'MP4: a number too large in a sample table');
      if (byte < 128) return value;
      scale *= 128;
      if (scale > 2 ** 49) throw new WeirError('mp4-invalid', 'MP4: a number too long in a sample table');
    }
  }

  signed(): number {
    return VarintReader.unfolded(this.unsigned());
  }

  static unfolded(value: number): number {
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  raw(length: number): Uint8Array {
    if (length > this.left) throw new WeirError('mp4-invalid', 'MP4: a sample table that is cut off');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
