/**
 * Whether a sample is NAL units with 4-byte lengths that end exactly at its end (ISO 14496-15 §5.3.2). What a power cut left unwritten
 * reads as zeros or as old blocks of the disk, and does not add up.
 */
export function nalLengthsFit(sample: Uint8Array): boolean {
  const view = new DataView(sample.buffer, sample.byteOffset, sample.byteLength);
  let at = 0;
  while (at + 4 < sample.length) {
    const length = view.getUint32(at);
    if (length === 0) return false;
    at += 4 + length;
  }
  return at === sample.length && sample.length > 0;
}
