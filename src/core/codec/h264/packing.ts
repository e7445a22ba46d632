/** How H.264 aggregates and fragments begin (RFC 6184 §5.7.1, §5.8). */
import type { NalPacking } from '../nal/nal-packetizer.ts';
import { RTP_FU_A, RTP_STAP_A } from './nal-types.ts';

export const H264_PACKING: NalPacking = { headerBytes: 1, aggregateHead, fragmentHead };

/** NRI is the highest of those inside. */
function aggregateHead(nals: readonly Uint8Array[]): readonly number[] {
  return [Math.max(0, ...nals.map((nal) => (nal[0] ?? 0) & 0x60)) | RTP_STAP_A];
}

function fragmentHead(nal: Uint8Array, start: boolean, end: boolean): readonly number[] {
  const header = nal[0] ?? 0;
  return [(header & 0xe0) | RTP_FU_A, (start ? 0x80 : 0) | (end ? 0x40 : 0) | (header & 31)];
}
