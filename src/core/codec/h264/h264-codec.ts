/** H.264 (RFC 6184, ISO 14496-10, ISO 14496-15). */
import { base64Of, bytesOfBase64 } from '../../bytes/base64.ts';
import { hexOf } from '../../bytes/hex.ts';
import type { Codec } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { parseSprop } from '../nal/annex-b.ts';
import { contentOfNals } from '../nal/content.ts';
import { NalPacketizer } from '../nal/nal-packetizer.ts';
import { splitNalPayload } from '../nal/split-payload.ts';
import { findInVisualEntry } from '../nal/visual-entry.ts';
import { parseAvcC } from './avcc.ts';
import type { AvcConfiguration } from './avcc.ts';
import { H264Depacketizer } from './depacketize.ts';
import { H264_SYNTAX } from './nal-types.ts';
import { H264_PACKING } from './packing.ts';
import { h264ParametersOf } from './parameter-sets.ts';
import { peekH264 } from './peek.ts';

const ENTRY_TYPES = ['avc1', 'avc3'];
const NO_SET = new Uint8Array();

export const h264Codec: Codec = {
  name: 'h264',
  media: 'video',
  timeline: true,
  encodings: ['H264'],
  parametersFromFmtp: (format) =>
    h264ParametersOf(parseSprop(format.fmtp.get('sprop-parameter-sets') ?? '', bytesOfBase64)),
  parametersFromSampleEntry(entry) {
    const configuration = configurationOf(entry);
    return configuration === undefined ? undefined : h264ParametersOf(configuration.sets);
  },
  fmtpOf,
  contentOf: (nals) => contentOfNals(nals, H264_SYNTAX),
  nalLengthBytes: (entry) => configurationOf(entry)?.lengthBytes,
  peek: peekH264,
  depacketizer: (format) => new H264Depacketizer(format),
  packetizer: (_format, payloadLimit) => new NalPacketizer(H264_PACKING, payloadLimit),
  split: (payload, limit) => splitNalPayload(payload, limit, H264_PACKING),
};

function configurationOf(entry: Uint8Array): AvcConfiguration | undefined {
  const payload = findInVisualEntry(entry, ENTRY_TYPES, 'avcC');
  return payload === undefined ? undefined : parseAvcC(payload);
}

/** RFC 6184 §8.1: profile-level-id is the SPS's own three bytes. */
function fmtpOf(parameters: CodecParameters): ReadonlyMap<string, string> {
  return new Map([
    ['packetization-mode', '1'],
    ['profile-level-id', hexOf(parameters.parameterSets[0]?.subarray(1, 4) ?? NO_SET).toUpperCase()],
    ['sprop-parameter-sets', parameters.parameterSets.map(base64Of).join(',')],
  ]);
}
