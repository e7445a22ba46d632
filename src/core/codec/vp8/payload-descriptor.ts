/**
 * What stands before the bytes of VP8 in an RTP payload (RFC 7741 §4.2).
 *
 *     X R N S R PID:3   [X: I L T K 0000]   [I: M PictureID:7 or 15]   [L: TL0PICIDX:8]   [T or K: TID:2 Y KEYIDX:5]
 */
export interface Vp8Descriptor {
  /** Where the bytes of the frame begin. */
  readonly offset: number;
  /** It is the beginning of a frame. */
  readonly startsFrame: boolean;
}

/** Undefined if the payload ends within it. */
export function parseVp8Descriptor(payload: Uint8Array): Vp8Descriptor | undefined {
  const first = payload[0];
  if (first === undefined) return undefined;
  const offset = (first & 0x80) === 0 ? 1 : extendedLength(payload);
  if (offset > payload.length) return undefined;
  return { offset, startsFrame: (first & 0x10) !== 0 && (first & 7) === 0 };
}

function extendedLength(payload: Uint8Array): number {
  const flags = payload[1] ?? 0;
  let length = 2;
  if ((flags & 0x80) !== 0) length += ((payload[length] ?? 0) & 0x80) === 0 ? 1 : 2;
  if ((flags & 0x40) !== 0) length += 1;
  if ((flags & 0x30) !== 0) length += 1;
  return length;
}
