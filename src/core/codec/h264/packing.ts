/** How H.264 aggregates and fragments begin (RFC 6184 §5.7.1, §5.8). */
import type { NalPayloadSyntax } from '../nal/split-payload.ts';
import { RTP_FU_A, RTP_STAP_A } from './nal-types.ts';

export const H264_PACKING: NalPayloadSyntax = { headerBytes: 1, aggregateHead, fragmentHead, payloadKind };

/** NRI is the highest of those inside. */
function aggregateHead(nals: readonly Uint8Array[]): readonly number[] {
  return [Math.max(0, ...nals.map((nal) => (nal[0] ?? 0) & 0x60)) | RTP_STAP_A];
}

function fragmentHead(nal: Uint8Array, start: boolean, end: boolean): readonly number[] {
  const header = nal[0] ?? 0;
  return [(header & 0xe0) | RTP_FU_A, (start ? 0x80 : 0) | (end ? 0x40 : 0) | (header & 31)];
}

function payloadKind(payload: Uint8Array): 'unit' | 'aggregate' | 'fragment' | 'other' {
  const type = (payload[0] ?? 0) & 31;
  if (type === RTP_STAP_A) return 'aggregate';
  if (type === RTP_FU_A) return 'fragment';
  return type > 0 && type < RTP_STAP_A ? 'unit' : 'other';
}
