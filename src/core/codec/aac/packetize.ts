/** AAC frames into RTP payloads, mode AAC-hbr (RFC 3640 §3.3.6): one frame a packet, in fragments if it is larger. */
import { wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { Packetizer } from '../codec.ts';

/** AU-headers-length of one header, and the header: size:13 index:3. */
const HEAD_BYTES = 4;
const HEADER_BITS = 16;
const MAX_SIZE = 8191;
const MIN_PAYLOAD_LIMIT = 64;

export class AacPacketizer implements Packetizer {
  readonly #room: number;

  constructor(payloadLimit: number) {
    this.#room = Math.max(MIN_PAYLOAD_LIMIT, payloadLimit) - HEAD_BYTES;
  }

  /** A frame above what 13 bits can say (8191 bytes) has no packets. */
  packetize(unit: AccessUnit): readonly { readonly payload: Uint8Array; readonly marker: boolean }[] {
    const packets: { readonly payload: Uint8Array; readonly marker: boolean }[] = [];
    for (const frame of wholeData(unit)) {
      if (frame.length > MAX_SIZE) continue;
      for (let at = 0; at < frame.length; at += this.#room) {
        const part = frame.subarray(at, at + this.#room);
        const payload = new Uint8Array(HEAD_BYTES + part.length);
        payload.set([0, HEADER_BITS, frame.length >> 5, (frame.length & 31) << 3]);
        payload.set(part, HEAD_BYTES);
        packets.push({ payload, marker: at + this.#room >= frame.length });
      }
    }
    return packets;
  }
}
