/**
 * The set-up of an AC-3 track and its sample entry (ETSI TS 102 366 Annex F).
 *
 *     ac-3: audio sample entry | dac3: fscod:2 bsid:5 bsmod:3 acmod:3 lfeon:1 bit_rate_code:5 zeros:5
 */
import { BitReader } from '../../bytes/bit-reader.ts';
import { hexOf } from '../../bytes/hex.ts';
import { box } from '../../mp4/write/box.ts';
import { findInAudioEntry, writeAudioEntry } from '../audio/audio-entry.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { AC3_SAMPLES_PER_FRAME, ac3ChannelsOf, ac3RateOf } from './sync-frame.ts';
import type { Ac3Head } from './sync-frame.ts';

const DAC3_BYTES = 3;

/** Undefined for codes that are reserved. */
export function ac3ParametersOf(head: Ac3Head): CodecParameters | undefined {
  const sampleRate = ac3RateOf(head);
  if (sampleRate === undefined) return undefined;
  const channels = ac3ChannelsOf(head);
  const { fscod, bsid, bsmod, acmod, lfeon, bitRateCode } = head;
  const bits = (fscod << 22) | (bsid << 17) | (bsmod << 14) | (acmod << 11) | (lfeon << 10) | (bitRateCode << 5);
  const configuration = Uint8Array.of(bits >> 16, (bits >> 8) & 255, bits & 255);
  return {
    codec: 'ac3',
    identity: `ac3/${hexOf(configuration)}`,
    codecString: 'ac-3',
    sampleEntry: writeAudioEntry('ac-3', { channels, sampleRate }, box('dac3', configuration)),
    parameterSets: [],
    shape: { media: 'audio', sampleRate, channels, samplesPerFrame: AC3_SAMPLES_PER_FRAME },
  };
}

/** Undefined if the entry is of another codec, or cut. */
export function ac3ParametersOfEntry(entry: Uint8Array): CodecParameters | undefined {
  const configuration = findInAudioEntry(entry, 'ac-3', 'dac3');
  if (configuration === undefined || configuration.length < DAC3_BYTES) return undefined;
  const reader = new BitReader(configuration);
  const [fscod, bsid, bsmod] = [reader.bits(2), reader.bits(5), reader.bits(3)];
  const [acmod, lfeon, bitRateCode] = [reader.bits(3), reader.bit(), reader.bits(5)];
  return ac3ParametersOf({ fscod, bsid, bsmod, acmod, lfeon, bitRateCode });
}
