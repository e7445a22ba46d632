/** Types of H.264 NAL units (H.264 table 7-1) and of RTP payloads (RFC 6184 table 1): the low five bits of the first byte. */
import type { NalKind, NalSyntax } from '../nal/video-setup.ts';

/** Most likely a start code where a header should be. */
const NAL_NONE = 0;
export const NAL_IDR = 5;
export const NAL_SPS = 7;
export const NAL_PPS = 8;
const NAL_AUD = 9;
const NAL_FILLER = 12;
const NAL_SPS_EXTENSION = 13;
const NAL_SUBSET_SPS = 15;
/** 1 a slice, 2 to 4 its partitions, 5 a slice of an IDR picture. */
const LAST_SLICE = NAL_IDR;

export const RTP_STAP_A = 24;
export const RTP_STAP_B = 25;
export const RTP_MTAP16 = 26;
export const RTP_MTAP24 = 27;
export const RTP_FU_A = 28;
export const RTP_FU_B = 29;

export const H264_SYNTAX: NalSyntax = { headerBytes: 1, kindOf, startsPicture, leansBack: () => false };

function kindOf(nal: Uint8Array): NalKind {
  const type = (nal[0] ?? 0) & 31;
  if (type === NAL_IDR) return 'key-slice';
  if (type >= 1 && type <= LAST_SLICE) return 'slice';
  if (type === NAL_SPS || type === NAL_PPS || type === NAL_SPS_EXTENSION || type === NAL_SUBSET_SPS)
    return 'parameter-set';
  return type === NAL_NONE || type === NAL_AUD || type === NAL_FILLER ? 'stripped' : 'other';
}

/** `first_mb_in_slice` is ue(v): 0 is a single 1. Partitions B and C do not begin a picture. */
function startsPicture(nal: Uint8Array): boolean {
  const type = (nal[0] ?? 0) & 31;
  return type !== 3 && type !== 4 && ((nal[1] ?? 0) & 0x80) !== 0;
}
