/** The set-up of an AAC track from its AudioSpecificConfig. */
import { hexOf } from '../../bytes/hex.ts';
import type { MuxableParameters } from '../codec-parameters.ts';
import { writeAacEntry } from './aac-entry.ts';
import { parseAudioConfig } from './audio-specific-config.ts';
import { silentFrame } from './silence.ts';

/** Undefined if the config cannot be used. Copies what it keeps. */
export function aacParametersOf(specific: Uint8Array): MuxableParameters | undefined {
  const config = parseAudioConfig(specific);
  if (config === undefined) return undefined;
  const { sampleRate, channels, samplesPerFrame } = config;
  const silence = silentFrame(config);
  return {
    codec: 'aac',
    identity: `aac/${hexOf(specific)}`,
    codecString: `mp4a.40.${config.objectType}`,
    sampleEntry: writeAacEntry(config, specific),
    parameterSets: [],
    shape: { media: 'audio', sampleRate, channels, samplesPerFrame },
    ...(silence !== undefined && { silence }),
  };
}
