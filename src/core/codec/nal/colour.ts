import type { BitReader } from '../../bytes/bit-reader.ts';

/** Reads `video_signal_type` of a VUI (H.264 §E.1.1, H.265 §E.2.1): format and range, primaries, transfer and matrix, as text to compare. */
export function readColour(reader: BitReader): string {
  if (!reader.flag()) return '';
  const format = reader.bits(4);
  return `${format},${reader.flag() ? reader.bits(24) : ''}`;
}
