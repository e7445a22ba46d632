import { hexOf } from '../../bytes/hex.ts';

/** The first `count` bits of `bytes`, as text that is equal exactly if they are. */
export function bitsAsText(bytes: Uint8Array, count: number): string {
  const whole = count >> 3;
  const rest = count & 7;
  const last = rest === 0 ? 0 : (bytes[whole] ?? 0) >> (8 - rest);
  return `${hexOf(bytes.subarray(0, whole))}.${last}+${rest}`;
}
