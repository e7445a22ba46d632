/** The set-up of an MPEG audio track: `mp4a` with an `esds` that names the codec and has nothing more to say (ISO 14496-1 table 5). */
import { findInAudioEntry, parseAudioEntryHead, writeAudioEntry } from '../audio/audio-entry.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { parseEsds, writeEsds } from '../esds.ts';
import type { MpegAudioHeader } from './frame-header.ts';

const STREAM_TYPE_AUDIO = 0x15;
const OBJECT_TYPE_MPEG1 = 0x6b;
const OBJECT_TYPE_MPEG2 = 0x69;
/** MPEG-1 has no lower rate. */
const MPEG1_RATE_MIN = 32000;

type Mp3Shape = Pick<MpegAudioHeader, 'sampleRate' | 'channels' | 'samplesPerFrame'>;

/** Layers I and II have no sample entry: browsers take the name of it for layer III. */
export function mp3ParametersOf(header: MpegAudioHeader): CodecParameters {
  if (header.layer === 3) return layer3ParametersOf(header);
  const { layer, sampleRate, channels, samplesPerFrame } = header;
  return {
    codec: 'mp3',
    identity: `mp${layer}/${sampleRate}/${channels}`,
    codecString: undefined,
    sampleEntry: undefined,
    parameterSets: [],
    shape: { media: 'audio', sampleRate, channels, samplesPerFrame },
  };
}

/** Undefined if the entry is of another codec. */
export function mp3ParametersOfEntry(entry: Uint8Array): CodecParameters | undefined {
  const esds = findInAudioEntry(entry, 'mp4a', 'esds');
  const objectType = esds === undefined ? undefined : parseEsds(esds)?.objectType;
  const head = parseAudioEntryHead(entry, 'mp4a');
  if (objectType !== OBJECT_TYPE_MPEG1 && objectType !== OBJECT_TYPE_MPEG2) return undefined;
  if (head === undefined || head.sampleRate === 0 || (head.channels !== 1 && head.channels !== 2)) return undefined;
  const { sampleRate, channels } = head;
  return layer3ParametersOf({ sampleRate, channels, samplesPerFrame: sampleRate < MPEG1_RATE_MIN ? 576 : 1152 });
}

function layer3ParametersOf({ sampleRate, channels, samplesPerFrame }: Mp3Shape): CodecParameters {
  const objectType = sampleRate < MPEG1_RATE_MIN ? OBJECT_TYPE_MPEG2 : OBJECT_TYPE_MPEG1;
  return {
    codec: 'mp3',
    identity: `mp3/${sampleRate}/${channels}`,
    codecString: `mp4a.${objectType.toString(16).toUpperCase()}`,
    sampleEntry: writeAudioEntry(
      'mp4a',
      { channels, sampleRate },
      writeEsds({ objectType, specific: undefined }, STREAM_TYPE_AUDIO),
    ),
    parameterSets: [],
    shape: { media: 'audio', sampleRate, channels, samplesPerFrame },
  };
}
