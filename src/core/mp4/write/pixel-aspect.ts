/**
 * Pixels that are not square: a `pasp` box at the end of a visual sample entry (ISO 14496-12 §12.1.4). Cameras whose sub-stream
 * is 704x576 for a 16:9 picture say it in the VUI only; players read it from here.
 */
import { box, u32 } from './box.ts';

/** The entry itself if its pixels are square or it has a `pasp`; otherwise a copy with one. */
export function withPixelAspect(entry: Uint8Array, aspect: readonly [number, number]): Uint8Array {
  const [across, down] = aspect;
  if (across === down || across <= 0 || down <= 0 || hasPasp(entry)) return entry;
  const pasp = box('pasp', u32(across), u32(down));
  const bytes = new Uint8Array(entry.length + pasp.length);
  bytes.set(entry);
  bytes.set(pasp, entry.length);
  bytes.set(u32(bytes.length), 0);
  return bytes;
}

/** Box head and the fixed fields of a VisualSampleEntry. */
const CHILDREN_OFFSET = 86;

function hasPasp(entry: Uint8Array): boolean {
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength);
  for (let at = CHILDREN_OFFSET; at + 8 <= entry.length;) {
    if (view.getUint32(at + 4) === 0x70617370) return true;
    const size = view.getUint32(at);
    if (size < 8) return false;
    at += size;
  }
  return false;
}
