/** AAC as raw frames (RFC 3640, ISO 14496-3). */
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import type { Codec } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { PEEK_NOTHING } from '../peek.ts';
import type { TrackFormat } from '../track-format.ts';
import { aacParametersOf } from './aac-parameters.ts';
import { parseAdts } from './adts.ts';
import { auHeaderLayoutOf } from './au-headers.ts';
import { findAudioConfig } from './aac-entry.ts';
import { writeAacLcConfig } from './audio-specific-config.ts';
import { AacDepacketizer } from './depacketize.ts';
import { AacPacketizer } from './packetize.ts';

export const aacCodec: Codec = {
  name: 'aac',
  media: 'audio',
  timeline: true,
  encodings: ['MPEG4-GENERIC'],
  parametersFromFmtp,
  parametersFromSampleEntry(entry) {
    const specific = findAudioConfig(entry);
    return specific === undefined ? undefined : aacParametersOf(specific);
  },
  fmtpOf,
  contentOf(sample) {
    const [frame] = sample;
    if (frame === undefined || frame.length === 0) return undefined;
    const adts = parseAdts(frame);
    return { data: adts?.length === 1 && adts[0] !== undefined ? [adts[0].frame] : [frame], key: true };
  },
  peek: () => PEEK_NOTHING,
  depacketizer: (format) => new AacDepacketizer(format),
  packetizer: (_format, payloadLimit) => new AacPacketizer(payloadLimit),
};

/** A config that is missing or junk is guessed from rtpmap: AAC-LC. Other audio that RFC 3640 can carry (CELP) has none. */
function parametersFromFmtp(format: Omit<TrackFormat, 'parameters'>): CodecParameters | undefined {
  const mode = format.fmtp.get('mode')?.toLowerCase() ?? 'aac-hbr';
  if (mode.startsWith('celp')) return undefined;
  const specific = bytesOfHex(format.fmtp.get('config')?.trim() ?? '');
  const said = specific === undefined ? undefined : aacParametersOf(specific);
  if (said !== undefined) return said;
  const guess = writeAacLcConfig(format.clockRate, format.channels ?? 1);
  return guess === undefined ? undefined : aacParametersOf(guess);
}

/** What else of a source's fmtp says how its packets are laid out (RFC 3640 §4.1). */
const OTHER_PACKING = [
  'ctsdeltalength',
  'dtsdeltalength',
  'randomaccessindication',
  'streamstateindication',
  'auxiliarydatasizelength',
  'constantsize',
  'constantduration',
  'maxdisplacement',
  'de-interleavebuffersize',
];

/** Widths are always said, zeros too: not every reader knows those that a mode implies. A constant size has none. */
function fmtpOf(
  parameters: CodecParameters,
  said: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const specific = parameters.sampleEntry && findAudioConfig(parameters.sampleEntry);
  const { sizeLength, indexLength, indexDeltaLength } = auHeaderLayoutOf(said);
  const widths: readonly [string, number][] = [
    ['sizelength', sizeLength],
    ['indexlength', indexLength],
    ['indexdeltalength', indexDeltaLength],
  ];
  const sent = widths.some(([, width]) => width > 0);
  return new Map([
    ['streamtype', '5'],
    ['profile-level-id', said.get('profile-level-id') ?? '1'],
    ['mode', said.get('mode') ?? 'AAC-hbr'],
    ...(sent ? widths.map(([name, width]): [string, string] => [name, String(width)]) : []),
    ...OTHER_PACKING.flatMap((name): [string, string][] => {
      const value = said.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
    ['config', specific === undefined ? '' : hexOf(specific)],
  ]);
}
