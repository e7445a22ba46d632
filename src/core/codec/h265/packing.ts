/** How H.265 aggregates and fragments begin (RFC 7798 §4.4.2, §4.4.3). */
import type { NalPacking } from '../nal/nal-packetizer.ts';
import { RTP_AP, RTP_FU, nalTypeAt } from './nal-types.ts';

export const H265_PACKING: NalPacking = { headerBytes: 2, aggregateHead, fragmentHead };

/** Layer and temporal id are the lowest of those inside; parameter sets are all of layer 0, first temporal layer. */
function aggregateHead(): readonly number[] {
  return [RTP_AP << 1, 1];
}

function fragmentHead(nal: Uint8Array, start: boolean, end: boolean): readonly number[] {
  const flags = (start ? 0x80 : 0) | (end ? 0x40 : 0);
  return [((nal[0] ?? 0) & 0x81) | (RTP_FU << 1), nal[1] ?? 0, flags | nalTypeAt(nal, 0)];
}
