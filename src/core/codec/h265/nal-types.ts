/** Types of H.265 NAL units (H.265 table 7-1) and of RTP payloads (RFC 7798 §1.1.4): six bits after the first of the header. */
import type { NalKind, NalSyntax } from '../nal/video-setup.ts';

export const NAL_RADL_N = 6;
const NAL_RASL_N = 8;
export const NAL_RASL_R = 9;
/** Below it even types are sub-layer non-reference pictures. */
export const NAL_LAST_RESERVED_N = 14;
const NAL_FIRST_KEY = 16;
export const NAL_IDR_W_RADL = 19;
export const NAL_IDR_N_LP = 20;
/** BLA 16 to 18, IDR 19 and 20, CRA 21. */
const NAL_LAST_KEY = 21;
/** 22 and 23 are reserved random access pictures. */
export const NAL_LAST_IRAP = 23;
const NAL_LAST_SLICE = 31;
export const NAL_VPS = 32;
export const NAL_SPS = 33;
export const NAL_PPS = 34;
const NAL_AUD = 35;
const NAL_FILLER = 38;

export const RTP_AP = 48;
export const RTP_FU = 49;
export const RTP_PACI = 50;

export const H265_SYNTAX: NalSyntax = { headerBytes: 2, kindOf, startsPicture, leansBack };

export function nalTypeAt(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) >> 1) & 63;
}

export function isKeyType(type: number): boolean {
  return type >= NAL_FIRST_KEY && type <= NAL_LAST_KEY;
}

/** A temporal id of 0 is none (§7.4.2.2): most likely a start code where a header should be. */
function kindOf(nal: Uint8Array): NalKind {
  if (((nal[1] ?? 0) & 7) === 0) return 'stripped';
  const type = nalTypeAt(nal, 0);
  if (isKeyType(type)) return 'key-slice';
  if (type <= NAL_LAST_SLICE) return 'slice';
  if (type === NAL_VPS || type === NAL_SPS || type === NAL_PPS) return 'parameter-set';
  return type === NAL_AUD || type === NAL_FILLER ? 'stripped' : 'other';
}

/** `first_slice_segment_in_pic_flag`. */
function startsPicture(nal: Uint8Array): boolean {
  return ((nal[2] ?? 0) & 0x80) !== 0;
}

function leansBack(nal: Uint8Array): boolean {
  const type = nalTypeAt(nal, 0);
  return type === NAL_RASL_N || type === NAL_RASL_R;
}
