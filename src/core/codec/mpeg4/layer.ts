/** The video object layer of MPEG-4 Visual (ISO 14496-2 §6.2.3): size, aspect and clock, and whether B-VOPs may come. */
import { BitReader } from '../../bytes/bit-reader.ts';
import { SQUARE } from '../nal/aspect.ts';

export interface Mpeg4Layer {
  readonly width: number;
  readonly height: number;
  readonly aspect: readonly [number, number];
  /** Ticks a second of times in pictures. */
  readonly resolution: number;
  /** Bits of such a time. */
  readonly incrementBits: number;
  readonly frameRate: number | undefined;
  /** No picture is shown after one that follows it; undefined: it does not say. */
  readonly lowDelay: boolean | undefined;
}

const RECTANGULAR = 0;
const EXTENDED_ASPECT = 15;
const VBV_BITS = 79;
/** By aspect_ratio_info (table 6-14). */
const ASPECTS: readonly (readonly [number, number])[] = [SQUARE, SQUARE, [12, 11], [10, 11], [16, 11], [40, 33]];

/** `bytes` begin after the start code; undefined if it is cut off, or not rectangular. */
export function parseMpeg4Layer(bytes: Uint8Array): Mpeg4Layer | undefined {
  const reader = new BitReader(bytes);
  reader.skip(1 + 8); // random access, object type
  if (reader.flag()) reader.skip(4 + 3); // version, priority
  const aspect = readAspect(reader);
  const lowDelay = readControl(reader);
  if (reader.bits(2) !== RECTANGULAR) return undefined;
  reader.skip(1);
  const resolution = reader.bits(16);
  const incrementBits = Math.max(1, bitsOf(resolution - 1));
  reader.skip(1);
  const fixedIncrement = reader.flag() ? reader.bits(incrementBits) : 0;
  reader.skip(1);
  const width = reader.bits(13);
  reader.skip(1);
  const height = reader.bits(13);
  if (reader.overrun || width === 0 || height === 0 || resolution === 0) return undefined;
  const frameRate = fixedIncrement > 0 ? resolution / fixedIncrement : undefined;
  return { width, height, aspect, resolution, incrementBits, frameRate, lowDelay };
}

function readAspect(reader: BitReader): readonly [number, number] {
  const index = reader.bits(4);
  if (index !== EXTENDED_ASPECT) return ASPECTS[index] ?? SQUARE;
  const width = reader.bits(8);
  const height = reader.bits(8);
  return width === 0 || height === 0 ? SQUARE : [width, height];
}

/** vol_control_parameters. */
function readControl(reader: BitReader): boolean | undefined {
  if (!reader.flag()) return undefined;
  reader.skip(2);
  const lowDelay = reader.flag();
  if (reader.flag()) reader.skip(VBV_BITS);
  return lowDelay;
}

function bitsOf(value: number): number {
  return value <= 0 ? 0 : 32 - Math.clz32(value);
}
