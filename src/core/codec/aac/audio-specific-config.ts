/**
 * AudioSpecificConfig (ISO 14496-3 §1.6.2.1): the decoder's set-up of AAC, as SDP's `config` and MP4's esds carry it.
 *
 *     audioObjectType:5 (31: + 6)  samplingFrequencyIndex:4 (15: + 24)  channelConfiguration:4
 *     5 or 29 (SBR, PS): extension frequency index, the core's object type        GASpecificConfig: frameLengthFlag:1 …
 */
import { BitReader } from '../../bytes/bit-reader.ts';

export interface AudioConfig {
  /** The one signalled first: 2 AAC-LC, 5 HE-AAC, 29 HE-AAC v2. */
  readonly objectType: number;
  /** Of what the decoder puts out (with SBR: the extension's). */
  readonly sampleRate: number;
  readonly channels: number;
  /** At `sampleRate`. */
  readonly samplesPerFrame: number;
}

/** Above it a config is junk; real ones have 2 to 30 bytes. */
export const MAX_AUDIO_CONFIG_BYTES = 256;

const AAC_LC = 2;
export const SBR = 5;
export const PARAMETRIC_STEREO = 29;
const LOW_DELAY = 23;
const ENHANCED_LOW_DELAY = 39;
/** AAC Main, LC, SSR, LTP, error-resilient LC, and the low delay ones. */
export const CORE_TYPES: ReadonlySet<number> = new Set([1, AAC_LC, 3, 4, 17, LOW_DELAY, ENHANCED_LOW_DELAY]);
const ESCAPED_TYPE = 31;
const ESCAPED_RATE = 15;
const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
/** By channelConfiguration; 0: a program config element says it. */
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8];
const MAX_CHANNELS = 24;

/** Undefined if it is cut off, or of another kind of audio than AAC. */
export function parseAudioConfig(bytes: Uint8Array): AudioConfig | undefined {
  if (bytes.length > MAX_AUDIO_CONFIG_BYTES) return undefined;
  const reader = new BitReader(bytes);
  const objectType = readObjectType(reader);
  const coreRate = readRate(reader);
  const channelConfiguration = reader.bits(4);
  const extended = objectType === SBR || objectType === PARAMETRIC_STEREO;
  const sampleRate = extended ? readRate(reader) : coreRate;
  const coreType = extended ? readObjectType(reader) : objectType;
  if (!CORE_TYPES.has(coreType) || coreRate === undefined || sampleRate === undefined || reader.overrun)
    return undefined;
  const samples = readFrameLength(reader, coreType);
  const coded =
    channelConfiguration === 0 ? readProgramChannels(reader, coreType) : (CHANNELS[channelConfiguration] ?? 0);
  const channels = objectType === PARAMETRIC_STEREO && coded === 1 ? 2 : coded;
  if (channels === 0 || channels > MAX_CHANNELS) return undefined;
  return { objectType, sampleRate, channels, samplesPerFrame: Math.round((samples * sampleRate) / coreRate) };
}

/** A config of AAC-LC in frames of 1024; undefined if these channels cannot be said. */
export function writeAacLcConfig(sampleRate: number, channels: number): Uint8Array | undefined {
  const configuration = CHANNELS.indexOf(channels);
  if (configuration <= 0 || sampleRate <= 0 || sampleRate >= 2 ** 24) return undefined;
  const index = RATES.indexOf(sampleRate);
  if (index >= 0) return Uint8Array.of((AAC_LC << 3) | (index >> 1), ((index & 1) << 7) | (configuration << 3));
  return Uint8Array.of(
    (AAC_LC << 3) | (ESCAPED_RATE >> 1),
    0x80 | ((sampleRate >> 17) & 127),
    (sampleRate >> 9) & 255,
    (sampleRate >> 1) & 255,
    ((sampleRate & 1) << 7) | (configuration << 3),
  );
}

/** The sampling frequency of an index, as ADTS headers carry it. */
export function rateOfIndex(index: number): number | undefined {
  return RATES[index];
}

/** 1 to 95; with the escape of types above 30. */
export function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === ESCAPED_TYPE ? 32 + reader.bits(6) : type;
}

/** A sampling frequency, by index or by value; undefined if it is reserved. */
export function readRate(reader: BitReader): number | undefined {
  const index = reader.bits(4);
  const rate = index === ESCAPED_RATE ? reader.bits(24) : RATES[index];
  return rate === 0 ? undefined : rate;
}

/** The first flag of GASpecificConfig and ELDSpecificConfig; a config that ends before it means the usual length. */
function readFrameLength(reader: BitReader, coreType: number): number {
  const short = reader.flag() && !reader.overrun;
  if (coreType === LOW_DELAY || coreType === ENHANCED_LOW_DELAY) return short ? 480 : 512;
  return short ? 960 : 1024;
}

/** program_config_element (ISO 14496-3 §4.4.1.1), up to its channel elements; 0 if it is not there. */
function readProgramChannels(reader: BitReader, coreType: number): number {
  if (coreType === ENHANCED_LOW_DELAY) return 0;
  if (reader.flag()) reader.skip(14); // core coder delay
  reader.skip(1 + 4 + 2 + 4); // extension flag, tag, profile, frequency
  const elements = reader.bits(4) + reader.bits(4) + reader.bits(4);
  const low = reader.bits(2);
  reader.skip(3 + 4); // associated data, coupling
  for (const bits of [4, 4, 3]) if (reader.flag()) reader.skip(bits); // mixdowns
  let channels = low;
  for (let i = 0; i < elements; i++) {
    channels += reader.flag() ? 2 : 1;
    reader.skip(4);
  }
  return reader.overrun ? 0 : channels;
}
