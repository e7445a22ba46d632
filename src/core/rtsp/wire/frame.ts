/** An interleaved frame (RFC 2326 §10.12) around one RTP or RTCP packet, as a copy: for what is sent now and then. At most 65535 bytes. */
export function frame(channel: number, packet: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + packet.length);
  bytes[0] = 0x24;
  bytes[1] = channel;
  bytes[2] = packet.length >> 8;
  bytes[3] = packet.length;
  bytes.set(packet, 4);
  return bytes;
}
