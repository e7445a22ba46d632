/**
 * A picture of MPEG-4 Visual as it comes: the headers before it, if any, and itself.
 *
 *     [sequence, object, layer: the set-up]   [group of VOPs]   VOP: 00 00 01 b6  coding type:2 (seconds: 1… 0) 1 increment:n 1 …
 */
import { GROUP_OF_VOP, VOP, findStart } from './start-codes.ts';

export interface Mpeg4Picture {
  /** Views. */
  readonly config: Uint8Array;
  /** Where the group or the VOP begins. */
  readonly start: number;
  /** Where the VOP begins. */
  readonly vop: number;
  readonly key: boolean;
}

const INTRA = 0;

/** `bytes`: the beginning of a unit. Undefined if no VOP begins in it (with its coding type). */
export function parseMpeg4Picture(bytes: Uint8Array): Mpeg4Picture | undefined {
  let start: number | undefined;
  for (let at = findStart(bytes, 0); at >= 0; at = findStart(bytes, at + 3)) {
    const code = bytes[at + 3];
    if (code === GROUP_OF_VOP || code === VOP) start ??= at;
    if (code !== VOP || start === undefined) continue;
    const type = bytes[at + 4];
    if (type === undefined) return undefined;
    return { config: bytes.subarray(0, start), start, vop: at, key: type >> 6 === INTRA };
  }
  return undefined;
}
