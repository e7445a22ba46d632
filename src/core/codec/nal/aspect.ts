/** Sample aspect ratios by aspect_ratio_idc (H.264 table E-1, H.265 table E-1: the same). */
import type { BitReader } from '../../bytes/bit-reader.ts';

export const SQUARE: readonly [number, number] = [1, 1];

const EXTENDED_SAR = 255;
const RATIOS: readonly (readonly [number, number])[] = [
  SQUARE,
  SQUARE,
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];

/** Reads `aspect_ratio_info_present_flag` and what follows it; square where it says nothing. */
export function readAspect(reader: BitReader): readonly [number, number] {
  if (!reader.flag()) return SQUARE;
  const index = reader.bits(8);
  if (index !== EXTENDED_SAR) return RATIOS[index] ?? SQUARE;
  const width = reader.bits(16);
  const height = reader.bits(16);
  return width === 0 || height === 0 ? SQUARE : [width, height];
}
