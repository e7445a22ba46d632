/**
 * The header of an RTP packet (RFC 3550 §5.1), read without copying and patched in place.
 *
 *      0                   1                   2                   3
 *     |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *     |                           timestamp                           |
 *     |                             SSRC                              |
 *     |            CSRC × CC, header extension if X (§5.3.1)          |
 *     |            payload …            padding if P: last byte = its length
 */
export const RTP_HEADER_BYTES = 12;

export interface RtpHeader {
  readonly payloadType: number;
  readonly marker: boolean;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits. */
  readonly timestamp: number;
  readonly ssrc: number;
  /** Where the payload lies in the packet: after CSRC and extension, before padding. */
  readonly payloadOffset: number;
  readonly payloadLength: number;
}

/** What a relay makes its own in a packet that it hands on. */
export interface RtpLine {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
}

/** Reads the header of a whole packet; undefined if it is none (version, lengths). A padding that cannot be true counts as no padding. */
export function parseRtpHeader(packet: Uint8Array): RtpHeader | undefined {
  if (packet.length < RTP_HEADER_BYTES) return undefined;
  const first = packet[0] ?? 0;
  if (first >> 6 !== 2) return undefined;
  let payloadOffset = RTP_HEADER_BYTES + 4 * (first & 15);
  if ((first & 0x10) !== 0) {
    if (payloadOffset + 4 > packet.length) return undefined;
    payloadOffset += 4 + 4 * u16At(packet, payloadOffset + 2);
  }
  if (payloadOffset > packet.length) return undefined;
  const second = packet[1] ?? 0;
  return {
    payloadType: second & 127,
    marker: second >= 128,
    sequence: u16At(packet, 2),
    timestamp: u32At(packet, 4),
    ssrc: u32At(packet, 8),
    payloadOffset,
    payloadLength: packet.length - payloadOffset - paddingOf(packet, first, payloadOffset),
  };
}

/** RFC 3550 §5.3.1. */
export interface RtpExtension {
  /** What says how `bytes` are meant. 16 bits. */
  readonly profile: number;
  /** View. */
  readonly bytes: Uint8Array;
}

/** The header extension of a packet that `parseRtpHeader` accepts; undefined: it has none. */
export function rtpExtension(packet: Uint8Array): RtpExtension | undefined {
  const first = packet[0] ?? 0;
  if ((first & 0x10) === 0) return undefined;
  const at = RTP_HEADER_BYTES + 4 * (first & 15);
  return { profile: u16At(packet, at), bytes: packet.subarray(at + 4, at + 4 + 4 * u16At(packet, at + 2)) };
}

/** Writes another payload type, sequence number, timestamp and SSRC into a packet that `parseRtpHeader` accepts; the rest stays. */
export function rewriteRtpHeader(packet: Uint8Array, line: RtpLine): void {
  packet[1] = ((packet[1] ?? 0) & 0x80) | (line.payloadType & 127);
  putU16(packet, 2, line.sequence);
  putU32(packet, 4, line.timestamp);
  putU32(packet, 8, line.ssrc);
}

/** Writes a plain header of 12 bytes (no CSRC, extension or padding) at the start of `packet`. */
export function writeRtpHeader(packet: Uint8Array, line: RtpLine, marker: boolean): void {
  packet[0] = 0x80;
  packet[1] = marker ? 0x80 : 0;
  rewriteRtpHeader(packet, line);
}

function paddingOf(packet: Uint8Array, first: number, payloadOffset: number): number {
  if ((first & 0x20) === 0) return 0;
  const padding = packet[packet.length - 1] ?? 0;
  return padding === 0 || padding > packet.length - payloadOffset ? 0 : padding;
}

function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function u32At(bytes: Uint8Array, at: number): number {
  return u16At(bytes, at) * 65536 + u16At(bytes, at + 2);
}

function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
