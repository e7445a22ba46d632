/**
 * AVCDecoderConfigurationRecord (ISO 14496-15 §5.3.3.1), the payload of `avcC`.
 *
 *     version:u8=1 profile:u8 compatibility:u8 level:u8 | 111111 lengthSizeMinusOne:2 | 111 numSPS:5 (length:u16 sps)…
 *     numPPS:u8 (length:u16 pps)… | high profiles: 111111 chroma:2  11111 depth−8:3  11111 depth−8:3  numExt:u8=0
 */
import { box, u16 } from '../../mp4/write/box.ts';
import type { H264Sps } from './sps.ts';

/** Those that §5.3.3.1.2 names; others (e.g. 44, 244) carry the same fields in practice. */
const PROFILES_WITHOUT_CHROMA: ReadonlySet<number> = new Set([66, 77, 88]);
const FIXED_BYTES = 6;

export interface AvcConfiguration {
  readonly lengthBytes: 1 | 2 | 3 | 4;
  /** Views: SPS and PPS, in order. */
  readonly sets: readonly Uint8Array[];
}

export function writeAvcC(sps: H264Sps, spsBytes: Uint8Array, ppsBytes: readonly Uint8Array[]): Uint8Array {
  const chroma = PROFILES_WITHOUT_CHROMA.has(sps.profile)
    ? []
    : [0xfc | sps.chromaFormat, 0xf8 | (sps.bitDepthLuma - 8), 0xf8 | (sps.bitDepthChroma - 8), 0];
  return box(
    'avcC',
    [1, sps.profile, sps.constraints, sps.level, 0xff, 0xe1],
    u16(spsBytes.length),
    spsBytes,
    [ppsBytes.length],
    ...ppsBytes.flatMap((pps) => [u16(pps.length), pps]),
    chroma,
  );
}

/** Undefined if it is not version 1 or cut off within the sets. */
export function parseAvcC(payload: Uint8Array): AvcConfiguration | undefined {
  if (payload.length < FIXED_BYTES + 1 || payload[0] !== 1) return undefined;
  const sets: Uint8Array[] = [];
  let at = readSets(payload, FIXED_BYTES, (payload[5] ?? 0) & 31, sets);
  if (at === undefined || at >= payload.length) return undefined;
  at = readSets(payload, at + 1, payload[at] ?? 0, sets);
  return at === undefined ? undefined : { lengthBytes: lengthBytes(payload[4] ?? 0), sets };
}

function readSets(payload: Uint8Array, from: number, count: number, sets: Uint8Array[]): number | undefined {
  let at = from;
  for (let i = 0; i < count; i++) {
    const length = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
    if (at + 2 + length > payload.length) return undefined;
    sets.push(payload.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return at;
}

function lengthBytes(field: number): 1 | 2 | 3 | 4 {
  const minusOne = field & 3;
  return minusOne === 0 ? 1 : minusOne === 1 ? 2 : minusOne === 2 ? 3 : 4;
}
