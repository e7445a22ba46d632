/** JPEG over RTP (RFC 2435). */
import type { Codec, Peek } from '../codec.ts';
import { PEEK_BOTH, PEEK_NOTHING } from '../peek.ts';
import { MjpegDepacketizer } from './depacketize.ts';
import { parseJpeg } from './jfif.ts';
import { MjpegPacketizer } from './packetize.ts';

export const mjpegCodec: Codec = {
  name: 'mjpeg',
  media: 'video',
  timeline: false,
  encodings: ['JPEG'],
  parametersFromFmtp: () => undefined,
  parametersFromSampleEntry: () => undefined,
  fmtpOf: (_parameters, said) => said ?? new Map(),
  contentOf(sample) {
    const [jpeg] = sample;
    return jpeg === undefined || parseJpeg(jpeg) === undefined ? undefined : { data: [jpeg], key: true };
  },
  peek,
  depacketizer: (format) => new MjpegDepacketizer(format),
  packetizer: (_format, payloadLimit) => new MjpegPacketizer(payloadLimit),
};

/** Every picture stands for itself, and says its set-up. */
function peek(payload: Uint8Array): Peek {
  return payload[1] === 0 && payload[2] === 0 && payload[3] === 0 ? PEEK_BOTH : PEEK_NOTHING;
}
