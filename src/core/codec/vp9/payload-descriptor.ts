/**
 * What stands before the bytes of VP9 in an RTP payload (RFC 9628 §4.2).
 *
 *     I P L F B E V Z   [I: M PictureID:7 or 15]   [L: TID:3 U SID:3 D   [F=0: TL0PICIDX:8]]   [F=1, P=1: (P_DIFF:7 N)… up to 3]
 *     [V: N_S:3 Y G 000   [Y: (width:16 height:16)…]   [G: N_G:8 (TID:3 U R:2 00  P_DIFF:8…)…]]
 */
export interface Vp9Descriptor {
  /** Where the bytes of the frame begin. */
  readonly offset: number;
  /** It is the beginning of a frame of the lowest spatial layer: of a picture. */
  readonly startsPicture: boolean;
  /** It is the beginning of a frame, of any layer. */
  readonly startsFrame: boolean;
  /** Of the highest spatial layer, where the sender says it. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
}

const MAX_REFERENCES = 3;

/** Undefined if the payload ends within it. */
export function parseVp9Descriptor(payload: Uint8Array): Vp9Descriptor | undefined {
  const flags = payload[0];
  if (flags === undefined) return undefined;
  const layered = (flags & 0x20) !== 0;
  const flexible = (flags & 0x10) !== 0;
  let at = 1;
  if ((flags & 0x80) !== 0) at += ((payload[at] ?? 0) & 0x80) === 0 ? 1 : 2;
  const spatialLayer = layered ? ((payload[at] ?? 0) >> 1) & 7 : 0;
  if (layered) at += flexible ? 1 : 2;
  if (flexible && (flags & 0x40) !== 0) at = skipReferences(payload, at);
  const structure = (flags & 0x02) === 0 ? { at, size: undefined } : readStructure(payload, at);
  if (structure.at > payload.length) return undefined;
  const startsFrame = (flags & 0x08) !== 0;
  return {
    offset: structure.at,
    startsFrame,
    startsPicture: startsFrame && spatialLayer === 0,
    size: structure.size,
  };
}

function skipReferences(payload: Uint8Array, from: number): number {
  let at = from;
  for (let i = 0; i < MAX_REFERENCES; i++) {
    at += 1;
    if (((payload[at - 1] ?? 0) & 1) === 0) break;
  }
  return at;
}

function readStructure(
  payload: Uint8Array,
  from: number,
): { readonly at: number; readonly size: Vp9Descriptor['size'] } {
  const head = payload[from] ?? 0;
  const layers = (head >> 5) + 1;
  let at = from + 1;
  let size: Vp9Descriptor['size'];
  if ((head & 0x10) !== 0) {
    const last = at + 4 * (layers - 1);
    size = { width: u16At(payload, last), height: u16At(payload, last + 2) };
    at += 4 * layers;
  }
  if ((head & 0x08) !== 0) {
    const pictures = payload[at] ?? 0;
    at += 1;
    for (let i = 0; i < pictures; i++) at += 1 + (((payload[at] ?? 0) >> 2) & 3);
  }
  return { at, size: size !== undefined && size.width > 0 && size.height > 0 ? size : undefined };
}

function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
