/** A disk writes no less at a time, so no power cut loses less. */
const BLOCK_BYTES = 512;

/**
 * Whether one of the file's blocks in [start, end) reads as zeros: a power cut left it unwritten. `bytes` stands at `start` of the file and
 * goes on to the end of the last block, or of the file. No media has so many zeros: NAL units never three in a row (H.264 §7.4.1), AAC
 * never more than a fill element of 269 bytes (ISO 14496-3 §4.4.2.7). The block in which `start` lies is for the caller to judge, who finds a box there.
 */
export function blockIsLost(bytes: Uint8Array, start: number, end: number): boolean {
  for (let block = Math.ceil(start / BLOCK_BYTES) * BLOCK_BYTES; block < end; block += BLOCK_BYTES) {
    if (isZero(bytes.subarray(block - start, block - start + BLOCK_BYTES))) return true;
  }
  return false;
}

/** Where the block ends in which the byte before `offset` lies. */
export function blockEnd(offset: number): number {
  return Math.ceil(offset / BLOCK_BYTES) * BLOCK_BYTES;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
