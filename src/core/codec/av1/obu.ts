/**
 * Open bitstream units of AV1 (AV1 bitstream specification §5.3), and the variable-length numbers that measure them (§4.10.5).
 *
 *     0 type:4 extension:1 has_size:1 0   [extension: temporal:3 spatial:3 000]   [has_size: leb128]   payload
 */
import { byteLengthOf, joined } from '../access-unit.ts';
import type { Pieces } from '../access-unit.ts';

export const OBU_SEQUENCE_HEADER = 1;
export const OBU_TEMPORAL_DELIMITER = 2;
export const OBU_FRAME_HEADER = 3;
export const OBU_FRAME = 6;
const OBU_TILE_LIST = 8;
const OBU_PADDING = 15;
const OBU_REDUNDANT_FRAME_HEADER = 7;

const FORBIDDEN = 0x80;
const EXTENSION = 0x04;
const HAS_SIZE = 0x02;
/** A size fits 32 bits: five bytes, of which writers use up to eight. */
const MAX_LEB128_BYTES = 8;

/** Those that MP4 samples and RTP leave out (AV1-ISOBMFF §2.5, RTP payload format for AV1 §5). */
const LEFT_OUT: ReadonlySet<number> = new Set([
  OBU_TEMPORAL_DELIMITER,
  OBU_TILE_LIST,
  OBU_PADDING,
  OBU_REDUNDANT_FRAME_HEADER,
]);

export function obuType(header: number): number {
  return (header >> 3) & 15;
}

export function isLeftOut(type: number): boolean {
  return LEFT_OUT.has(type);
}

/** The number at `at` and where it ends; undefined if it is cut off, or above 2^32 − 1. */
export function readLeb128(
  bytes: Uint8Array,
  at: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < MAX_LEB128_BYTES; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return value < 2 ** 32 ? { value, end: at + i + 1 } : undefined;
  }
  return undefined;
}

export function leb128(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return bytes;
}

/** An OBU taken apart: views. */
export interface Obu {
  readonly type: number;
  /** One byte or two, with the size flag as it was. */
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** The OBU at `at`, and where it ends. One without a size goes to the end. Undefined: cut off, or none. */
export function readObu(bytes: Uint8Array, at: number): { readonly obu: Obu; readonly end: number } | undefined {
  const first = bytes[at];
  if (first === undefined || (first & FORBIDDEN) !== 0) return undefined;
  const headerEnd = at + ((first & EXTENSION) === 0 ? 1 : 2);
  const size = (first & HAS_SIZE) === 0 ? undefined : readLeb128(bytes, headerEnd);
  if ((first & HAS_SIZE) !== 0 && size === undefined) return undefined;
  const start = size?.end ?? headerEnd;
  const end = size === undefined ? bytes.length : start + size.value;
  if (start > bytes.length || end > bytes.length) return undefined;
  const obu = { type: obuType(first), header: bytes.subarray(at, headerEnd), payload: bytes.subarray(start, end) };
  return { obu, end };
}

/** Of an OBU that may be cut off after it; 0 if it is before that. */
export function firstPayloadByte(obu: Uint8Array): number {
  const first = obu[0] ?? 0;
  const headerEnd = (first & EXTENSION) === 0 ? 1 : 2;
  const start = (first & HAS_SIZE) === 0 ? headerEnd : readLeb128(obu, headerEnd)?.end;
  return start === undefined ? 0 : (obu[start] ?? 0);
}

/** All OBUs of a temporal unit; undefined if they do not fit it. */
export function splitObus(unit: Uint8Array): readonly Obu[] | undefined {
  const obus: Obu[] = [];
  for (let at = 0; at < unit.length;) {
    const read = readObu(unit, at);
    if (read === undefined) return undefined;
    obus.push(read.obu);
    at = read.end;
  }
  return obus;
}

/** An OBU as it came: its header, and its payload in pieces (views). */
export interface ObuPieces {
  /** One byte or two, with the size flag as it was. */
  readonly header: Uint8Array;
  readonly payload: Pieces;
}

/** The pieces of an OBU without a size, whose header lies in the first; undefined otherwise. */
export function splitHeader(pieces: Pieces): ObuPieces | undefined {
  const [first, ...rest] = pieces;
  const head = first?.[0];
  if (first === undefined || head === undefined || (head & (FORBIDDEN | HAS_SIZE)) !== 0) return undefined;
  const headerBytes = (head & EXTENSION) === 0 ? 1 : 2;
  if (first.length < headerBytes) return undefined;
  const payload = first.length === headerBytes ? rest : [first.subarray(headerBytes), ...rest];
  return { header: first.subarray(0, headerBytes), payload };
}

/** With its size, as samples have it. */
export function sizedObu({ header, payload }: ObuPieces): Pieces {
  const [first = 0, ...extension] = header;
  return [Uint8Array.of(first | HAS_SIZE, ...extension, ...leb128(byteLengthOf(payload))), ...payload];
}

/** Without its size, as RTP has it. */
export function unsizedObu({ header, payload }: Obu): Uint8Array {
  const [first = 0, ...extension] = header;
  return joined([Uint8Array.of(first & ~HAS_SIZE, ...extension), payload]);
}
