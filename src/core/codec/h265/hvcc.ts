/**
 * HEVCDecoderConfigurationRecord (ISO 14496-15 §8.3.3.1), the payload of `hvcC`.
 *
 *     version:u8=1 | space:2 tier:1 profile:5 | compatibility:u32 | constraints:48 | level:u8
 *     1111 min_spatial_segmentation:12 | 111111 parallelism:2 | 111111 chroma:2 | 11111 depth−8:3 | 11111 depth−8:3
 *     avgFrameRate:u16 | constantFrameRate:2 temporalLayers:3 nested:1 lengthSizeMinusOne:2
 *     numArrays:u8 ( complete:1 0 type:6  count:u16 (length:u16 nal)… )…
 */
import { box, u16, u32 } from '../../mp4/write/box.ts';
import { NAL_PPS, NAL_SPS, NAL_VPS } from './nal-types.ts';
import type { H265Sps } from './sps.ts';

const FIXED_BYTES = 23;
const LENGTH_MINUS_ONE = 3;

export interface HevcConfiguration {
  readonly lengthBytes: 1 | 2 | 3 | 4;
  /** Views: NAL units of all arrays, in order. */
  readonly sets: readonly Uint8Array[];
}

export interface HevcSets {
  readonly vps: readonly Uint8Array[];
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

export function writeHvcC(sps: H265Sps, sets: HevcSets): Uint8Array {
  const ptl = sps.profileTierLevel;
  return box(
    'hvcC',
    [1, (ptl.profileSpace << 6) | (ptl.highTier ? 0x20 : 0) | ptl.profile],
    u32(ptl.compatibility),
    ptl.constraints,
    [ptl.level, ...u16(0xf000), 0xfc, 0xfc | sps.chromaFormat],
    [0xf8 | (sps.bitDepthLuma - 8), 0xf8 | (sps.bitDepthChroma - 8), ...u16(0)],
    [(sps.temporalLayers << 3) | (sps.temporalIdNesting ? 4 : 0) | LENGTH_MINUS_ONE, 3],
    ...writeArray(NAL_VPS, sets.vps),
    ...writeArray(NAL_SPS, sets.sps),
    ...writeArray(NAL_PPS, sets.pps),
  );
}

/** Undefined if it is cut off. The version is not looked at: some writers leave 0. */
export function parseHvcC(payload: Uint8Array): HevcConfiguration | undefined {
  if (payload.length < FIXED_BYTES) return undefined;
  const sets: Uint8Array[] = [];
  const arrays = payload[22] ?? 0;
  let at = FIXED_BYTES;
  for (let i = 0; i < arrays; i++) {
    const count = u16At(payload, at + 1);
    at += 3;
    for (let j = 0; j < count; j++) {
      const length = u16At(payload, at);
      if (at + 2 + length > payload.length) return undefined;
      sets.push(payload.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return { lengthBytes: lengthBytes(payload[21] ?? 0), sets };
}

/** Complete: none of them in-band (hvc1). */
function writeArray(type: number, nals: readonly Uint8Array[]): readonly (Uint8Array | readonly number[])[] {
  return [[0x80 | type, ...u16(nals.length)], ...nals.flatMap((nal) => [u16(nal.length), nal])];
}

function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function lengthBytes(field: number): 1 | 2 | 3 | 4 {
  const minusOne = field & 3;
  return minusOne === 0 ? 1 : minusOne === 1 ? 2 : minusOne === 2 ? 3 : 4;
}
