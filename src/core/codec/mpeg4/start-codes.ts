/** Start codes of MPEG-4 Visual (ISO 14496-2 §6.2.1, table 6-3): 00 00 01 and a byte that says what begins. */
export const VISUAL_OBJECT_SEQUENCE = 0xb0;
export const GROUP_OF_VOP = 0xb3;
export const VOP = 0xb6;
const USER_DATA = 0xb2;
const VISUAL_OBJECT = 0xb5;
const FIRST_LAYER = 0x20;
const LAST_LAYER = 0x2f;

export function isLayer(code: number): boolean {
  return code >= FIRST_LAYER && code <= LAST_LAYER;
}

/** What may stand at the beginning of a picture's bytes. */
export function beginsUnit(payload: Uint8Array): boolean {
  if (payload[0] !== 0 || payload[1] !== 0 || payload[2] !== 1) return false;
  const code = payload[3] ?? 0xff;
  return code <= LAST_LAYER || HEADERS.has(code);
}

const HEADERS: ReadonlySet<number> = new Set([VISUAL_OBJECT_SEQUENCE, USER_DATA, GROUP_OF_VOP, VISUAL_OBJECT, VOP]);

/** Offset of the next start code at or after `from`, with its code byte; −1 if there is none. */
export function findStart(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(1, from + 2); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(1, at + 1)) {
    if (bytes[at - 1] === 0 && bytes[at - 2] === 0 && at - 2 >= from) return at - 2;
  }
  return -1;
}
