/**
 * Reads a compound RTCP packet as devices send it: broken source descriptions (Hanwha, Xenon, Hikvision: gsl#1099) and packets of
 * unknown type are passed over, a length that reaches past the end stops the reading; all of it is counted.
 */
import { RTCP_GOODBYE, RTCP_RECEIVER_REPORT, RTCP_SENDER_REPORT, RTCP_SOURCE_DESCRIPTION } from './packet.ts';
import type { ReportBlock, RtcpPacket, SourceDescription } from './packet.ts';

export interface RtcpCompound {
  readonly packets: readonly RtcpPacket[];
  /** Packets or chunks that could not be read. */
  readonly malformed: number;
}

const HEADER_BYTES = 4;
const SENDER_INFO_BYTES = 24;
const REPORT_BLOCK_BYTES = 24;
const SDES_CNAME = 1;

/** Never throws; values are copies. */
export function parseRtcp(bytes: Uint8Array): RtcpCompound {
  const packets: RtcpPacket[] = [];
  let malformed = 0;
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const first = bytes[at] ?? 0;
    const length = 4 * (1 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)));
    if (first >> 6 !== 2 || at + length > bytes.length) break;
    const packet = parseOne(bytes[at + 1] ?? 0, first & 31, new DataView(bytes.buffer, bytes.byteOffset + at, length));
    if (packet === 'malformed' || (packet?.kind === 'source-description' && packet.broken)) malformed += 1;
    if (packet !== undefined && packet !== 'malformed') packets.push(packet);
    at += length;
  }
  if (at !== bytes.length) malformed += 1;
  return { packets, malformed };
}

/** Undefined: a type that we do not read (APP, feedback). */
function parseOne(type: number, count: number, view: DataView): RtcpPacket | 'malformed' | undefined {
  switch (type) {
    case RTCP_SENDER_REPORT:
      if (view.byteLength < HEADER_BYTES + SENDER_INFO_BYTES) return 'malformed';
      return {
        kind: 'sender-report',
        ssrc: view.getUint32(4),
        ntpSeconds: view.getUint32(8),
        ntpFraction: view.getUint32(12),
        rtpTimestamp: view.getUint32(16),
        packets: view.getUint32(20),
        octets: view.getUint32(24),
        reports: parseReports(view, HEADER_BYTES + SENDER_INFO_BYTES, count),
      };
    case RTCP_RECEIVER_REPORT:
      if (view.byteLength < HEADER_BYTES + 4) return 'malformed';
      return { kind: 'receiver-report', ssrc: view.getUint32(4), reports: parseReports(view, HEADER_BYTES + 4, count) };
    case RTCP_SOURCE_DESCRIPTION:
      return parseSourceDescription(view, count);
    case RTCP_GOODBYE: {
      const ssrcs: number[] = [];
      for (let i = 0; i < count && 8 + 4 * i <= view.byteLength; i++) ssrcs.push(view.getUint32(4 + 4 * i));
      return { kind: 'goodbye', ssrcs };
    }
    default:
      return undefined;
  }
}

function parseReports(view: DataView, from: number, count: number): readonly ReportBlock[] {
  const reports: ReportBlock[] = [];
  for (let i = 0, at = from; i < count && at + REPORT_BLOCK_BYTES <= view.byteLength; i++, at += REPORT_BLOCK_BYTES) {
    reports.push({
      ssrc: view.getUint32(at),
      fractionLost: view.getUint8(at + 4),
      cumulativeLost: (view.getInt32(at + 4) << 8) >> 8,
      highestSequence: view.getUint32(at + 8),
      jitter: view.getUint32(at + 12),
      lastSenderReport: view.getUint32(at + 16),
      delaySinceLastSenderReport: view.getUint32(at + 20),
    });
  }
  return reports;
}

/** Chunks of `ssrc:u32 (type:u8 length:u8 text)* 0…` up to a word's border (§6.5); what comes before the break is kept. */
function parseSourceDescription(view: DataView, count: number): SourceDescription {
  const cnames: { ssrc: number; cname: string }[] = [];
  const broken: SourceDescription = { kind: 'source-description', cnames, broken: true };
  let at = HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + 4 > view.byteLength) return broken;
    const ssrc = view.getUint32(at);
    at += 4;
    while (at < view.byteLength && view.getUint8(at) !== 0) {
      const length = at + 1 < view.byteLength ? view.getUint8(at + 1) : 255;
      if (at + 2 + length > view.byteLength) return broken;
      if (view.getUint8(at) === SDES_CNAME) {
        const text = new Uint8Array(view.buffer, view.byteOffset + at + 2, length);
        cnames.push({ ssrc, cname: new TextDecoder('utf-8').decode(text) });
      }
      at += 2 + length;
    }
    at = (at + 4) & ~3;
  }
  return { ...broken, broken: false };
}
