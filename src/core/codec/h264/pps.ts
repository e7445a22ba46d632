/** A picture parameter set (H.264 §7.3.2.2): its ids, and what slice headers need of it. */
import { BitReader, rbspOf } from '../../bytes/bit-reader.ts';
import { hexOf } from '../../bytes/hex.ts';

const MAX_PPS_ID = 255;
const MAX_SPS_ID = 31;
/** Ids and flags stand at the start. */
const HEAD_BYTES = 24;

export interface H264Pps {
  readonly id: number;
  readonly spsId: number;
  readonly bottomFieldOrderPresent: boolean;
  readonly identity: string;
}

/** Reads a whole NAL unit of type 8; undefined if it is junk. */
export function parseH264Pps(nal: Uint8Array): H264Pps | undefined {
  const reader = new BitReader(rbspOf(nal, 1, HEAD_BYTES));
  const id = reader.ue();
  const spsId = reader.ue();
  reader.skip(1); // entropy_coding_mode_flag
  const bottomFieldOrderPresent = reader.flag();
  if (reader.overrun || id > MAX_PPS_ID || spsId > MAX_SPS_ID) return undefined;
  return { id, spsId, bottomFieldOrderPresent, identity: hexOf(nal.subarray(1)) };
}
