/**
 * A frame of AAC-LC in which nothing is to be heard: one raw data block whose channels have no section with a spectrum (ISO 14496-3
 * §4.4.2.1), the same for all sampling rates. It stands where an announced track sends nothing, since players wait for a track that
 * the init names, and hls.js gives up where it disappears.
 */
import type { AudioConfig } from './audio-specific-config.ts';

const AAC_LC = 2;
const MONO = Uint8Array.of(0x00, 0xc8, 0x00, 0x80, 0x23, 0x80);
const STEREO = Uint8Array.of(0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80);

/** Undefined for what is not mono or stereo AAC-LC in frames of 1024. Shared: never written. */
export function silentFrame({ objectType, channels, samplesPerFrame }: AudioConfig): Uint8Array | undefined {
  if (objectType !== AAC_LC || samplesPerFrame !== 1024) return undefined;
  return channels === 1 ? MONO : channels === 2 ? STEREO : undefined;
}
