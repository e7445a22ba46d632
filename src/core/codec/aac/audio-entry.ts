/**
 * The sample entry of AAC: `mp4a` with an `esds` (ISO 14496-12 §12.2.3, ISO 14496-14 §5.6, descriptors of ISO 14496-1 §7.2.6).
 *
 *     mp4a: 6 zeros, reference:u16=1 | 8 zeros | channels:u16 bits:u16=16 | 4 zeros | rate:16.16
 *     esds: ES 3 { id:u16 flags:u8  decoder config 4 { 0x40 0x15 buffer:u24 max:u32 average:u32  specific 5 { config } }  SL 6 { 2 } }
 */
import { box, fullBox, u16, u32 } from '../../mp4/write/box.ts';
import { findBox } from '../nal/visual-entry.ts';
import type { AudioConfig } from './audio-specific-config.ts';

const TAG_ES = 3;
const TAG_DECODER_CONFIG = 4;
const TAG_DECODER_SPECIFIC = 5;
const TAG_SL_CONFIG = 6;
const OBJECT_TYPE_AAC = 0x40;
/** MPEG-2 AAC Main, LC and SSR: their configs read the same. */
const AAC_OBJECT_TYPES: ReadonlySet<number> = new Set([OBJECT_TYPE_AAC, 0x66, 0x67, 0x68]);
const STREAM_TYPE_AUDIO = 0x15;
/** Size, type and the fixed fields of an audio sample entry; QuickTime's version 1 has 16 bytes more. */
const FIXED_BYTES = 36;
const VERSION_1_BYTES = 16;

export function writeAudioEntry(config: AudioConfig, specific: Uint8Array): Uint8Array {
  const decoder = descriptor(
    TAG_DECODER_CONFIG,
    Uint8Array.of(OBJECT_TYPE_AAC, STREAM_TYPE_AUDIO, 0, 0, 0, ...u32(0), ...u32(0)),
    descriptor(TAG_DECODER_SPECIFIC, specific),
  );
  const elementary = descriptor(TAG_ES, Uint8Array.of(0, 0, 0), decoder, descriptor(TAG_SL_CONFIG, Uint8Array.of(2)));
  const rate = config.sampleRate < 65536 ? config.sampleRate : 0;
  return box(
    'mp4a',
    [0, 0, 0, 0, 0, 0, ...u16(1)],
    new Uint8Array(8),
    [...u16(config.channels), ...u16(16)],
    u32(0),
    u32(rate * 65536),
    fullBox('esds', 0, 0, elementary),
  );
}

/** The AudioSpecificConfig (a view) inside an `mp4a` entry; undefined if it is another entry, or holds no AAC. */
export function findAudioConfig(entry: Uint8Array): Uint8Array | undefined {
  if (entry.length < FIXED_BYTES || String.fromCharCode(...entry.subarray(4, 8)) !== 'mp4a') return undefined;
  const version = ((entry[16] ?? 0) << 8) | (entry[17] ?? 0);
  const from = version === 1 ? FIXED_BYTES + VERSION_1_BYTES : FIXED_BYTES;
  const wave = findBox(entry, from, 'wave');
  const esds = findBox(entry, from, 'esds') ?? (wave === undefined ? undefined : findBox(wave, 0, 'esds'));
  if (esds === undefined) return undefined;
  const elementary = readDescriptor(esds, 4, TAG_ES);
  const decoder =
    elementary === undefined ? undefined : readDescriptor(elementary, esHeadBytes(elementary), TAG_DECODER_CONFIG);
  if (decoder === undefined || !AAC_OBJECT_TYPES.has(decoder[0] ?? 0)) return undefined;
  return readDescriptor(decoder, 13, TAG_DECODER_SPECIFIC);
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
