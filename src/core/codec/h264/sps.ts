/**
 * A sequence parameter set (H.264 §7.3.2.1.1 and annex E): what the picture looks like, and what reading slice headers needs.
 */
import { BitReader, rbspOf } from '../../bytes/bit-reader.ts';
import { SQUARE, readAspect } from '../nal/aspect.ts';
import { bitsAsText } from '../nal/bits-as-text.ts';
import { readColour } from '../nal/colour.ts';
import { MAX_DIMENSION } from '../nal/limits.ts';

const MAX_SPS_ID = 31;
/** Profiles whose sets carry chroma format and bit depths (§7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const PROFILE_BASELINE = 66;

export interface H264Sps {
  readonly id: number;
  readonly profile: number;
  readonly constraints: number;
  readonly level: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormat: number;
  readonly separateColourPlanes: boolean;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  readonly log2MaxFrameNum: number;
  readonly order: PictureOrderSyntax;
  readonly frameMbsOnly: boolean;
  readonly width: number;
  readonly height: number;
  readonly aspect: readonly [number, number];
  readonly frameRate: number | undefined;
  /** Pictures that precede one in decoding and follow it in output, at most; undefined: the set does not say. */
  readonly reorderDepth: number | undefined;
  /** Equal for sets of the same meaning: everything before the VUI, and of the VUI what changes the picture. */
  readonly identity: string;
}

/** How slice headers carry the picture order count (§8.2.1). */
export type PictureOrderSyntax =
  | { readonly type: 0; readonly log2MaxLsb: number }
  | {
      readonly type: 1;
      readonly deltaAlwaysZero: boolean;
      readonly offsetForNonRef: number;
      readonly offsetForTopToBottom: number;
      readonly offsetsForRefFrame: readonly number[];
    }
  | { readonly type: 2 };

/** Reads a whole NAL unit of type 7; undefined if its meaning cannot be told. A VUI that cannot be read counts as none. */
export function parseH264Sps(nal: Uint8Array): H264Sps | undefined {
  const rbsp = rbspOf(nal, 1);
  const reader = new BitReader(rbsp);
  const profile = reader.bits(8);
  const constraints = reader.bits(8);
  const level = reader.bits(8);
  const id = reader.ue();
  const chroma = HIGH_PROFILES.has(profile) ? readChroma(reader) : PLAIN_CHROMA;
  const log2MaxFrameNum = reader.ue() + 4;
  const order = readOrder(reader);
  reader.ue(); // max_num_ref_frames
  reader.skip(1); // gaps_in_frame_num_value_allowed_flag
  const widthMbs = reader.ue() + 1;
  const heightMapUnits = reader.ue() + 1;
  const frameMbsOnly = reader.flag();
  if (!frameMbsOnly) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  const crop = reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0];
  if (reader.overrun || id > MAX_SPS_ID || order === undefined || log2MaxFrameNum > 16 || chroma.format > 3)
    return undefined;
  const size = croppedSize(
    widthMbs * 16,
    heightMapUnits * 16 * (frameMbsOnly ? 1 : 2),
    crop,
    chroma.format,
    frameMbsOnly,
  );
  if (size === undefined) return undefined;
  const vuiAt = reader.position;
  const vui = readVui(reader);
  return {
    id,
    profile,
    constraints,
    level,
    chromaFormat: chroma.format,
    separateColourPlanes: chroma.separatePlanes,
    bitDepthLuma: chroma.bitDepthLuma,
    bitDepthChroma: chroma.bitDepthChroma,
    log2MaxFrameNum,
    order,
    frameMbsOnly,
    ...size,
    aspect: vui.aspect,
    frameRate: vui.frameRate,
    reorderDepth: profile === PROFILE_BASELINE || order.type === 2 ? 0 : vui.reorderDepth,
    identity: `${bitsAsText(rbsp, vuiAt)}/${vui.aspect.join(':')}/${vui.colour}/${vui.reorderDepth ?? '-'}`,
  };
}

interface Chroma {
  readonly format: number;
  readonly separatePlanes: boolean;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
}

const PLAIN_CHROMA: Chroma = { format: 1, separatePlanes: false, bitDepthLuma: 8, bitDepthChroma: 8 };

function readChroma(reader: BitReader): Chroma {
  const format = reader.ue();
  const separatePlanes = format === 3 && reader.flag();
  const bitDepthLuma = reader.ue() + 8;
  const bitDepthChroma = reader.ue() + 8;
  reader.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) {
    for (let i = 0; i < (format === 3 ? 12 : 8); i++) if (reader.flag()) skipScalingList(reader, i < 6 ? 16 : 64);
  }
  return { format, separatePlanes, bitDepthLuma, bitDepthChroma };
}

/** §7.3.2.1.1.1. */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + reader.se() + 256) & 255;
    if (next !== 0) last = next;
  }
}

function readOrder(reader: BitReader): PictureOrderSyntax | undefined {
  const type = reader.ue();
  if (type === 0) {
    const log2MaxLsb = reader.ue() + 4;
    return log2MaxLsb > 16 ? undefined : { type, log2MaxLsb };
  }
  if (type === 2) return { type };
  if (type !== 1) return undefined;
  const deltaAlwaysZero = reader.flag();
  const offsetForNonRef = reader.se();
  const offsetForTopToBottom = reader.se();
  const count = reader.ue();
  if (count > 255) return undefined;
  const offsetsForRefFrame = Array.from({ length: count }, () => reader.se());
  return { type, deltaAlwaysZero, offsetForNonRef, offsetForTopToBottom, offsetsForRefFrame };
}

/** §7.4.2.1.1: cropping counts in chroma samples, and in field lines where fields can occur. */
function croppedSize(
  codedWidth: number,
  codedHeight: number,
  crop: readonly number[],
  chromaFormat: number,
  frameMbsOnly: boolean,
): { readonly width: number; readonly height: number } | undefined {
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * (frameMbsOnly ? 1 : 2);
  const width = codedWidth - unitX * (left + right);
  const height = codedHeight - unitY * (top + bottom);
  const possible = width > 0 && height > 0 && codedWidth <= MAX_DIMENSION && codedHeight <= MAX_DIMENSION;
  return possible ? { width, height } : undefined;
}

interface Vui {
  readonly aspect: readonly [number, number];
  readonly colour: string;
  readonly frameRate: number | undefined;
  readonly reorderDepth: number | undefined;
}

const NO_VUI: Vui = { aspect: SQUARE, colour: '', frameRate: undefined, reorderDepth: undefined };

/** §E.1.1. */
function readVui(reader: BitReader): Vui {
  if (!reader.flag()) return NO_VUI;
  const aspect = readAspect(reader);
  if (reader.flag()) reader.skip(1); // overscan
  const colour = readColour(reader);
  if (reader.flag()) void [reader.ue(), reader.ue()]; // chroma sample location
  const frameRate = reader.flag() ? readFrameRate(reader) : undefined;
  const nalHrd = reader.flag();
  if (nalHrd) skipHrd(reader);
  const vclHrd = reader.flag();
  if (vclHrd) skipHrd(reader);
  if (nalHrd || vclHrd) reader.skip(1); // low_delay_hrd_flag
  reader.skip(1); // pic_struct_present_flag
  const reorderDepth = reader.flag() ? readReorderDepth(reader) : undefined;
  return reader.overrun ? { ...NO_VUI, aspect } : { aspect, colour, frameRate, reorderDepth };
}

/** Two ticks make a frame (§E.2.1). */
function readFrameRate(reader: BitReader): number | undefined {
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  reader.skip(1); // fixed_frame_rate_flag
  const rate = timeScale / (2 * unitsInTick);
  return Number.isFinite(rate) && rate > 0 && rate <= 1000 ? rate : undefined;
}

function skipHrd(reader: BitReader): void {
  const count = reader.ue() + 1;
  reader.skip(8); // bit_rate_scale, cpb_size_scale
  for (let i = 0; i < count && !reader.overrun; i++) {
    reader.ue();
    reader.ue();
    reader.skip(1);
  }
  reader.skip(20); // delay lengths, time_offset_length
}

function readReorderDepth(reader: BitReader): number | undefined {
  reader.skip(1); // motion_vectors_over_pic_boundaries_flag
  for (let i = 0; i < 4; i++) reader.ue(); // bytes, bits, vector lengths
  const depth = reader.ue(); // max_num_reorder_frames
  const buffering = reader.ue();
  return depth <= 16 && depth <= buffering ? depth : undefined;
}
