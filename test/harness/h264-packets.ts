/** The plain fixture streams as RTP in interleaved frames, as the cameras and publishers of the tests send it. */
import { payloadsOf, videoStream } from '../fixtures/streams/units.ts';

export const FRAMES_PER_SECOND = 25;
const TICKS_PER_FRAME = 90_000 / FRAMES_PER_SECOND;
const PAYLOAD_TYPE = 96;
const SSRC = 0x4cacc3d1;

export type PlainStream = 'plain-h264' | 'wide-h264' | 'plain-h265';

/** Without end: the interleaved frames of one picture after the other, parameter sets in-band. */
export function* pictures(
  channel: number,
  stream: PlainStream = 'plain-h264',
  payloadType = PAYLOAD_TYPE,
): Generator<readonly Buffer[], never> {
  const packets = packetsByPicture(stream);
  let sequence = 24_104;
  for (let count = 0; ; count++) {
    const timestamp = (1_270_711_678 + count * TICKS_PER_FRAME) >>> 0;
    yield (packets[count % packets.length] ?? []).map(({ payload, marker }) => {
      const header = Buffer.alloc(16);
      header[0] = 0x24;
      header[1] = channel;
      header.writeUInt16BE(12 + payload.length, 2);
      header[4] = 0x80;
      header[5] = (marker ? 0x80 : 0) | payloadType;
      header.writeUInt16BE(sequence++ & 0xffff, 6);
      header.writeUInt32BE(timestamp, 8);
      header.writeUInt32BE(SSRC, 12);
      return Buffer.concat([header, payload]);
    });
  }
}

function packetsByPicture(
  stream: PlainStream,
): readonly (readonly { readonly payload: Uint8Array; readonly marker: boolean }[])[] {
  const packets: { payload: Uint8Array; marker: boolean }[][] = [[]];
  for (const { payload, marker } of payloadsOf(videoStream(stream))) {
    packets.at(-1)?.push({ payload, marker });
    if (marker) packets.push([]);
  }
  return packets.filter((picture) => picture.length > 0);
}
