/**
 * StreamMuxConfig (ISO 14496-3 §1.7.3): how the audio of LATM is multiplexed, and the decoder's set-up. Of all that it can say, what RFC 6416
 * senders do is read: one program, one layer.
 *
 *     version:1 (A:1, buffer fullness)  same_framing:1=1 sub_frames:6 programs:4=0 layers:3=0
 *     (length of) AudioSpecificConfig  frame_length_type:3 (0: fullness:8, 1: length:9)  other_data:1 (…)  crc:1 (sum:8)
 */
import { BitWriter, bytesAtBit } from '../../bytes/bit-writer.ts';
import { BitReader } from '../../bytes/bit-reader.ts';
import { MAX_AUDIO_CONFIG_BYTES } from '../aac/audio-specific-config.ts';
import { extensionFollows, skipAudioConfig } from './config-length.ts';

export interface StreamMuxConfig {
  /** AudioSpecificConfig, padded to a byte: a copy. */
  readonly specific: Uint8Array;
  /** Frames in one element. */
  readonly frames: number;
  /** Of each frame, where the length is not sent. */
  readonly fixedBytes: number | undefined;
  /** Something else follows the frames. */
  readonly hasOtherData: boolean;
}

/** The one at which `reader`, a reader of `bytes`, stands; undefined if it is cut, or says what is not read here. */
export function readStreamMuxConfig(bytes: Uint8Array, reader: BitReader): StreamMuxConfig | undefined {
  const version = reader.bit();
  if (version === 1 && reader.flag()) return undefined; // audioMuxVersionA: another syntax
  if (version === 1) readValue(reader); // buffer fullness
  const sameFraming = reader.flag();
  const frames = 1 + reader.bits(6);
  const programs = reader.bits(4);
  const layers = reader.bits(3);
  if (!sameFraming || programs !== 0 || layers !== 0) return undefined;
  const specific = readSpecific(bytes, reader, version);
  const fixedBytes = readFrameLength(reader);
  if (specific === undefined || fixedBytes === null) return undefined;
  const hasOtherData = reader.flag();
  if (hasOtherData) skipOtherDataLength(reader, version);
  if (reader.flag()) reader.skip(8); // crcCheckSum
  return reader.overrun ? undefined : { specific, frames, fixedBytes, hasOtherData };
}

/** One that stands alone, in SDP. */
export function parseStreamMuxConfig(bytes: Uint8Array): StreamMuxConfig | undefined {
  if (bytes.length > MAX_AUDIO_CONFIG_BYTES) return undefined;
  return readStreamMuxConfig(bytes, new BitReader(bytes)) ?? withMisplacedExtension(bytes);
}

/**
 * GStreamer's rtpmp4apay copies all that its encoder said into version 0, and writes nothing behind it. libavcodec's says an extension there, which
 * has no place in version 0, and whose bits would be a kind of framing that AAC has not.
 */
function withMisplacedExtension(bytes: Uint8Array): StreamMuxConfig | undefined {
  const reader = new BitReader(bytes);
  if (reader.bits(2 + 6 + 4 + 3) !== PLAIN_HEAD) return undefined;
  const specific = readSpecific(bytes, reader, 0);
  if (specific === undefined || !extensionFollows(bytes, reader)) return undefined;
  return { specific, frames: 1, fixedBytes: undefined, hasOtherData: false };
}

/** Version 0, same framing; one frame, program and layer. */
const PLAIN_HEAD = 0b01_000000_0000_000;

/** One frame an element, its length sent. Version 0, which all readers know, unless only version 1 can say how long the config is. */
export function writeStreamMuxConfig(writer: BitWriter, specific: Uint8Array): void {
  const reader = new BitReader(specific);
  const known = skipAudioConfig(reader);
  const bits = 8 * specific.length;
  if (known) writer.bits(0, 1);
  else writer.bits(0b10, 2).bits(0, 2).bits(0xff, 8);
  writer.bits(1, 1).bits(0, 6 + 4 + 3);
  if (known) writer.bytes(specific, reader.position);
  else writer.bits(1, 2).bits(bits, 16).bytes(specific);
  writer.bits(0, 3).bits(0xff, 8).bits(0, 2);
}

function readSpecific(bytes: Uint8Array, reader: BitReader, version: 0 | 1): Uint8Array | undefined {
  const said = version === 1 ? readValue(reader) : undefined;
  if (said !== undefined && said > 8 * MAX_AUDIO_CONFIG_BYTES) return undefined;
  const start = reader.position;
  if (said !== undefined) reader.skip(said);
  else if (!skipAudioConfig(reader)) return undefined;
  const bits = reader.position - start;
  if (reader.overrun || bits > 8 * MAX_AUDIO_CONFIG_BYTES) return undefined;
  return new BitWriter().bytes(bytesAtBit(bytes, start, Math.ceil(bits / 8)), bits).take();
}

/** Null: a kind of framing that AAC has not. */
function readFrameLength(reader: BitReader): number | undefined | null {
  const type = reader.bits(3);
  if (type === 1) return reader.bits(9) + 20;
  if (type !== 0) return null;
  reader.skip(8); // buffer fullness
  return undefined;
}

function skipOtherDataLength(reader: BitReader, version: 0 | 1): void {
  if (version === 1) {
    readValue(reader);
    return;
  }
  while (reader.flag() && !reader.overrun) reader.skip(8);
  reader.skip(8);
}

/** LatmGetValue: how many bytes less one, then the bytes. */
function readValue(reader: BitReader): number {
  return reader.bits(8 * (1 + reader.bits(2)));
}
