/** A picture parameter set (H.265 §7.3.2.3.1): its ids, and what slice headers need of it. */
import { BitReader, rbspOf } from '../../bytes/bit-reader.ts';
import { hexOf } from '../../bytes/hex.ts';

const MAX_PPS_ID = 63;
const MAX_SPS_ID = 15;
/** Ids and flags stand at the start. */
const HEAD_BYTES = 24;

export interface H265Pps {
  readonly id: number;
  readonly spsId: number;
  readonly outputFlagPresent: boolean;
  readonly extraSliceHeaderBits: number;
  readonly identity: string;
}

/** Reads a whole NAL unit of type 34; undefined if it is junk. */
export function parseH265Pps(nal: Uint8Array): H265Pps | undefined {
  const reader = new BitReader(rbspOf(nal, 2, HEAD_BYTES));
  const id = reader.ue();
  const spsId = reader.ue();
  reader.skip(1); // dependent_slice_segments_enabled_flag
  const outputFlagPresent = reader.flag();
  const extraSliceHeaderBits = reader.bits(3);
  if (reader.overrun || id > MAX_PPS_ID || spsId > MAX_SPS_ID) return undefined;
  return { id, spsId, outputFlagPresent, extraSliceHeaderBits, identity: hexOf(nal.subarray(2)) };
}
