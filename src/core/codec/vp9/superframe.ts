/**
 * A superframe: frames that are decoded together and show one picture, with an index of their sizes at the end (VP9 bitstream
 * specification, annex B).
 *
 *     frame…   110 bytes−1:2 frames−1:3   size…, little endian   the first byte again
 */
import { byteLengthOf, joined } from '../access-unit.ts';
import type { Pieces } from '../access-unit.ts';

const MAX_FRAMES = 8;

/** Adds the index to frames that come without; as they are if one alone, if they are too many, or if one brings an index itself. */
export function superframeOf(frames: readonly Pieces[]): Pieces {
  const pieces = frames.flat();
  if (frames.length < 2 || frames.length > MAX_FRAMES || frames.some(endsInIndex)) return pieces;
  const sizes = frames.map(byteLengthOf);
  const bytesEach = bytesFor(Math.max(...sizes));
  const marker = 0xc0 | ((bytesEach - 1) << 3) | (frames.length - 1);
  const index = new Uint8Array(2 + bytesEach * frames.length);
  index[0] = marker;
  index[index.length - 1] = marker;
  sizes.forEach((size, i) => {
    for (let byte = 0; byte < bytesEach; byte++) index[1 + i * bytesEach + byte] = (size >> (8 * byte)) & 255;
  });
  return [...pieces, index];
}

function bytesFor(size: number): number {
  return size < 0x100 ? 1 : size < 0x1_0000 ? 2 : size < 0x100_0000 ? 3 : 4;
}

function endsInIndex(frame: Pieces): boolean {
  const marker = frame.at(-1)?.at(-1) ?? 0;
  if ((marker & 0xe0) !== 0xc0) return false;
  const length = 2 + (((marker >> 3) & 3) + 1) * ((marker & 7) + 1);
  return joined(frame).at(-length) === marker;
}
