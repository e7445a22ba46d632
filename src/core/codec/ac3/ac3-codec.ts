/** AC-3 (RFC 4184): the set-up is in each frame. E-AC-3 (RFC 4598) is another payload, and only relayed. */
import { joined } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import { wholeFrame } from '../audio/audio-units.ts';
import type { Codec, PackedPayload } from '../codec.ts';
import { PEEK_NOTHING } from '../peek.ts';
import { ac3ParametersOfEntry } from './ac3-parameters.ts';
import {
  AC3_HEAD_BYTES,
  ANOTHER_PIECE,
  Ac3Depacketizer,
  FIRST_PIECE,
  SHORT_FIRST_PIECE,
  WHOLE_FRAMES,
} from './depacketize.ts';

export const ac3Codec: Codec = {
  name: 'ac3',
  media: 'audio',
  // Chromium and Firefox have no decoder: hls.js refuses the whole stream, the picture with it.
  timeline: false,
  encodings: ['AC3'],
  parametersFromFmtp: () => undefined,
  parametersFromSampleEntry: ac3ParametersOfEntry,
  fmtpOf: (_parameters, said = new Map()) => said,
  contentOf: wholeFrame,
  peek: () => PEEK_NOTHING,
  depacketizer: (format) => new Ac3Depacketizer(format),
  packetizer: (_format, payloadLimit) => ({ packetize: (unit) => packetize(unit, payloadLimit) }),
};

/** What of a frame its first piece must hold to be of use alone (§4.1.1). */
const FIRST_PIECE_MIN = 5 / 8;
const MAX_PIECES = 255;

/** One frame a packet, in pieces if it is larger. */
function packetize(unit: AccessUnit, payloadLimit: number): readonly PackedPayload[] {
  const frame = joined(unit.data.flat());
  const room = Math.max(1, payloadLimit - AC3_HEAD_BYTES);
  const count = Math.ceil(frame.length / room);
  if (count > MAX_PIECES) return [];
  return Array.from({ length: count }, (_, i) => {
    const piece = frame.subarray(i * room, (i + 1) * room);
    const payload = new Uint8Array(AC3_HEAD_BYTES + piece.length);
    const first = piece.length >= frame.length * FIRST_PIECE_MIN ? FIRST_PIECE : SHORT_FIRST_PIECE;
    payload.set([count === 1 ? WHOLE_FRAMES : i === 0 ? first : ANOTHER_PIECE, count]);
    payload.set(piece, AC3_HEAD_BYTES);
    return { payload, marker: i === count - 1 };
  });
}
