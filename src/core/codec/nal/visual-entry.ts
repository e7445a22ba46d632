/**
 * The sample entry of a video track (ISO 14496-12 §12.1.3): the part that all codecs share, around a codec's configuration box.
 *
 *     size type | 6 zeros, data_reference_index:u16 | 16 zeros | width:u16 height:u16 | 72 dpi × 2 | 0 | frame_count:u16
 *     compressorname:32 | depth:u16 | −1 | configuration box | pasp if the samples are not square
 */
import { box, u16, u32 } from '../../mp4/write/box.ts';
import type { VideoShape } from '../codec-parameters.ts';

/** Size, type and the fixed fields: where the boxes inside begin. */
const FIXED_BYTES = 86;

export function writeVisualEntry(type: string, shape: VideoShape, configuration: Uint8Array): Uint8Array {
  const [width, height] = shape.aspect;
  const aspect = width === height ? [] : [box('pasp', u32(width), u32(height))];
  return box(
    type,
    [0, 0, 0, 0, 0, 0, ...u16(1)],
    new Uint8Array(16),
    u16(shape.width),
    u16(shape.height),
    u32(0x00480000),
    u32(0x00480000),
    u32(0),
    u16(1),
    new Uint8Array(32),
    u16(0x0018),
    u16(0xffff),
    configuration,
    ...aspect,
  );
}

/** The payload (a view) of a box directly inside a sample entry of one of `types`; undefined if either is not there. */
export function findInVisualEntry(entry: Uint8Array, types: readonly string[], wanted: string): Uint8Array | undefined {
  return types.includes(typeAt(entry, 4)) ? findBox(entry, FIXED_BYTES, wanted) : undefined;
}

/** The payload (a view) of the first box of that type among those that begin at `from`. */
export function findBox(bytes: Uint8Array, from: number, wanted: string): Uint8Array | undefined {
  let at = from;
  while (at + 8 <= bytes.length) {
    const size = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
    if (size < 8 || at + size > bytes.length) return undefined;
    if (typeAt(bytes, at + 4) === wanted) return bytes.subarray(at + 8, at + size);
    at += size;
  }
  return undefined;
}

function typeAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0);
}
