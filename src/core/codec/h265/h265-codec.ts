/** H.265 (RFC 7798, ISO 23008-2, ISO 14496-15). */
import { base64Of, bytesOfBase64 } from '../../bytes/base64.ts';
import type { Codec } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { parseSprop } from '../nal/annex-b.ts';
import { contentOfNals } from '../nal/content.ts';
import { NalPacketizer } from '../nal/nal-packetizer.ts';
import { splitNalPayload } from '../nal/split-payload.ts';
import { findInVisualEntry } from '../nal/visual-entry.ts';
import { H265Depacketizer } from './depacketize.ts';
import { parseHvcC } from './hvcc.ts';
import type { HevcConfiguration } from './hvcc.ts';
import { H265_SYNTAX, NAL_PPS, NAL_SPS, NAL_VPS, nalTypeAt } from './nal-types.ts';
import { H265_PACKING } from './packing.ts';
import { h265ParametersOf } from './parameter-sets.ts';
import { peekH265 } from './peek.ts';

const ENTRY_TYPES = ['hvc1', 'hev1'];
const SPROPS = ['sprop-vps', 'sprop-sps', 'sprop-pps'];

export const h265Codec: Codec = {
  name: 'h265',
  media: 'video',
  timeline: true,
  encodings: ['H265', 'HEVC'],
  parametersFromFmtp: (format) =>
    h265ParametersOf(SPROPS.flatMap((name) => parseSprop(format.fmtp.get(name) ?? '', bytesOfBase64))),
  parametersFromSampleEntry(entry) {
    const configuration = configurationOf(entry);
    return configuration === undefined ? undefined : h265ParametersOf(configuration.sets);
  },
  fmtpOf,
  contentOf: (nals) => contentOfNals(nals, H265_SYNTAX),
  nalLengthBytes: (entry) => configurationOf(entry)?.lengthBytes,
  peek: peekH265,
  depacketizer: (format) => new H265Depacketizer(format),
  packetizer: (_format, payloadLimit) => new NalPacketizer(H265_PACKING, payloadLimit),
  split: (payload, limit) => splitNalPayload(payload, limit, H265_PACKING),
};

function configurationOf(entry: Uint8Array): HevcConfiguration | undefined {
  const payload = findInVisualEntry(entry, ENTRY_TYPES, 'hvcC');
  return payload === undefined ? undefined : parseHvcC(payload);
}

/** RFC 7798 §7.1. */
function fmtpOf(parameters: CodecParameters): ReadonlyMap<string, string> {
  const sprop = (type: number): string =>
    parameters.parameterSets
      .filter((nal) => nalTypeAt(nal, 0) === type)
      .map(base64Of)
      .join(',');
  return new Map([
    ['sprop-vps', sprop(NAL_VPS)],
    ['sprop-sps', sprop(NAL_SPS)],
    ['sprop-pps', sprop(NAL_PPS)],
  ]);
}
