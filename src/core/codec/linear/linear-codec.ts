/**
 * Linear PCM: L16 (RFC 3551 §4.5.11; payload types 10 and 11) and L24 (RFC 3190 §4), most significant byte first, channels in turn. What
 * some devices call PCM has the least significant byte first (go2rtc's PCML); units have network order.
 */
import { sampleCodec } from '../audio/sample-codec.ts';
import type { SampleCodecRow } from '../audio/sample-codec.ts';

const LITTLE_ENDIAN: ReadonlySet<string> = new Set(['PCM', 'PCML']);

export const l16Codec = sampleCodec({
  name: 'l16',
  encodings: ['L16', ...LITTLE_ENDIAN],
  layoutOf: layoutOfBits(16),
  reorderOf: ({ encoding }) =>
    LITTLE_ENDIAN.has(encoding.toUpperCase()) ? { fromWire: swapPairs, toWire: swapPairs } : undefined,
});

export const l24Codec = sampleCodec({ name: 'l24', encodings: ['L24'], layoutOf: layoutOfBits(24) });

function layoutOfBits(bitsPerSample: number): SampleCodecRow['layoutOf'] {
  return ({ clockRate, channels = 1 }) => ({
    sampleRate: clockRate,
    channels,
    blockBytes: (channels * bitsPerSample) / 8,
    blockSamples: 1,
    bitsPerSample,
  });
}

/** A copy. */
function swapPairs(bytes: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    swapped[at] = bytes[at + 1] ?? 0;
    swapped[at + 1] = bytes[at] ?? 0;
  }
  return swapped;
}
