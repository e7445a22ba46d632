/** VP8 (RFC 7741, RFC 6386). */
import type { Codec, Peek } from '../codec.ts';
import { fragmentFrame } from '../frame/fragment-frame.ts';
import { PEEK_BOTH, PEEK_NOTHING } from '../peek.ts';
import { Vp8Depacketizer } from './depacketize.ts';
import { parseVp8FrameHeader } from './frame-header.ts';
import { parseVp8Descriptor } from './payload-descriptor.ts';

const FIRST = Uint8Array.of(0x10);
const NEXT = Uint8Array.of(0);

export const vp8Codec: Codec = {
  name: 'vp8',
  media: 'video',
  timeline: false,
  encodings: ['VP8'],
  parametersFromFmtp: () => undefined,
  parametersFromSampleEntry: () => undefined,
  fmtpOf: (_parameters, said) => said ?? new Map(),
  contentOf(sample) {
    const header = parseVp8FrameHeader(sample[0] ?? NEXT);
    return header === undefined ? undefined : { data: sample.slice(0, 1), key: header.key };
  },
  peek,
  depacketizer: (format) => new Vp8Depacketizer(format),
  packetizer: (_format, payloadLimit) => ({
    packetize: (unit) =>
      unit.data.flatMap((frame) => fragmentFrame(frame, payloadLimit, ({ first }) => (first ? FIRST : NEXT))),
  }),
};

/** A key frame's own header is its set-up. */
function peek(payload: Uint8Array): Peek {
  const descriptor = parseVp8Descriptor(payload);
  if (descriptor === undefined || !descriptor.startsFrame || descriptor.offset >= payload.length) return PEEK_NOTHING;
  return ((payload[descriptor.offset] ?? 1) & 1) === 0 ? PEEK_BOTH : PEEK_NOTHING;
}
