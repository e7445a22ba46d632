/**
 * The JPEG header of RFC 2435 §3.1, which stands before the bytes of the scan in each RTP payload, and the two that may follow it.
 *
 *     type-specific:8 offset:24 | type:8 Q:8 width/8:8 height/8:8 | [type 64 to 127: restart interval:16 F L count:14]
 *     [Q ≥ 128, offset 0: 0 precision:8 length:16 tables…]
 */
export interface JpegHeader {
  /** Of the scan's bytes in the whole scan. */
  readonly offset: number;
  /** Without the restart flag: 0 is 4:2:2, 1 is 4:2:0; others are not defined. */
  readonly type: number;
  /** 0: the tables of the frame before, which only ONVIF allows. */
  readonly quality: number;
  /** In pixels, as far as eight bits of eighths go: 0 to 2040. */
  readonly width: number;
  readonly height: number;
  /** In MCUs; 0: no restart markers. */
  readonly restartInterval: number;
  /** In the first payload, for Q ≥ 128; empty if those of earlier frames hold. */
  readonly tables: QuantisationTables | undefined;
  /** View: what is left of the payload. */
  readonly scan: Uint8Array;
}

export interface QuantisationTables {
  /** Bit i: the values of table i have 16 bits. */
  readonly precision: number;
  readonly bytes: Uint8Array;
}

const FIXED_BYTES = 8;
const RESTART_TYPES = 64;
const DYNAMIC_TYPES = 128;
const FIRST_IN_BAND = 128;

/** Undefined if the payload ends within its headers, or its type is for out-of-band set-ups that nobody defined. */
export function parseJpegHeader(payload: Uint8Array): JpegHeader | undefined {
  const type = payload[4] ?? 0;
  const quality = payload[5] ?? 0;
  if (payload.length < FIXED_BYTES || type >= DYNAMIC_TYPES) return undefined;
  const offset = ((payload[1] ?? 0) << 16) | u16At(payload, 2);
  const restarts = type >= RESTART_TYPES;
  const restartInterval = restarts ? u16At(payload, FIXED_BYTES) : 0;
  let at = FIXED_BYTES + (restarts ? 4 : 0);
  let tables: QuantisationTables | undefined;
  if (quality >= FIRST_IN_BAND && offset === 0) {
    const length = u16At(payload, at + 2);
    tables = { precision: payload[at + 1] ?? 0, bytes: payload.subarray(at + 4, at + 4 + length) };
    at += 4 + length;
  }
  if (at > payload.length) return undefined;
  const kind = type % RESTART_TYPES;
  const width = 8 * (payload[6] ?? 0);
  const height = 8 * (payload[7] ?? 0);
  return { offset, type: kind, quality, width, height, restartInterval, tables, scan: payload.subarray(at) };
}

function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
