/** MPEG-4 part 2 (RFC 6416, ISO 14496-2, ISO 14496-14). */
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import type { Codec, Peek } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { fragmentFrame } from '../frame/fragment-frame.ts';
import { PEEK_NOTHING, peekOf } from '../peek.ts';
import { Mpeg4Depacketizer } from './depacketize.ts';
import { mpeg4ParametersOfEntry, mpeg4SetupOf, profileLevelOf } from './parameters.ts';
import { parseMpeg4Picture } from './picture.ts';
import { beginsUnit, findStart, isLayer } from './start-codes.ts';

const NO_HEAD = new Uint8Array();

export const mpeg4Codec: Codec = {
  name: 'mpeg4',
  media: 'video',
  timeline: false,
  encodings: ['MP4V-ES'],
  parametersFromFmtp(format) {
    const config = bytesOfHex(format.fmtp.get('config')?.trim() ?? '');
    return config === undefined ? undefined : mpeg4SetupOf(config)?.parameters;
  },
  parametersFromSampleEntry: mpeg4ParametersOfEntry,
  fmtpOf,
  contentOf(sample) {
    const [unit] = sample;
    const picture = unit === undefined ? undefined : parseMpeg4Picture(unit);
    if (unit === undefined || picture === undefined) return undefined;
    return { data: [unit.subarray(picture.start)], key: picture.key };
  },
  peek,
  depacketizer: (format) => new Mpeg4Depacketizer(format),
  packetizer: (_format, payloadLimit) => ({
    packetize: ({ data, key, parameters }) =>
      data.flatMap((frame) =>
        fragmentFrame(key ? [...parameters.parameterSets, ...frame] : frame, payloadLimit, () => NO_HEAD),
      ),
  }),
};

function fmtpOf({ parameterSets: [config] }: CodecParameters): ReadonlyMap<string, string> {
  if (config === undefined) return new Map();
  return new Map([
    ['profile-level-id', String(profileLevelOf(config))],
    ['config', hexOf(config).toUpperCase()],
  ]);
}

function peek(payload: Uint8Array): Peek {
  if (!beginsUnit(payload)) return PEEK_NOTHING;
  const picture = parseMpeg4Picture(payload);
  const headers = picture?.config ?? payload;
  return peekOf(picture?.key === true, headers.length > 0 && hasLayer(headers));
}

function hasLayer(headers: Uint8Array): boolean {
  for (let at = findStart(headers, 0); at >= 0; at = findStart(headers, at + 3)) {
    if (isLayer(headers[at + 3] ?? 0)) return true;
  }
  return false;
}
