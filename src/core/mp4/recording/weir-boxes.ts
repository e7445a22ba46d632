/**
 * The `uuid` boxes that are weir's own (ISO 14496-12 §4.2): players skip them, recovery and rebuild read them.
 *
 *     size:u32 'uuid' usertype:16 version:u8 fields…
 */
export type WeirBox = 'segment' | 'file' | 'samples';

/** Box head, user type and version. */
export const WEIR_BOX_HEAD = 25;

/** One random family, and a last byte for each kind. */
const FAMILY = [0x77, 0x65, 0x69, 0x72, 0x9d, 0x1c, 0x4b, 0x0e, 0xa3, 0x52, 0x61, 0xf8, 0x07, 0xc4, 0x2a] as const;
const KINDS: Readonly<Record<WeirBox, number>> = { segment: 1, file: 2, samples: 3 };

export function userType(kind: WeirBox): readonly number[] {
  return [...FAMILY, KINDS[kind]];
}

/** Which of weir's boxes begins at `offset`; undefined if none does, or if its head is cut off. */
export function weirBoxAt(bytes: Uint8Array, offset: number): WeirBox | undefined {
  if (offset + WEIR_BOX_HEAD > bytes.length) return undefined;
  for (let i = 0; i < 4; i++) if (bytes[offset + 4 + i] !== 'uuid'.charCodeAt(i)) return undefined;
  for (const [i, byte] of FAMILY.entries()) if (bytes[offset + 8 + i] !== byte) return undefined;
  const last = bytes[offset + 8 + FAMILY.length];
  return (['segment', 'file', 'samples'] as const).find((kind) => KINDS[kind] === last);
}
