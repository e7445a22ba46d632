/** Writes compound RTCP packets (RFC 3550 §6.1): a report first, always with our CNAME. */
import { ntpFromUtcMs } from './ntp.ts';
import { RTCP_GOODBYE, RTCP_RECEIVER_REPORT, RTCP_SENDER_REPORT, RTCP_SOURCE_DESCRIPTION } from './packet.ts';
import type { ReportBlock } from './packet.ts';

/** Between sender reports (RFC 3550 §6.2). */
export const SENDER_REPORT_MS = 5000;

const SDES_CNAME = 1;
/** The length field of an SDES item is a byte. */
const MAX_CNAME_BYTES = 255;
/** The count field has 5 bits. */
const MAX_REPORT_BLOCKS = 31;

export interface SenderReportFields {
  readonly ssrc: number;
  /** The moment that `rtpTimestamp` stands for. */
  readonly utcMs: number;
  readonly rtpTimestamp: number;
  /** Sent so far, modulo 2^32: packets, and payload bytes. */
  readonly packets: number;
  readonly octets: number;
  readonly cname: string;
}

/** SR and SDES. */
export function writeSenderReport(fields: SenderReportFields): Uint8Array {
  const ntp = ntpFromUtcMs(fields.utcMs);
  const words = [fields.ssrc, ntp.seconds, ntp.fraction, fields.rtpTimestamp, fields.packets, fields.octets];
  return join(report(RTCP_SENDER_REPORT, 0, words), sourceDescription(fields.ssrc, fields.cname));
}

/** RR and SDES; without reports it still keeps a session alive. */
export function writeReceiverReport(ssrc: number, reports: readonly ReportBlock[], cname: string): Uint8Array {
  const blocks = reports.slice(0, MAX_REPORT_BLOCKS);
  const words = [ssrc];
  for (const block of blocks) {
    words.push(
      block.ssrc,
      ((block.fractionLost & 255) << 24) | (block.cumulativeLost & 0xffffff),
      block.highestSequence,
      block.jitter,
      block.lastSenderReport,
      block.delaySinceLastSenderReport,
    );
  }
  return join(report(RTCP_RECEIVER_REPORT, blocks.length, words), sourceDescription(ssrc, cname));
}

/** An empty RR, and BYE (§6.6): the sender's line ends. */
export function writeGoodbye(ssrc: number): Uint8Array {
  return join(report(RTCP_RECEIVER_REPORT, 0, [ssrc]), report(RTCP_GOODBYE, 1, [ssrc]));
}

function report(type: number, count: number, words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * words.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ((0x80 | count) << 24) | (type << 16) | words.length);
  words.forEach((word, i) => view.setUint32(4 + 4 * i, word));
  return bytes;
}

function sourceDescription(ssrc: number, cname: string): Uint8Array {
  const text = new TextEncoder().encode(cname).subarray(0, MAX_CNAME_BYTES);
  // At least one zero byte ends the chunk, then up to the next word.
  const bytes = new Uint8Array((8 + 2 + text.length + 4) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (0x81 << 24) | (RTCP_SOURCE_DESCRIPTION << 16) | (bytes.length / 4 - 1));
  view.setUint32(4, ssrc);
  bytes[8] = SDES_CNAME;
  bytes[9] = text.length;
  bytes.set(text, 10);
  return bytes;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
