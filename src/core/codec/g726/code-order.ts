/**
 * The two orders in which the codewords of G.726 lie in bytes (RFC 3551 §4.5.4). G726-xx has the first codeword in the least significant bits;
 * AAL2-G726-xx, as ITU-T I.366.2 Annex E packs it, in the most significant. For 3 bits:
 *
 *     G726-24       c1 c0 b2 b1 b0 a2 a1 a0 | …        AAL2-G726-24       a2 a1 a0 b2 b1 b0 c2 c1 | …
 */

/** AAL2 order into that of RFC 3551. `bytes` holds a whole number of codewords. A copy. */
export function fromAal2(bytes: Uint8Array, bits: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length * 8; at += bits) {
    const value = ((wordAt(bytes, at) << (at & 7)) >> (16 - bits)) & ((1 << bits) - 1);
    putWord(out, at, value << (at & 7));
  }
  return out;
}

/** The inverse. */
export function toAal2(bytes: Uint8Array, bits: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length * 8; at += bits) {
    const low = (bytes[at >> 3] ?? 0) | ((bytes[(at >> 3) + 1] ?? 0) << 8);
    const value = (low >> (at & 7)) & ((1 << bits) - 1);
    const high = value << (16 - bits - (at & 7));
    putWord(out, at, (high >> 8) | ((high & 255) << 8));
  }
  return out;
}

/** The two bytes in which the codeword at bit `at` lies, the first one high. */
function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at >> 3] ?? 0) << 8) | (bytes[(at >> 3) + 1] ?? 0);
}

/** Sets bits of two bytes, the first one low. */
function putWord(out: Uint8Array, at: number, word: number): void {
  const byte = at >> 3;
  out[byte] = (out[byte] ?? 0) | (word & 255);
  if (word > 255) out[byte + 1] = (out[byte + 1] ?? 0) | (word >> 8);
}
