/** Writes bits, most significant first: the inverse of `BitReader`. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #length = 0;

  /** Bits written so far. */
  get length(): number {
    return this.#length;
  }

  /** The low `count` bits of `value`, at most 32. */
  bits(value: number, count: number): this {
    for (let left = count - 1; left >= 0; left--) {
      const at = this.#length >> 3;
      const bit = Math.floor(value / 2 ** left) % 2;
      this.#bytes[at] = (this.#bytes[at] ?? 0) | (bit << (7 - (this.#length & 7)));
      this.#length += 1;
    }
    return this;
  }

  /** So many bits of `bytes`; all of them if it is not said. */
  bytes(bytes: Uint8Array, bitCount = 8 * bytes.length): this {
    for (let at = 0; at < bitCount; at += 8) {
      const count = Math.min(8, bitCount - at);
      this.bits((bytes[at >> 3] ?? 0) >> (8 - count), count);
    }
    return this;
  }

  /** What was written, padded to a byte with zeros: a copy. */
  take(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** A copy of `byteCount` bytes that begin at any bit; what is not there is 0. */
export function bytesAtBit(bytes: Uint8Array, bitOffset: number, byteCount: number): Uint8Array {
  const from = bitOffset >> 3;
  const shift = bitOffset & 7;
  const copy = new Uint8Array(byteCount);
  if (shift === 0) {
    copy.set(bytes.subarray(from, from + byteCount));
    return copy;
  }
  for (let i = 0; i < byteCount; i++)
    copy[i] = ((bytes[from + i] ?? 0) << shift) | ((bytes[from + i + 1] ?? 0) >> (8 - shift));
  return copy;
}
