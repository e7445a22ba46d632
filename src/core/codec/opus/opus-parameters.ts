/**
 * The set-up of an Opus track and its sample entry (Encapsulation of Opus in ISO BMFF 0.6.8, §4.3).
 *
 *     Opus: audio sample entry | dOps: version:u8=0 channels:u8 pre_skip:u16 input_rate:u32 gain:i16 mapping_family:u8=0
 */
import { hexOf } from '../../bytes/hex.ts';
import { box, u16, u32 } from '../../mp4/write/box.ts';
import { findInAudioEntry, writeAudioEntry } from '../audio/audio-entry.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { OPUS_RATE } from './toc.ts';

const DOPS_BYTES = 11;
/** 20 ms, until a packet tells. */
const USUAL_SAMPLES = 960;

/** What RTP carries, which says nothing of pre-skip: who joins a live stream has none. */
export function opusParameters(channels: 1 | 2): CodecParameters {
  return parametersOf(Uint8Array.of(0, channels, ...u16(0), ...u32(OPUS_RATE), ...u16(0), 0), channels);
}

/** Undefined for another entry, and for more than two channels: those have another packet format, which RFC 7587 does not know. */
export function opusParametersOfEntry(entry: Uint8Array): CodecParameters | undefined {
  const configuration = findInAudioEntry(entry, 'Opus', 'dOps');
  if (configuration === undefined || configuration.length < DOPS_BYTES) return undefined;
  const [version, channels, family] = [configuration[0], configuration[1], configuration[10]];
  if (version !== 0 || family !== 0 || (channels !== 1 && channels !== 2)) return undefined;
  return parametersOf(configuration.subarray(0, DOPS_BYTES), channels);
}

/** `configuration`: copied. */
function parametersOf(configuration: Uint8Array, channels: 1 | 2): CodecParameters {
  return {
    codec: 'opus',
    identity: `opus/${hexOf(configuration)}`,
    codecString: 'opus',
    sampleEntry: writeAudioEntry('Opus', { channels, sampleRate: OPUS_RATE }, box('dOps', configuration)),
    parameterSets: [],
    shape: { media: 'audio', sampleRate: OPUS_RATE, channels, samplesPerFrame: USUAL_SAMPLES },
  };
}
