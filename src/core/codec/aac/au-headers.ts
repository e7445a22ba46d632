/**
 * The AU header section of a payload (RFC 3640 §3.2.1): how many access units follow, how long each is, and its place in time.
 *
 *     AU-headers-length:u16, in bits | AU-size AU-Index | AU-size AU-Index-delta | … | padding to a byte | (auxiliary section)
 */
import { BitReader } from '../../bytes/bit-reader.ts';

/** The widths of fmtp, in bits. */
export interface AuHeaderLayout {
  readonly sizeLength: number;
  readonly indexLength: number;
  readonly indexDeltaLength: number;
  readonly ctsDeltaLength: number;
  readonly dtsDeltaLength: number;
  readonly randomAccess: boolean;
  readonly streamStateLength: number;
  readonly auxiliaryLength: number;
  /** Where no size is sent: bytes of each unit, 0 if it is not fixed. */
  readonly constantSize: number;
}

export interface AuHeaders {
  /** Where the first unit begins. */
  readonly dataOffset: number;
  readonly units: readonly { readonly size: number; readonly index: number }[];
}

/** More units in one packet are junk: 64 frames are 1.4 s of audio. */
export const MAX_UNITS_PER_PACKET = 64;
const MAX_FIELD_BITS = 32;

/** By mode; one that is not said is AAC-hbr, which all cameras mean. In mode generic what is not said is not sent (RFC 3640 §4.1). */
const USUAL_WIDTHS: Readonly<Record<string, { readonly size: number; readonly index: number }>> = {
  'aac-lbr': { size: 6, index: 2 },
  generic: { size: 0, index: 0 },
};
const HIGH_BIT_RATE = { size: 13, index: 3 };

export function auHeaderLayoutOf(fmtp: ReadonlyMap<string, string>): AuHeaderLayout {
  const usual = USUAL_WIDTHS[fmtp.get('mode')?.trim().toLowerCase() ?? ''] ?? HIGH_BIT_RATE;
  const constantSize = numberOf(fmtp, 'constantsize', 0, 65535);
  return {
    sizeLength: numberOf(fmtp, 'sizelength', constantSize > 0 ? 0 : usual.size),
    indexLength: numberOf(fmtp, 'indexlength', constantSize > 0 ? 0 : usual.index),
    indexDeltaLength: numberOf(fmtp, 'indexdeltalength', constantSize > 0 ? 0 : usual.index),
    ctsDeltaLength: numberOf(fmtp, 'ctsdeltalength', 0),
    dtsDeltaLength: numberOf(fmtp, 'dtsdeltalength', 0),
    randomAccess: fmtp.get('randomaccessindication')?.trim() === '1',
    streamStateLength: numberOf(fmtp, 'streamstateindication', 0),
    auxiliaryLength: numberOf(fmtp, 'auxiliarydatasizelength', 0),
    constantSize,
  };
}

/** Undefined if the section is cut off or says too many units. Sizes are as sent: they may reach past the packet (a fragment). */
export function parseAuHeaders(payload: Uint8Array, layout: AuHeaderLayout): AuHeaders | undefined {
  const hasHeaders = layout.sizeLength + layout.indexLength + layout.indexDeltaLength > 0;
  if (!hasHeaders) return { dataOffset: 0, units: constantUnits(payload.length, layout.constantSize) };
  if (payload.length < 2) return undefined;
  const bits = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
  const dataOffset = 2 + Math.ceil(bits / 8);
  if (dataOffset > payload.length) return undefined;
  const reader = new BitReader(payload.subarray(2, dataOffset));
  const units: { size: number; index: number }[] = [];
  let index = 0;
  while (reader.position + layout.sizeLength <= bits && reader.position < bits) {
    if (units.length === MAX_UNITS_PER_PACKET) return undefined;
    const size = layout.sizeLength === 0 ? layout.constantSize : reader.bits(layout.sizeLength);
    index = units.length === 0 ? reader.bits(layout.indexLength) : index + 1 + reader.bits(layout.indexDeltaLength);
    skipOptional(reader, layout);
    units.push({ size, index });
  }
  return { dataOffset: dataOffset + auxiliaryBytes(payload, dataOffset, layout.auxiliaryLength), units };
}

function skipOptional(reader: BitReader, layout: AuHeaderLayout): void {
  if (layout.ctsDeltaLength > 0 && reader.flag()) reader.skip(layout.ctsDeltaLength);
  if (layout.dtsDeltaLength > 0 && reader.flag()) reader.skip(layout.dtsDeltaLength);
  if (layout.randomAccess) reader.skip(1);
  reader.skip(layout.streamStateLength);
}

function constantUnits(bytes: number, constantSize: number): AuHeaders['units'] {
  const size = constantSize > 0 ? constantSize : bytes;
  const count = size === 0 ? 0 : Math.min(MAX_UNITS_PER_PACKET, Math.floor(bytes / size));
  return Array.from({ length: count }, (_, index) => ({ size, index }));
}

/** §3.2.2: its length in bits, then as many bits, padded to a byte. */
function auxiliaryBytes(payload: Uint8Array, offset: number, lengthBits: number): number {
  if (lengthBits === 0) return 0;
  const reader = new BitReader(payload.subarray(offset));
  return Math.ceil((lengthBits + reader.bits(lengthBits)) / 8);
}

function numberOf(fmtp: ReadonlyMap<string, string>, name: string, otherwise: number, limit = MAX_FIELD_BITS): number {
  const text = fmtp.get(name)?.trim() ?? '';
  const value = /^\d+$/.test(text) ? Number(text) : otherwise;
  return value <= limit ? value : otherwise;
}
