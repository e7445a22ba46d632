/**
 * A sequence parameter set (H.265 §7.3.2.2 and annex E). What stands before the coding tools (size, profile, depths, reordering) must be
 * readable; the tools are passed over to reach the VUI, and if something exotic stops that (ret#112) the VUI counts as absent.
 */
import { BitReader, rbspOf } from '../../bytes/bit-reader.ts';
import { hexOf } from '../../bytes/hex.ts';
import { bitsAsText } from '../nal/bits-as-text.ts';
import { MAX_DIMENSION } from '../nal/limits.ts';
import { readProfileTierLevel } from './profile-tier-level.ts';
import type { ProfileTierLevel } from './profile-tier-level.ts';
import { skipCodingTools } from './sps-tools.ts';
import { NO_VUI, readVui } from './sps-vui.ts';

const MAX_SPS_ID = 15;

export interface H265Sps {
  readonly id: number;
  readonly vpsId: number;
  readonly profileTierLevel: ProfileTierLevel;
  readonly temporalLayers: number;
  readonly temporalIdNesting: boolean;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormat: number;
  readonly separateColourPlanes: boolean;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  readonly log2MaxLsb: number;
  readonly width: number;
  readonly height: number;
  readonly aspect: readonly [number, number];
  readonly frameRate: number | undefined;
  /** sps_max_num_reorder_pics of the highest layer. */
  readonly reorderDepth: number;
  /** Equal for sets of the same meaning: everything before the VUI, and of the VUI what changes the picture. */
  readonly identity: string;
}

/** Reads a whole NAL unit of type 33; undefined if its meaning cannot be told. */
export function parseH265Sps(nal: Uint8Array): H265Sps | undefined {
  const rbsp = rbspOf(nal, 2);
  const reader = new BitReader(rbsp);
  const vpsId = reader.bits(4);
  const maxSubLayersMinus1 = reader.bits(3);
  const temporalIdNesting = reader.flag();
  if (maxSubLayersMinus1 > 6) return undefined;
  const profileTierLevel = readProfileTierLevel(reader, maxSubLayersMinus1);
  const id = reader.ue();
  const chromaFormat = reader.ue();
  const separateColourPlanes = chromaFormat === 3 && reader.flag();
  const size = readSize(reader, chromaFormat);
  const bitDepthLuma = reader.ue() + 8;
  const bitDepthChroma = reader.ue() + 8;
  const log2MaxLsb = reader.ue() + 4;
  const reorderDepth = readReorderDepth(reader, maxSubLayersMinus1);
  if (reader.overrun || id > MAX_SPS_ID || chromaFormat > 3 || log2MaxLsb > 16 || reorderDepth > 16) return undefined;
  if (size === undefined || bitDepthLuma > 16 || bitDepthChroma > 16) return undefined;
  const tools = skipCodingTools(reader, log2MaxLsb);
  const vuiAt = reader.position;
  const vui = tools ? readVui(reader) : NO_VUI;
  const before = tools ? bitsAsText(rbsp, vuiAt) : hexOf(rbsp);
  return {
    id,
    vpsId,
    profileTierLevel,
    temporalLayers: maxSubLayersMinus1 + 1,
    temporalIdNesting,
    chromaFormat,
    separateColourPlanes,
    bitDepthLuma,
    bitDepthChroma,
    log2MaxLsb,
    ...size,
    aspect: vui.aspect,
    frameRate: vui.frameRate,
    reorderDepth,
    identity: `${before}/${vui.aspect.join(':')}/${vui.colour}`,
  };
}

/** §7.4.3.2.1: the conformance window counts in chroma samples. */
function readSize(
  reader: BitReader,
  chromaFormat: number,
): { readonly width: number; readonly height: number } | undefined {
  const codedWidth = reader.ue();
  const codedHeight = reader.ue();
  const [left, right, top, bottom] = reader.flag()
    ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()]
    : [0, 0, 0, 0];
  const width = codedWidth - (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1) * (left + right);
  const height = codedHeight - (chromaFormat === 1 ? 2 : 1) * (top + bottom);
  return width > 0 && height > 0 && codedWidth <= MAX_DIMENSION && codedHeight <= MAX_DIMENSION
    ? { width, height }
    : undefined;
}

function readReorderDepth(reader: BitReader, maxSubLayersMinus1: number): number {
  const all = reader.flag();
  let depth = 0;
  for (let i = all ? 0 : maxSubLayersMinus1; i <= maxSubLayersMinus1; i++) {
    reader.ue(); // sps_max_dec_pic_buffering_minus1
    depth = reader.ue();
    reader.ue(); // sps_max_latency_increase_plus1
  }
  return depth;
}
