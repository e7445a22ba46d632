/**
 * G.726 (RFC 3551 §4.5.4): 2 to 5 bits a sample, in units the order of G726-xx. Payload type 2, once G721, is G726-32 without saying in which
 * order; ffmpeg and most devices mean this one.
 */
import { sampleCodec } from '../audio/sample-codec.ts';
import type { SampleCodecRow } from '../audio/sample-codec.ts';
import { fromAal2, toAal2 } from './code-order.ts';

const AAL2 = 'AAL2-';
/** Bits a sample by kbit/s at 8 kHz. */
const BITS: ReadonlyMap<string, number> = new Map([
  ['G726-16', 2],
  ['G726-24', 3],
  ['G726-32', 4],
  ['G726-40', 5],
]);
const USUAL_BITS = 4;

const bitsOf = (encoding: string): number => BITS.get(encoding.toUpperCase().replace(AAL2, '')) ?? USUAL_BITS;

const reorderOf: SampleCodecRow['reorderOf'] = ({ encoding }) => {
  if (!encoding.toUpperCase().startsWith(AAL2)) return undefined;
  const bits = bitsOf(encoding);
  return { fromWire: (bytes) => fromAal2(bytes, bits), toWire: (bytes) => toAal2(bytes, bits) };
};

export const g726Codec = sampleCodec({
  name: 'g726',
  encodings: [...BITS.keys()].flatMap((name) => [name, AAL2 + name]),
  rtpmapOf: ({ shape }) => {
    const { bitsPerSample = USUAL_BITS, sampleRate } = shape.media === 'audio' ? shape : { sampleRate: 0 };
    return { encoding: `G726-${8 * bitsPerSample}`, clockRate: sampleRate, channels: 1 };
  },
  // Eight codewords fill whole bytes whatever their width; RFC 3551 knows one channel.
  layoutOf: ({ encoding, clockRate }) => {
    const bitsPerSample = bitsOf(encoding);
    const blockSamples = bitsPerSample % 2 === 0 ? 8 / bitsPerSample : 8;
    const blockBytes = (blockSamples * bitsPerSample) / 8;
    return { sampleRate: clockRate, channels: 1, blockBytes, blockSamples, bitsPerSample };
  },
  reorderOf,
});
