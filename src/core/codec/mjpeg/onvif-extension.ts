/**
 * What ONVIF lets a camera say beyond RFC 2435 (ONVIF Streaming Specification, section JPEG over RTP): segments of JPEG in the RTP header extension of a
 * picture's first packet. They go before what the payload's header says: sizes above 2040 pixels, other tables, gray pictures.
 *
 *     0xffd8 length:16 | marker:16 length:16 content … padding of 0xff before any marker
 *
 * Read of the first packet only: nobody was seen to spread segments over several (0xffff), or to put bytes of the scan there.
 */
import type { FrameSize } from './frame-size.ts';
import type { JpegHeader, QuantisationTables } from './jpeg-header.ts';
import {
  APP0,
  DHT,
  DQT,
  DRI,
  HUFFMAN_SEGMENT,
  JFIF_SEGMENT,
  SOF0,
  SOS,
  START_OF_IMAGE,
  frameSegment,
  restartSegment,
  scanSegment,
  tablesSegment,
} from './jfif.ts';

/** The extension's profile: a JPEG's start of image. */
export const ONVIF_JPEG = 0xffd8;

export interface JpegSegment {
  readonly marker: number;
  /** View of the whole segment, marker and length included. */
  readonly bytes: Uint8Array;
}

/** What is written where the segments do not say it. */
export interface RfcFrame extends Pick<JpegHeader, 'type' | 'restartInterval'> {
  readonly size: FrameSize | undefined;
  readonly tables: QuantisationTables | undefined;
}

export interface ExtendedHead extends FrameSize {
  /** Everything before the scan. */
  readonly bytes: Uint8Array;
}

/** Undefined: no sequence of segments. */
export function parseExtension(bytes: Uint8Array): readonly JpegSegment[] | undefined {
  const segments: JpegSegment[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    if (marker === undefined) break;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length) return undefined;
    segments.push({ marker, bytes: bytes.subarray(at, end) });
    if (marker === SOS) break;
    at = end;
  }
  return segments;
}

/**
 * The segments that count for a frame: its own, and of the frame before those that it may leave out: Huffman tables, with a quality of 0
 * quantisation tables, with a size of 0 the frame's start.
 */
export function completed(
  own: readonly JpegSegment[],
  before: readonly JpegSegment[],
  { quality, width, height }: JpegHeader,
): readonly JpegSegment[] {
  const left = [DHT, ...(quality === 0 ? [DQT] : []), ...(width === 0 && height === 0 ? [SOF0] : [])];
  return [...before.filter(({ marker }) => left.includes(marker) && !has(own, marker)), ...own];
}

/** Undefined if it is not said how large the picture is, or it is none that we know. */
export function writeExtendedHead(segments: readonly JpegSegment[], frame: RfcFrame): ExtendedHead | undefined {
  const said = segments.find(({ marker }) => marker === SOF0)?.bytes;
  const start = said ?? (frame.size && frameSegment({ ...frame.size, type: frame.type }));
  const shape = start && readStart(start);
  const tables = frame.tables && tablesSegment(frame.tables);
  if (start === undefined || shape === undefined || (tables === undefined && !has(segments, DQT))) return undefined;
  const scan = segments.find(({ marker }) => marker === SOS)?.bytes;
  const rest = segments.filter(({ marker }) => marker !== APP0 && marker !== SOF0 && marker !== SOS);
  const parts: readonly (Iterable<number> | undefined)[] = [
    START_OF_IMAGE,
    segments.find(({ marker }) => marker === APP0)?.bytes ?? JFIF_SEGMENT,
    tables,
    HUFFMAN_SEGMENT,
    ...rest.map(({ bytes }) => bytes),
    has(segments, DRI) ? undefined : restartSegment(frame.restartInterval),
    start,
    scan ?? scanSegment(shape.components),
  ];
  const { width, height } = shape;
  return { width, height, bytes: Uint8Array.from(parts.flatMap((part) => [...(part ?? [])])) };
}

function has(segments: readonly JpegSegment[], wanted: number): boolean {
  return segments.some(({ marker }) => marker === wanted);
}

/** A whole SOF0 segment: eight bits, one component or three. */
function readStart(segment: Iterable<number>): (FrameSize & { readonly components: readonly number[] }) | undefined {
  const [, , , , precision, heightHigh = 0, heightLow = 0, widthHigh = 0, widthLow = 0, count = 0, ...rest] = segment;
  const width = (widthHigh << 8) | widthLow;
  const height = (heightHigh << 8) | heightLow;
  const components = rest.filter((_, index) => index % 3 === 0);
  if (precision !== 8 || width === 0 || height === 0 || rest.length !== 3 * count) return undefined;
  return count === 1 || count === 3 ? { width, height, components } : undefined;
}
