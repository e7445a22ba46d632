/**
 * An ISO base media box: `size:u32 type:4 payload` (ISO 14496-12 §4.2). Boxes are built bottom-up from literal parts;
 * a number list is bytes.
 */
export type BoxPart = Uint8Array | readonly number[];

export function box(type: string, ...parts: readonly BoxPart[]): Uint8Array {
  let size = 8;
  for (const part of parts) size += part.length;
  const bytes = new Uint8Array(size);
  bytes.set(u32(size), 0);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A box with version and flags (§4.2.2). */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly BoxPart[]): Uint8Array {
  return box(type, [version, (flags >> 16) & 255, (flags >> 8) & 255, flags & 255], ...parts);
}

export function u16(value: number): readonly number[] {
  return [(value >> 8) & 255, value & 255];
}

export function u32(value: number): readonly number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** Below 2^53. */
export function u64(value: number): readonly number[] {
  return [...u32(Math.floor(value / 2 ** 32)), ...u32(value % 2 ** 32)];
}
