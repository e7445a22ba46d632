/**
 * What stands before the first fragment of a segment, in HLS as on disk, so that the index can be remade from files.
 *
 *     styp: major_brand:4 minor_version:u32 compatible_brands:4…                     ISO 14496-12 §8.16.2
 *     uuid: usertype:16 version:u8 flags:u8 number:u64 discontinuityNumber:u32       weir-boxes.ts
 */

import { userType, weirBoxAt } from './weir-boxes.ts';
import { box, u32, u64 } from '../write/box.ts';
import { fourCc } from '../write/init.ts';

export interface SegmentStart {
  /** Number of the segment, for the life of the stream. */
  readonly number: number;
  /** Discontinuities of the stream before this segment's first sample, its own included. */
  readonly discontinuityNumber: number;
  /** It does not follow the segment before without a jump (of time or of set-up). */
  readonly discontinuity: boolean;
  /** It starts with a key frame. */
  readonly independent: boolean;
}

/** Bytes of `styp` and `uuid` together: always the same. */
export const SEGMENT_START_SIZE = 24 + 38;

export function writeSegmentStart(start: SegmentStart): Uint8Array {
  const styp = box('styp', fourCc('msdh'), u32(0), fourCc('msdh'), fourCc('iso6'));
  const flags = (start.discontinuity ? DISCONTINUITY : 0) | (start.independent ? INDEPENDENT : 0);
  const uuid = box('uuid', userType('segment'), [VERSION, flags], u64(start.number), u32(start.discontinuityNumber));
  const bytes = new Uint8Array(styp.length + uuid.length);
  bytes.set(styp);
  bytes.set(uuid, styp.length);
  return bytes;
}

/** Reads the start of a segment whose `styp` begins at `offset`; undefined if there is none (not a segment, or another version). */
export function parseSegmentStart(bytes: Uint8Array, offset = 0): SegmentStart | undefined {
  if (offset + SEGMENT_START_SIZE > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, SEGMENT_START_SIZE);
  if (view.getUint32(4) !== 0x73747970 /* styp */ || view.getUint32(0) !== 24) return undefined;
  const uuid = 24;
  if (weirBoxAt(bytes, offset + uuid) !== 'segment' || view.getUint32(uuid) !== 38) return undefined;
  if (view.getUint8(uuid + 24) !== VERSION) return undefined;
  const flags = view.getUint8(uuid + 25);
  const number = view.getUint32(uuid + 26) * 2 ** 32 + view.getUint32(uuid + 30);
  if (!Number.isSafeInteger(number)) return undefined;
  return {
    number,
    discontinuityNumber: view.getUint32(uuid + 34),
    discontinuity: (flags & DISCONTINUITY) !== 0,
    independent: (flags & INDEPENDENT) !== 0,
  };
}

const VERSION = 1;
const DISCONTINUITY = 1;
const INDEPENDENT = 2;
