/** How H.265 aggregates and fragments begin (RFC 7798 §4.4.2, §4.4.3). */
import type { NalPayloadSyntax } from '../nal/split-payload.ts';
import { RTP_AP, RTP_FU, nalTypeAt } from './nal-types.ts';

export const H265_PACKING: NalPayloadSyntax = { headerBytes: 2, aggregateHead, fragmentHead, payloadKind };

/** Layer and temporal id are the lowest of those inside; parameter sets are all of layer 0, first temporal layer. */
function aggregateHead(): readonly number[] {
  return [RTP_AP << 1, 1];
}

function fragmentHead(nal: Uint8Array, start: boolean, end: boolean): readonly number[] {
  const flags = (start ? 0x80 : 0) | (end ? 0x40 : 0);
  return [((nal[0] ?? 0) & 0x81) | (RTP_FU << 1), nal[1] ?? 0, flags | nalTypeAt(nal, 0)];
}

function payloadKind(payload: Uint8Array): 'unit' | 'aggregate' | 'fragment' | 'other' {
  const type = nalTypeAt(payload, 0);
  if (type === RTP_AP) return 'aggregate';
  if (type === RTP_FU) return 'fragment';
  return type < RTP_AP ? 'unit' : 'other';
}
