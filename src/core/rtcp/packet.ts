/**
 * RTCP packets (RFC 3550 §6) as values.
 *
 *     |V=2|P|  count  |   type        |     length in words − 1       |
 *     SR 200   RR 201   SDES 202   BYE 203
 */
export const RTCP_SENDER_REPORT = 200;
export const RTCP_RECEIVER_REPORT = 201;
export const RTCP_SOURCE_DESCRIPTION = 202;
export const RTCP_GOODBYE = 203;

/**
 * Whether a packet is RTCP, not RTP, told from its second byte: 192 to 223 are packet types, and marker with payload types 64 to 95,
 * which RTP is not to use (RFC 5761 §4). For devices that send both on one channel.
 */
export function isRtcp(packet: Uint8Array): boolean {
  const type = packet[1] ?? 0;
  return type >= 192 && type <= 223;
}

export type RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye;

export interface SenderReport {
  readonly kind: 'sender-report';
  readonly ssrc: number;
  /** As sent; both 0: the sender has no clock. See ntp.ts. */
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
  readonly reports: readonly ReportBlock[];
}

export interface ReceiverReport {
  readonly kind: 'receiver-report';
  readonly ssrc: number;
  readonly reports: readonly ReportBlock[];
}

export interface SourceDescription {
  readonly kind: 'source-description';
  /** Of the chunks that could be read. */
  readonly cnames: readonly { readonly ssrc: number; readonly cname: string }[];
  readonly broken: boolean;
}

export interface Goodbye {
  readonly kind: 'goodbye';
  readonly ssrcs: readonly number[];
}

/** What a receiver says of one sender (§6.4.1). */
export interface ReportBlock {
  readonly ssrc: number;
  /** In 1/256 since the report before. */
  readonly fractionLost: number;
  /** 24 bits, signed. */
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  /** In track ticks. */
  readonly jitter: number;
  readonly lastSenderReport: number;
  /** In 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}
