/** MPEG audio, layers I to III (RFC 2250; payload type 14): the set-up is in each frame. MPA-ROBUST (RFC 5219) is only relayed. */
import { joined } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import { wholeFrame } from '../audio/audio-units.ts';
import type { Codec, PackedPayload } from '../codec.ts';
import { PEEK_NOTHING } from '../peek.ts';
import { MPA_HEAD_BYTES, Mp3Depacketizer } from './depacketize.ts';
import { mp3ParametersOfEntry } from './mp3-parameters.ts';

const CLOCK_RATE = 90000;

export const mp3Codec: Codec = {
  name: 'mp3',
  media: 'audio',
  // No browser takes it inside MP4 by MediaSource: hls.js refuses the whole stream, the picture with it.
  timeline: false,
  encodings: ['MPA'],
  parametersFromFmtp: () => undefined,
  parametersFromSampleEntry: mp3ParametersOfEntry,
  fmtpOf: (_parameters, said = new Map()) => said,
  rtpmapOf: () => ({ encoding: 'MPA', clockRate: CLOCK_RATE }),
  contentOf: wholeFrame,
  peek: () => PEEK_NOTHING,
  depacketizer: (format) => new Mp3Depacketizer(format),
  packetizer: (_format, payloadLimit) => ({ packetize: (unit) => packetize(unit, payloadLimit) }),
};

/** One frame a packet, in pieces if it is larger. */
function packetize(unit: AccessUnit, payloadLimit: number): readonly PackedPayload[] {
  const frame = joined(unit.data.flat());
  const room = Math.max(1, payloadLimit - MPA_HEAD_BYTES);
  const packets: PackedPayload[] = [];
  for (let at = 0; at < frame.length; at += room) {
    const piece = frame.subarray(at, at + room);
    const payload = new Uint8Array(MPA_HEAD_BYTES + piece.length);
    payload.set([0, 0, at >> 8, at & 255]);
    payload.set(piece, MPA_HEAD_BYTES);
    packets.push({ payload, marker: false });
  }
  return packets;
}
