/**
 * Reads bits, most significant first, and Exp-Golomb codes (H.264 §9.1, H.265 §9.2). Past the end it gives zeros and says so
 * in `overrun`: whoever reads a structure asks once, at its end, instead of after each field.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #overrun = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits read so far. */
  get position(): number {
    return this.#at;
  }

  get bitsLeft(): number {
    return Math.max(0, this.#bytes.length * 8 - this.#at);
  }

  /** Something was read that is not there. */
  get overrun(): boolean {
    return this.#overrun;
  }

  bit(): 0 | 1 {
    const byte = this.#bytes[this.#at >> 3];
    if (byte === undefined) this.#overrun = true;
    const value = (((byte ?? 0) >> (7 - (this.#at & 7))) & 1) === 1 ? 1 : 0;
    this.#at += 1;
    return value;
  }

  flag(): boolean {
    return this.bit() === 1;
  }

  /** Unsigned, up to 32 bits. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.bit();
    return value;
  }

  skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#bytes.length * 8) this.#overrun = true;
  }

  /** ue(v): 0 to 2^32 − 2. A code of more than 32 leading zeros is none, and counts as an overrun. */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      zeros += 1;
      if (zeros > 32 || this.#overrun) {
        this.#overrun = true;
        return 0;
      }
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v). */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}

/**
 * The RBSP of a NAL unit after its header: emulation prevention bytes (00 00 03) taken out (H.264 §7.4.1, H.265 §7.4.2). Reads at most
 * `limit` bytes of the NAL unit, for headers of slices. A view if there was nothing to take out, a copy otherwise.
 */
export function rbspOf(nal: Uint8Array, headerBytes: number, limit = nal.length): Uint8Array {
  const payload = nal.subarray(headerBytes, Math.min(nal.length, limit));
  let zeros = 0;
  let copy: Uint8Array | undefined;
  let length = 0;
  for (let i = 0; i < payload.length; i++) {
    const byte = payload[i] ?? 0;
    if (zeros >= 2 && byte === 3) {
      copy ??= new Uint8Array(payload);
      zeros = 0;
      continue;
    }
    if (copy !== undefined) copy[length] = byte;
    length += 1;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return copy === undefined ? payload : copy.subarray(0, length);
}
