/**
 * AAC in LATM (RFC 6416): the same frames as `aac`, packed otherwise. This row is only reached by its encoding name; who makes packets of AAC
 * without having been asked for LATM takes the other.
 */
import { BitWriter } from '../../bytes/bit-writer.ts';
import { hexOf } from '../../bytes/hex.ts';
import { findAudioConfig } from '../aac/aac-entry.ts';
import { aacParametersOf } from '../aac/aac-parameters.ts';
import { joined } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import { wholeFrame } from '../audio/audio-units.ts';
import type { Codec, PackedPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { PEEK_NOTHING } from '../peek.ts';
import { LatmDepacketizer } from './depacketize.ts';
import { configInFmtp, isConfigInBand } from './latm-fmtp.ts';
import { writeStreamMuxConfig } from './stream-mux-config.ts';

export const latmCodec: Codec = {
  name: 'aac',
  media: 'audio',
  timeline: true,
  encodings: ['MP4A-LATM'],
  parametersFromFmtp({ fmtp }) {
    const config = configInFmtp(fmtp);
    return config === undefined ? undefined : aacParametersOf(config.specific);
  },
  parametersFromSampleEntry: () => undefined,
  fmtpOf,
  contentOf: wholeFrame,
  peek: () => PEEK_NOTHING,
  depacketizer: (format) => new LatmDepacketizer(format),
  packetizer: (format, payloadLimit) => {
    const inBand = isConfigInBand(format.fmtp);
    return { packetize: (unit) => packetize(unit, inBand, payloadLimit) };
  },
};

/** Packets that are relayed keep the config that they were made with; ours have it out of band. */
function fmtpOf(parameters: CodecParameters, said?: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (said !== undefined) return said;
  const writer = new BitWriter();
  writeStreamMuxConfig(writer, specificOf(parameters));
  return new Map([
    ['profile-level-id', '1'],
    ['object', '2'],
    ['cpresent', '0'],
    ['config', hexOf(writer.take())],
  ]);
}

/** One element a packet, in pieces if it is larger; each element brings the config where that is in-band. */
function packetize(unit: AccessUnit, inBand: boolean, payloadLimit: number): readonly PackedPayload[] {
  const frame = joined(unit.data.flat());
  const writer = new BitWriter();
  if (inBand) {
    writer.bits(0, 1);
    writeStreamMuxConfig(writer, specificOf(unit.parameters));
  }
  for (let left = frame.length; left >= 0; left -= 255) writer.bits(Math.min(left, 255), 8);
  const element = writer.bytes(frame).take();
  const room = Math.max(1, payloadLimit);
  const packets: PackedPayload[] = [];
  for (let at = 0; at < element.length; at += room)
    packets.push({ payload: element.subarray(at, at + room), marker: at + room >= element.length });
  return packets;
}

function specificOf({ sampleEntry }: CodecParameters): Uint8Array {
  return (sampleEntry && findAudioConfig(sampleEntry)) ?? new Uint8Array();
}
