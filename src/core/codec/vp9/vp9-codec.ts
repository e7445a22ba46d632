/** VP9 (RFC 9628, VP9 bitstream specification, VP Codec ISO Media File Format Binding). */
import type { Codec, Peek } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { fragmentFrame } from '../frame/fragment-frame.ts';
import { PEEK_BOTH, PEEK_NOTHING } from '../peek.ts';
import { Vp9Depacketizer } from './depacketize.ts';
import { parseVp9FrameHeader } from './frame-header.ts';
import { vp9ParametersOfEntry } from './parameters.ts';
import { parseVp9Descriptor } from './payload-descriptor.ts';

const INTER = 0x40;
const BEGINS = 0x08;
const ENDS = 0x04;

export const vp9Codec: Codec = {
  name: 'vp9',
  media: 'video',
  timeline: true,
  encodings: ['VP9'],
  parametersFromFmtp: () => undefined,
  parametersFromSampleEntry: vp9ParametersOfEntry,
  fmtpOf,
  contentOf(sample) {
    const [frame] = sample;
    const header = frame === undefined ? undefined : parseVp9FrameHeader(frame);
    return frame === undefined || header === undefined ? undefined : { data: [frame], key: header.key };
  },
  peek,
  depacketizer: (format) => new Vp9Depacketizer(format),
  packetizer: (_format, payloadLimit) => ({
    packetize: ({ data, key }) =>
      data.flatMap((frame) =>
        fragmentFrame(frame, payloadLimit, ({ first, last }) =>
          Uint8Array.of((key ? 0 : INTER) | (first ? BEGINS : 0) | (last ? ENDS : 0)),
        ),
      ),
  }),
};

/** RFC 9628 §6. */
function fmtpOf({ codecString }: CodecParameters): ReadonlyMap<string, string> {
  const profile = codecString?.split('.')[1];
  return new Map(profile === undefined ? [] : [['profile-id', String(Number(profile))]]);
}

/** A key frame's own header is its set-up. */
function peek(payload: Uint8Array): Peek {
  const first = payload[0] ?? 0;
  if ((first & (BEGINS | INTER)) !== BEGINS) return PEEK_NOTHING;
  const descriptor = parseVp9Descriptor(payload);
  if (descriptor?.startsPicture !== true) return PEEK_NOTHING;
  return beginsKeyFrame(payload[descriptor.offset] ?? 0) ? PEEK_BOTH : PEEK_NOTHING;
}

/** The first byte of the uncompressed header: 10, profile low and high, then show_existing_frame and frame_type are 0. */
function beginsKeyFrame(byte: number): boolean {
  const profile3 = (byte & 0xf0) === 0xb0;
  return (byte & 0xc0) === 0x80 && (byte & (profile3 ? 0x06 : 0x0c)) === 0;
}
