/**
 * `esds`, in which MP4 keeps the set-up of MPEG codecs (ISO 14496-14 §5.6, descriptors of ISO 14496-1 §7.2.6).
 *
 *     ES 3 { id:u16 flags:u8  decoder config 4 { object type:u8 stream type:u8 buffer:u24 max:u32 average:u32  specific 5 { … } }  SL 6 { 2 } }
 */
import { fullBox, u32 } from '../mp4/write/box.ts';

const TAG_ES = 3;
const TAG_DECODER_CONFIG = 4;
const TAG_DECODER_SPECIFIC = 5;
const TAG_SL_CONFIG = 6;
const DECODER_CONFIG_BYTES = 13;

export interface ElementaryStream {
  /** objectTypeIndication: 0x40 AAC, 0x6b MPEG-1 audio, 0x20 MPEG-4 video. */
  readonly objectType: number;
  /** The decoder's set-up (a view); undefined for codecs without one. */
  readonly specific: Uint8Array | undefined;
}

/** `streamType` with its flags: 0x15 audio, 0x11 video. The whole box. */
export function writeEsds({ objectType, specific }: ElementaryStream, streamType: number): Uint8Array {
  const decoder = descriptor(
    TAG_DECODER_CONFIG,
    Uint8Array.of(objectType, streamType, 0, 0, 0, ...u32(0), ...u32(0)),
    ...(specific === undefined ? [] : [descriptor(TAG_DECODER_SPECIFIC, specific)]),
  );
  const elementary = descriptor(TAG_ES, Uint8Array.of(0, 0, 0), decoder, descriptor(TAG_SL_CONFIG, Uint8Array.of(2)));
  return fullBox('esds', 0, 0, elementary);
}

/** `payload` of the box, version and flags included; undefined if it is cut or has no decoder config. */
export function parseEsds(payload: Uint8Array): ElementaryStream | undefined {
  const elementary = readDescriptor(payload, 4, TAG_ES);
  const decoder =
    elementary === undefined ? undefined : readDescriptor(elementary, esHeadBytes(elementary), TAG_DECODER_CONFIG);
  const objectType = decoder?.[0];
  if (decoder === undefined || objectType === undefined) return undefined;
  return { objectType, specific: readDescriptor(decoder, DECODER_CONFIG_BYTES, TAG_DECODER_SPECIFIC) };
}

/** ES_ID and flags, and what the flags announce. */
function esHeadBytes(elementary: Uint8Array): number {
  const flags = elementary[2] ?? 0;
  const dependsOn = (flags & 0x80) === 0 ? 0 : 2;
  const url = (flags & 0x40) === 0 ? 0 : 1 + (elementary[3 + dependsOn] ?? 0);
  return 3 + dependsOn + url + ((flags & 0x20) === 0 ? 0 : 2);
}

/** A length of four bytes, seven bits each, as all writers use. */
function descriptor(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(5 + length);
  bytes.set([tag, 0x80 | (length >> 21), 0x80 | ((length >> 14) & 127), 0x80 | ((length >> 7) & 127), length & 127]);
  let at = 5;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The content (a view) of the descriptor at `at`, if it has that tag and is whole. */
function readDescriptor(bytes: Uint8Array, at: number, tag: number): Uint8Array | undefined {
  if (bytes[at] !== tag) return undefined;
  let length = 0;
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[at + i] ?? 0;
    length = length * 128 + (byte & 127);
    const start = at + i + 1;
    if (byte < 128) return start + length <= bytes.length ? bytes.subarray(start, start + length) : undefined;
  }
  return undefined;
}
