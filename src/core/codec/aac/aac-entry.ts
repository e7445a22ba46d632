/** The sample entry of AAC: `mp4a` with an `esds` (ISO 14496-14 §5.6). */
import { findInAudioEntry, writeAudioEntry } from '../audio/audio-entry.ts';
import { parseEsds, writeEsds } from '../esds.ts';
import type { AudioConfig } from './audio-specific-config.ts';

const OBJECT_TYPE_AAC = 0x40;
/** MPEG-2 AAC Main, LC and SSR: their configs read the same. */
const AAC_OBJECT_TYPES: ReadonlySet<number> = new Set([OBJECT_TYPE_AAC, 0x66, 0x67, 0x68]);
const STREAM_TYPE_AUDIO = 0x15;

export function writeAacEntry(config: AudioConfig, specific: Uint8Array): Uint8Array {
  return writeAudioEntry('mp4a', config, writeEsds({ objectType: OBJECT_TYPE_AAC, specific }, STREAM_TYPE_AUDIO));
}

/** The AudioSpecificConfig (a view) inside an `mp4a` entry; undefined if it is another entry, or holds no AAC. */
export function findAudioConfig(entry: Uint8Array): Uint8Array | undefined {
  const esds = findInAudioEntry(entry, 'mp4a', 'esds');
  const stream = esds === undefined ? undefined : parseEsds(esds);
  return stream !== undefined && AAC_OBJECT_TYPES.has(stream.objectType) ? stream.specific : undefined;
}
