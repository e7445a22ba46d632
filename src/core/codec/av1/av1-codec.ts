/** AV1 (RTP payload format for AV1 v1.0, AV1 bitstream specification, AV1-ISOBMFF). */
import { joined } from '../access-unit.ts';
import type { Codec, Peek } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { PEEK_NOTHING, peekOf } from '../peek.ts';
import { parseAv1Elements } from './aggregation.ts';
import { Av1Depacketizer } from './depacketize.ts';
import { isFrame, isKeyFrame } from './key-frame.ts';
import { OBU_SEQUENCE_HEADER, firstPayloadByte, isLeftOut, obuType, sizedObu, splitObus } from './obu.ts';
import { Av1Packetizer } from './packetize.ts';
import { av1ParametersOfEntry } from './parameters.ts';

/** Z and W: a single element, which goes on from the packet before. */
const GOES_ON = 0xb0;
const GOES_ON_ALONE = 0x90;

export const av1Codec: Codec = {
  name: 'av1',
  media: 'video',
  timeline: true,
  encodings: ['AV1'],
  parametersFromFmtp: () => undefined,
  parametersFromSampleEntry: av1ParametersOfEntry,
  fmtpOf,
  contentOf,
  peek,
  depacketizer: (format) => new Av1Depacketizer(format),
  packetizer: (_format, payloadLimit) => new Av1Packetizer(payloadLimit),
};

/** RTP payload format for AV1 §7.2: profile, level-idx and tier, as the codec string has them. */
function fmtpOf({ codecString }: CodecParameters): ReadonlyMap<string, string> {
  const match = /^av01\.(\d)\.(\d\d)([MH])\./.exec(codecString ?? '');
  if (match === null) return new Map();
  return new Map([
    ['profile', match[1] ?? '0'],
    ['level-idx', String(Number(match[2]))],
    ['tier', match[3] === 'H' ? '1' : '0'],
  ]);
}

function contentOf(sample: readonly Uint8Array[]): ReturnType<Codec['contentOf']> {
  const obus = sample.flatMap((unit) => splitObus(unit) ?? []).filter(({ type }) => !isLeftOut(type));
  const frame = obus.find(({ type }) => isFrame(type));
  if (frame === undefined) return undefined;
  const data = joined(obus.flatMap(({ header, payload }) => sizedObu({ header, payload: [payload] })));
  return { data: [data], key: isKeyFrame(frame.header[0] ?? 0, frame.payload[0] ?? 0) };
}

function peek(payload: Uint8Array): Peek {
  // The middle of a picture, which is most of all packets.
  if (((payload[0] ?? 0) & GOES_ON) === GOES_ON_ALONE) return PEEK_NOTHING;
  const found = parseAv1Elements(payload);
  if (found === undefined) return PEEK_NOTHING;
  let key = false;
  let parameterSets = false;
  for (const [i, element] of found.elements.entries()) {
    if (i === 0 && found.continues) continue;
    const head = element[0] ?? 0;
    const type = obuType(head);
    if (type === OBU_SEQUENCE_HEADER) parameterSets = true;
    if (isFrame(type)) key ||= isKeyFrame(head, firstPayloadByte(element));
  }
  return peekOf(key, parameterSets);
}
