/**
 * Base64 as it comes down a tunnel (RFC 4648 §4): cut anywhere, broken into lines, and padded wherever the sender's write ended, since each write is
 * encoded alone.
 */
const PAD = 0x3d;
const SKIPPED = 0xff;

/** Value of each byte; SKIPPED for what is no digit: line ends, blanks, junk. */
const DIGITS: Uint8Array = digits();

export class Base64Stream {
  /** Bits of the group that is not complete, and how many of its digits came. */
  #bits = 0;
  #count = 0;

  /** The bytes that `text` completes, in a buffer of their own. Never throws. */
  push(text: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(((text.length + this.#count) * 3) / 4));
    let length = 0;
    for (const character of text) {
      if (character === PAD) {
        length = this.#endGroup(bytes, length);
        continue;
      }
      const digit = DIGITS[character] ?? SKIPPED;
      if (digit === SKIPPED) continue;
      this.#bits = (this.#bits << 6) | digit;
      this.#count += 1;
      if (this.#count < 4) continue;
      bytes[length] = this.#bits >> 16;
      bytes[length + 1] = this.#bits >> 8;
      bytes[length + 2] = this.#bits;
      length += 3;
      this.#bits = 0;
      this.#count = 0;
    }
    return bytes.subarray(0, length);
  }

  /** Padding: two or three digits are one or two bytes. The second '=' of a pair finds nothing more. */
  #endGroup(bytes: Uint8Array, at: number): number {
    let length = at;
    if (this.#count >= 2) bytes[length++] = this.#bits >> (this.#count * 6 - 8);
    if (this.#count === 3) bytes[length++] = this.#bits >> 2;
    this.#bits = 0;
    this.#count = 0;
    return length;
  }
}

function digits(): Uint8Array {
  const table = new Uint8Array(256).fill(SKIPPED);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
}
