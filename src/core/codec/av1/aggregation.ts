/**
 * The elements of an RTP payload of AV1 (RTP payload format for AV1 §4.3 to §4.5): OBUs and fragments of OBUs.
 *
 *     Z Y W:2 N 000   (size:leb128 element)…     W > 0: so many elements, the last without a size
 *
 * Z: the first element goes on from the packet before. Y: the last goes on in the next. N: a coded video sequence begins.
 */
import { readLeb128 } from './obu.ts';

export interface Av1Elements {
  readonly continues: boolean;
  readonly unfinished: boolean;
  /** Views, none of them empty. */
  readonly elements: readonly Uint8Array[];
}

/** Of one payload: a temporal unit has a handful of OBUs, and 64 KB could hold 30,000 empty ones, each looked at. */
export const MAX_ELEMENTS = 256;

/** Undefined if the sizes do not fit the payload, if nothing is in it, or more than MAX_ELEMENTS. */
export function parseAv1Elements(payload: Uint8Array): Av1Elements | undefined {
  const head = payload[0];
  if (head === undefined) return undefined;
  const count = (head >> 4) & 3;
  const elements: Uint8Array[] = [];
  for (let at = 1; at < payload.length;) {
    const unsized = count > 0 && elements.length === count - 1;
    const size = unsized ? { value: payload.length - at, end: at } : readLeb128(payload, at);
    if (size === undefined || size.value > payload.length - size.end) return undefined;
    const element = payload.subarray(size.end, size.end + size.value);
    at = size.end + size.value;
    if (element.length > 0) elements.push(element);
    if (elements.length > MAX_ELEMENTS) return undefined;
  }
  if (elements.length === 0 || (count > 0 && elements.length !== count)) return undefined;
  return { continues: (head & 0x80) !== 0, unfinished: (head & 0x40) !== 0, elements };
}
