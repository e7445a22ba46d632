/**
 * The frame tag of VP8 and what follows it in a key frame (RFC 6386 §9.1).
 *
 *     size:19 show:1 version:3 inter:1, little endian      9d 01 2a  scale:2 width:14  scale:2 height:14, each little endian
 */
export type Vp8FrameHeader =
  | { readonly key: false; readonly version: number }
  | { readonly key: true; readonly version: number; readonly width: number; readonly height: number };

/** `frame` may be cut off after ten bytes; undefined if it is no frame. */
export function parseVp8FrameHeader(frame: Uint8Array): Vp8FrameHeader | undefined {
  const [tag, , , start0, start1, start2, widthLow, widthHigh, heightLow, heightHigh] = frame;
  if (tag === undefined || frame.length < 3) return undefined;
  const version = (tag >> 1) & 7;
  if ((tag & 1) !== 0) return { key: false, version };
  if (start0 !== 0x9d || start1 !== 0x01 || start2 !== 0x2a || heightHigh === undefined) return undefined;
  const width = (((widthHigh ?? 0) & 0x3f) << 8) | (widthLow ?? 0);
  const height = ((heightHigh & 0x3f) << 8) | (heightLow ?? 0);
  return width === 0 || height === 0 ? undefined : { key: true, version, width, height };
}
