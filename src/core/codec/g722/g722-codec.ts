/**
 * G.722 (RFC 3551 §4.5.2): 64 kbit/s, a byte for two samples at 16 kHz. Its RTP clock is 8 kHz all the same, by an error that was kept: one
 * tick a byte. Devices whose rtpmap says 16000 count samples.
 */
import { sampleCodec } from '../audio/sample-codec.ts';

const CLOCK_RATE = 8000;
const SAMPLE_RATE = 16000;

export const g722Codec = sampleCodec({
  name: 'g722',
  encodings: ['G722'],
  rtpmapOf: ({ shape }) => ({
    encoding: 'G722',
    clockRate: CLOCK_RATE,
    channels: shape.media === 'audio' ? shape.channels : 1,
  }),
  layoutOf: ({ channels = 1 }) => ({
    sampleRate: SAMPLE_RATE,
    channels,
    blockBytes: channels,
    blockSamples: 2,
    bitsPerSample: 4,
  }),
});
