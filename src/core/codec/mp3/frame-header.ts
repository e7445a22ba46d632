/**
 * The header of an MPEG audio frame (ISO 11172-3 §2.4.1.3, ISO 13818-3), layers I to III.
 *
 *     sync:11  version:2 (3 MPEG-1, 2 MPEG-2, 0 "2.5")  layer:2  no_crc:1 | bitrate:4 rate:2 padding:1 private:1 | mode:2 (3 mono) …
 */
export interface MpegAudioHeader {
  readonly version: 1 | 2 | 2.5;
  readonly layer: 1 | 2 | 3;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Of the whole frame, header included. */
  readonly frameBytes: number;
  readonly samplesPerFrame: number;
}

export const MPEG_AUDIO_HEADER_BYTES = 4;

const RATES = [44100, 48000, 32000];
/** kbit/s by index, MPEG-1: layers I, II, III; then MPEG-2: layer I, layers II and III. */
const KBITS = {
  '1/1': [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1/2': [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1/3': [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2/1': [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2/2': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  '2/3': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;

/** The header at `at`; undefined if there is none, or of a free format, whose length it does not say. */
export function parseMpegAudioHeader(bytes: Uint8Array, at = 0): MpegAudioHeader | undefined {
  const [sync = 0, one = 0, two = 0, three = 0] = bytes.subarray(at, at + MPEG_AUDIO_HEADER_BYTES);
  if (at + MPEG_AUDIO_HEADER_BYTES > bytes.length || sync !== 0xff || one < 0xe0) return undefined;
  const version = ([2.5, undefined, 2, 1] as const)[(one >> 3) & 3];
  const layer = ([undefined, 3, 2, 1] as const)[(one >> 1) & 3];
  const fullRate = RATES[(two >> 2) & 3];
  if (version === undefined || layer === undefined || fullRate === undefined) return undefined;
  const kbits = KBITS[`${version === 1 ? 1 : 2}/${layer}`][(two >> 4) - 1];
  if (kbits === undefined) return undefined;
  const sampleRate = fullRate / (version === 1 ? 1 : 2 * (version === 2 ? 1 : 2));
  const samplesPerFrame = layer === 1 ? 384 : layer === 3 && version !== 1 ? 576 : 1152;
  const slotBytes = layer === 1 ? 4 : 1;
  const slots = Math.floor((samplesPerFrame * kbits * 125) / sampleRate / slotBytes) + ((two >> 1) & 1);
  const channels = three >> 6 === 3 ? 1 : 2;
  return { version, layer, sampleRate, channels, frameBytes: slots * slotBytes, samplesPerFrame };
}
