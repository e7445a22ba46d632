/**
 * Reads the clock that assets/make-demo.sh draws into the demo clip: which frame of it (0 to 599) a picture shows. Tests use it to
 * see that a picture is the right one, after any decoding, scaling and JPEG.
 *
 *     white black  b11 … b0  c3 … c0  black white          20 blocks, 1/20 of the width each, from 1/18 of the height to 13/90
 *
 * b: number of the frame; c: its three nibbles and 1010, all exclusive-ored.
 */
export interface Picture {
  /** Rows from the top, `channels` bytes a pixel; of several channels the second (green) is read. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

/** Frames of the clip: it starts again after the last. */
export const CLOCK_FRAMES = 600;

/** The number of the frame, or undefined where the blocks are not those of the clock. */
export function readClock(picture: Picture): number | undefined {
  const levels = Array.from({ length: BLOCKS }, (_, block) => levelOf(picture, block));
  const [white, black] = [(at(levels, 0) + at(levels, 19)) / 2, (at(levels, 1) + at(levels, 18)) / 2];
  if (white - black < MIN_CONTRAST) return undefined;
  const bits: number[] = [];
  for (const level of levels) {
    const share = (level - black) / (white - black);
    if (share > 0.3 && share < 0.7) return undefined;
    bits.push(share >= 0.7 ? 1 : 0);
  }
  const marks = [at(bits, 0), at(bits, 1), at(bits, 18), at(bits, 19)].join('');
  if (marks !== '1001') return undefined;
  const frame = numberOf(bits.slice(2, 14));
  const check = (frame >> 8) ^ ((frame >> 4) & 15) ^ (frame & 15) ^ 0b1010;
  return check === numberOf(bits.slice(14, 18)) ? frame : undefined;
}

const BLOCKS = 20;
/** Of 255: a clock in a picture washed out further is not a picture that a test should accept. */
const MIN_CONTRAST = 100;

/** Mean brightness of the middle half of a block. */
function levelOf({ pixels, width, height, channels }: Picture, block: number): number {
  const left = Math.round(((block + 0.25) * width) / BLOCKS);
  const right = Math.max(left + 1, Math.round(((block + 0.75) * width) / BLOCKS));
  const top = Math.round((height * (40 + 16)) / 720);
  const bottom = Math.max(top + 1, Math.round((height * (40 + 48)) / 720));
  let sum = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) sum += at(pixels, (y * width + x) * channels + (channels === 1 ? 0 : 1));
  }
  return sum / ((right - left) * (bottom - top));
}

function numberOf(bits: readonly number[]): number {
  return bits.reduce((number, bit) => number * 2 + bit, 0);
}

function at(list: ArrayLike<number>, index: number): number {
  return list[index] ?? Number.NaN;
}
