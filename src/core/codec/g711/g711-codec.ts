/** G.711 (RFC 3551 §4.5.14): one byte a sample, channels in turn; payload types 0 and 8 at 8 kHz, and any rate by rtpmap (16 kHz: gsl#511). */
import { sampleCodec } from '../audio/sample-codec.ts';
import type { SampleCodecRow } from '../audio/sample-codec.ts';

const layoutOf: SampleCodecRow['layoutOf'] = ({ clockRate, channels = 1 }) => ({
  sampleRate: clockRate,
  channels,
  blockBytes: channels,
  blockSamples: 1,
  bitsPerSample: 8,
});

export const pcmuCodec = sampleCodec({ name: 'pcmu', encodings: ['PCMU'], layoutOf });
export const pcmaCodec = sampleCodec({ name: 'pcma', encodings: ['PCMA'], layoutOf });
