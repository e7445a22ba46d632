/**
 * Boxes in bytes at hand (ISO 14496-12 §4.2): views, never copies. Every error is `mp4-invalid` with the path of the box
 * and its offset. Nothing recurses: who reads names the children it wants.
 *
 *     size:u32 type:4 [largesize:u64 if size = 1] payload        size = 0: up to the end
 */
import { WeirError } from '../../errors.ts';

export interface BoxHead {
  readonly type: string;
  readonly headSize: number;
  /** With the head; Infinity: up to the end of the file. */
  readonly size: number;
}

/** A box whose payload lies wholly within `bytes`. */
export interface Box {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Types from the outermost box on, for messages: 'moov/trak/mdia'. */
  readonly path: string;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

/** More children than that in one box is not a film. */
const MAX_CHILDREN = 4096;

/** The head of the box at `offset`; undefined if its bytes are not all there yet. Throws `mp4-invalid`. */
export function parseBoxHead(bytes: Uint8Array, offset: number, path = ''): BoxHead | undefined {
  if (offset + 8 > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = String.fromCharCode(
    view.getUint8(offset + 4),
    view.getUint8(offset + 5),
    view.getUint8(offset + 6),
    view.getUint8(offset + 7),
  );
  const size = view.getUint32(offset);
  if (size === 0) return { type, headSize: 8, size: Infinity };
  if (size !== 1) {
    if (size < 8) throw invalid(join(path, type), offset, `a size of ${size}`);
    return { type, headSize: 8, size };
  }
  if (offset + 16 > bytes.length) return undefined;
  const large = view.getUint32(offset + 8) * 2 ** 32 + view.getUint32(offset + 12);
  if (large < 16 || !Number.isSafeInteger(large)) throw invalid(join(path, type), offset, `a size of ${large}`);
  return { type, headSize: 16, size: large };
}

/** The boxes between `start` and `end`, in order. Throws `mp4-invalid` at one that passes `end`. */
export function* boxesIn(bytes: Uint8Array, start: number, end: number, path = ''): Generator<Box> {
  let at = start;
  for (let count = 0; at < end; count++) {
    if (count === MAX_CHILDREN) throw invalid(path, at, `more than ${MAX_CHILDREN} boxes`);
    const head = parseBoxHead(bytes, at, path);
    // Some writers end a container with four zero bytes (QuickTime's terminator of user data).
    if (end - at < 8 && bytes.subarray(at, end).every((byte) => byte === 0)) return;
    if (head === undefined || at + head.headSize > end) throw invalid(path, at, 'a box head that is cut off');
    const boxEnd = head.size === Infinity ? end : at + head.size;
    const boxPath = join(path, head.type);
    if (boxEnd > end) throw invalid(boxPath, at, `a size of ${head.size}, ${boxEnd - end} bytes past its container`);
    yield { bytes, type: head.type, path: boxPath, start: at, content: at + head.headSize, end: boxEnd };
    at = boxEnd;
  }
}

/** The children of a box; `skip`: bytes of fields before them (4 for a full box). */
export function childrenOf(box: Box, skip = 0): Generator<Box> {
  return boxesIn(box.bytes, box.content + skip, box.end, box.path);
}

/** The first child of that type. */
export function childOf(box: Box, type: string): Box | undefined {
  for (const child of childrenOf(box)) if (child.type === type) return child;
  return undefined;
}

/** The first descendant along `types`. Throws `mp4-invalid` naming what is missing. */
export function descendant(box: Box, ...types: readonly string[]): Box {
  let at = box;
  for (const type of types) {
    const child = childOf(at, type);
    if (child === undefined) throw invalid(join(at.path, type), at.start, 'no such box');
    at = child;
  }
  return at;
}

/** An `mp4-invalid` whose place is the path of a box and where it stands. */
export function invalid(path: string, offset: number, found: string): WeirError {
  return new WeirError('mp4-invalid', `MP4: ${found}`, { place: `${path === '' ? 'file' : path} (byte ${offset})` });
}

function join(path: string, type: string): string {
  const printable = /^[\x20-\x7e]{4}$/.test(type) ? type : '????';
  return path === '' ? printable : `${path}/${printable}`;
}
