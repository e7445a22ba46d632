/** The sequence header of AV1 (AV1 bitstream specification §5.5): profile, level, size and colour. */
import { BitReader } from '../../bytes/bit-reader.ts';
import { MAX_DIMENSION } from '../nal/limits.ts';

export interface Av1SequenceHeader {
  readonly profile: number;
  /** Of the first operating point. */
  readonly level: number;
  readonly tier: 0 | 1;
  readonly bitDepth: number;
  readonly monochrome: boolean;
  /** Subsampling across and down: 1 halves. */
  readonly subsampling: readonly [number, number];
  readonly chromaSamplePosition: number;
  readonly width: number;
  readonly height: number;
  /** Pictures a second, if it says that they come evenly. */
  readonly frameRate: number | undefined;
}

const LAST_LEVEL_WITHOUT_TIER = 7;
const BT709 = 1;
const SRGB = 13;
const IDENTITY = 0;

/** `payload`: of the OBU, without header and size. Undefined if it is cut off or says what cannot be. */
export function parseAv1SequenceHeader(payload: Uint8Array): Av1SequenceHeader | undefined {
  const reader = new BitReader(payload);
  const profile = reader.bits(3);
  reader.skip(1); // still_picture
  const reducedStillPicture = reader.flag();
  const points = reducedStillPicture ? readReducedPoint(reader) : readPoints(reader);
  const widthBits = reader.bits(4) + 1;
  const heightBits = reader.bits(4) + 1;
  const width = reader.bits(widthBits) + 1;
  const height = reader.bits(heightBits) + 1;
  skipTools(reader, reducedStillPicture);
  const colour = readColour(reader, profile);
  reader.skip(1); // film_grain_params_present
  if (reader.overrun || profile > 2 || Math.max(width, height) > MAX_DIMENSION) return undefined;
  return { profile, ...points, ...colour, width, height };
}

type OperatingPoint = Pick<Av1SequenceHeader, 'level' | 'tier' | 'frameRate'>;

function readReducedPoint(reader: BitReader): OperatingPoint {
  return { level: reader.bits(5), tier: 0, frameRate: undefined };
}

function readPoints(reader: BitReader): OperatingPoint {
  const timed = reader.flag();
  const frameRate = timed ? readTiming(reader) : undefined;
  const modelled = timed && reader.flag();
  const delayBits = modelled ? reader.bits(5) + 1 : 0;
  if (modelled) reader.skip(32 + 5 + 5);
  const delayed = reader.flag();
  const count = reader.bits(5) + 1;
  let first: OperatingPoint | undefined;
  for (let i = 0; i < count; i++) {
    reader.skip(12); // operating_point_idc
    const level = reader.bits(5);
    const tier = level > LAST_LEVEL_WITHOUT_TIER ? reader.bit() : 0;
    if (modelled && reader.flag()) reader.skip(2 * delayBits + 1);
    if (delayed && reader.flag()) reader.skip(4);
    first ??= { level, tier, frameRate };
  }
  return first ?? { level: 0, tier: 0, frameRate };
}

function readTiming(reader: BitReader): number | undefined {
  const ticks = reader.bits(32);
  const scale = reader.bits(32);
  if (!reader.flag()) return undefined;
  const perPicture = reader.ue() + 1;
  return ticks > 0 && scale > 0 ? scale / (ticks * perPicture) : undefined;
}

function skipTools(reader: BitReader, reducedStillPicture: boolean): void {
  if (!reducedStillPicture && reader.flag()) reader.skip(4 + 3); // frame ids and the lengths of theirs
  reader.skip(3); // superblock size, intra filters
  if (!reducedStillPicture) {
    reader.skip(4); // compound and warped prediction, dual filter
    const ordered = reader.flag();
    if (ordered) reader.skip(2);
    const screenContent = reader.flag() ? 2 : reader.bit();
    if (screenContent > 0 && !reader.flag()) reader.skip(1);
    if (ordered) reader.skip(3);
  }
  reader.skip(3); // superresolution, filters
}

function readColour(
  reader: BitReader,
  profile: number,
): Pick<Av1SequenceHeader, 'bitDepth' | 'monochrome' | 'subsampling' | 'chromaSamplePosition'> {
  const high = reader.flag();
  const bitDepth = high ? (profile === 2 && reader.flag() ? 12 : 10) : 8;
  const monochrome = profile !== 1 && reader.flag();
  const [primaries, transfer, matrix] = reader.flag() ? [reader.bits(8), reader.bits(8), reader.bits(8)] : [2, 2, 2];
  if (monochrome) {
    reader.skip(1);
    return { bitDepth, monochrome, subsampling: [1, 1], chromaSamplePosition: 0 };
  }
  const rgb = primaries === BT709 && transfer === SRGB && matrix === IDENTITY;
  if (!rgb) reader.skip(1);
  const subsampling = rgb ? ([0, 0] as const) : readSubsampling(reader, profile, bitDepth);
  const chromaSamplePosition = subsampling[0] === 1 && subsampling[1] === 1 ? reader.bits(2) : 0;
  reader.skip(1);
  return { bitDepth, monochrome, subsampling, chromaSamplePosition };
}

function readSubsampling(reader: BitReader, profile: number, bitDepth: number): readonly [number, number] {
  if (profile === 0) return [1, 1];
  if (profile === 1) return [0, 0];
  if (bitDepth < 12) return [1, 0];
  const across = reader.bit();
  return [across, across === 1 ? reader.bit() : 0];
}
