/**
 * The beginning of VP9's uncompressed header (VP9 bitstream specification §6.2).
 *
 *     10 profile:2 [reserved if 3] show_existing:1 | inter:1 show:1 resilient:1 | key: 49 83 42, colour, width−1:16 height−1:16 …
 */
import { BitReader } from '../../bytes/bit-reader.ts';

export interface Vp9KeyHeader {
  readonly key: true;
  readonly profile: number;
  readonly bitDepth: number;
  /** color_space (§7.2.2): 1 BT.601, 2 BT.709, … 7 sRGB. */
  readonly colorSpace: number;
  readonly fullRange: boolean;
  /** Subsampling across and down: 1 halves. */
  readonly subsampling: readonly [number, number];
  readonly width: number;
  readonly height: number;
}

export type Vp9FrameHeader = Vp9KeyHeader | { readonly key: false };

const FRAME_MARKER = 2;
const SYNC_CODE = 0x498342;
const SRGB = 7;
/** What is read ends within it. */
export const VP9_HEADER_BYTES = 16;

/** `frame` may be cut off after VP9_HEADER_BYTES; undefined if it is no frame. */
export function parseVp9FrameHeader(frame: Uint8Array): Vp9FrameHeader | undefined {
  const reader = new BitReader(frame.subarray(0, VP9_HEADER_BYTES));
  if (reader.bits(2) !== FRAME_MARKER) return undefined;
  const profile = reader.bit() + 2 * reader.bit();
  if (profile === 3) reader.skip(1);
  const showExisting = reader.flag();
  if (showExisting || reader.flag()) return reader.overrun ? undefined : { key: false };
  reader.skip(2);
  if (reader.bits(24) !== SYNC_CODE) return undefined;
  const colour = readColour(reader, profile);
  const width = reader.bits(16) + 1;
  const height = reader.bits(16) + 1;
  return reader.overrun ? undefined : { key: true, profile, ...colour, width, height };
}

function readColour(
  reader: BitReader,
  profile: number,
): Pick<Vp9KeyHeader, 'bitDepth' | 'colorSpace' | 'fullRange' | 'subsampling'> {
  const bitDepth = profile < 2 ? 8 : reader.flag() ? 12 : 10;
  const colorSpace = reader.bits(3);
  const chosen = (profile & 1) === 1;
  if (colorSpace === SRGB) {
    if (chosen) reader.skip(1);
    return { bitDepth, colorSpace, fullRange: true, subsampling: [0, 0] };
  }
  const fullRange = reader.flag();
  if (!chosen) return { bitDepth, colorSpace, fullRange, subsampling: [1, 1] };
  const subsampling = [reader.bit(), reader.bit()] as const;
  reader.skip(1);
  return { bitDepth, colorSpace, fullRange, subsampling };
}
