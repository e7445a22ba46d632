/**
 * A whole JPEG around a scan that came over RTP (RFC 2435 §3.1.9, appendix B), and such a JPEG taken apart.
 *
 *     SOI  APP0 'JFIF'  DQT…  [DRI]  SOF0  DHT  SOS  scan…  EOI
 */
import { u16 } from '../../mp4/write/box.ts';
import { STANDARD_HUFFMAN, isStandardHuffman } from './huffman.ts';
import type { QuantisationTables } from './jpeg-header.ts';

export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** 0 is 4:2:2, 1 is 4:2:0. */
  readonly type: number;
  readonly restartInterval: number;
  /** Luma's and chroma's; one alone serves both. */
  readonly tables: QuantisationTables;
}

const SOI = 0xd8;
const EOI = 0xd9;
export const SOF0 = 0xc0;
export const DHT = 0xc4;
export const SOS = 0xda;
export const DQT = 0xdb;
export const DRI = 0xdd;
export const APP0 = 0xe0;
/** Version 1.1, no units, square pixels, no thumbnail. */
const JFIF = [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];
/** Of the three components of a picture that RFC 2435 describes. */
const COMPONENTS = [1, 2, 3];
const LUMA_SAMPLING = [0x21, 0x22];
const CHROMA_SAMPLING = 0x11;

export const END_OF_IMAGE: Uint8Array = Uint8Array.of(0xff, EOI);
export const START_OF_IMAGE: readonly number[] = [0xff, SOI];
export const JFIF_SEGMENT: readonly number[] = segment(APP0, JFIF);
export const HUFFMAN_SEGMENT: readonly number[] = segment(DHT, [...STANDARD_HUFFMAN]);

/** Both have the same head. */
export function sameFrame(one: JpegFrame, other: JpegFrame): boolean {
  return (
    one.width === other.width &&
    one.height === other.height &&
    one.type === other.type &&
    one.restartInterval === other.restartInterval &&
    one.tables.precision === other.tables.precision &&
    one.tables.bytes.length === other.tables.bytes.length &&
    one.tables.bytes.every((value, i) => value === other.tables.bytes[i])
  );
}

/** Everything before the scan; undefined if the tables are too short for what they say. */
export function writeJpegHead(frame: JpegFrame): Uint8Array | undefined {
  const tables = tablesSegment(frame.tables);
  const start = frameSegment(frame);
  if (tables === undefined || start === undefined) return undefined;
  return Uint8Array.from([
    ...START_OF_IMAGE,
    ...JFIF_SEGMENT,
    ...tables,
    ...restartSegment(frame.restartInterval),
    ...start,
    ...HUFFMAN_SEGMENT,
    ...scanSegment(COMPONENTS),
  ]);
}

/** Undefined if they are too short for what they say. */
export function tablesSegment(tables: QuantisationTables): readonly number[] | undefined {
  const [luma, chroma = luma] = splitTables(tables);
  if (luma === undefined || chroma === undefined) return undefined;
  return segment(DQT, [precisionOf(luma), ...luma, precisionOf(chroma) | 1, ...chroma]);
}

/** Empty without restart markers. */
export function restartSegment(interval: number): readonly number[] {
  return interval === 0 ? [] : segment(DRI, u16(interval));
}

/** Undefined if RFC 2435 does not define the type. */
export function frameSegment({
  width,
  height,
  type,
}: Pick<JpegFrame, 'width' | 'height' | 'type'>): readonly number[] | undefined {
  const sampling = LUMA_SAMPLING[type];
  if (sampling === undefined) return undefined;
  const components = [1, sampling, 0, 2, CHROMA_SAMPLING, 1, 3, CHROMA_SAMPLING, 1];
  return segment(SOF0, [8, ...u16(height), ...u16(width), 3, ...components]);
}

/** By the names of a frame's components: the first has Huffman tables of its own, the others share theirs. */
export function scanSegment(components: readonly number[]): readonly number[] {
  const named = components.flatMap((name, index) => [name, index === 0 ? 0x00 : 0x11]);
  return segment(SOS, [components.length, ...named, 0, 63, 0]);
}

/** A JPEG that RFC 2435 can carry; `scan` is a view, without the end of image. Undefined: another kind of JPEG. */
export function parseJpeg(bytes: Uint8Array): (JpegFrame & { readonly scan: Uint8Array }) | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) return undefined;
  const tables: (Uint8Array | undefined)[] = [];
  let restartInterval = 0;
  let shape: Frame | undefined;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const content = bytes.subarray(at + 4, at + 2 + length);
    if (length < 2 || content.length !== length - 2) return undefined;
    at += 2 + length;
    if (marker === DQT && !readTables(content, tables)) return undefined;
    if (marker === DHT && !isStandardHuffman(content)) return undefined;
    if (marker === DRI) restartInterval = ((content[0] ?? 0) << 8) | (content[1] ?? 0);
    if (marker === SOF0) shape = readFrame(content);
    else if (isOtherFrame(marker)) return undefined;
    if (marker !== SOS) continue;
    const joinedTables = shape && tablesOf(shape, tables);
    if (shape === undefined || joinedTables === undefined) return undefined;
    const { width, height, type } = shape;
    return { width, height, type, restartInterval, tables: joinedTables, scan: withoutEnd(bytes.subarray(at)) };
  }
  return undefined;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly type: number;
  /** Numbers of the tables of luma and chroma. */
  readonly tables: readonly [number, number];
}

function segment(marker: number, content: readonly number[]): readonly number[] {
  return [0xff, marker, ...u16(content.length + 2), ...content];
}

/** 16 bits a value or eight. */
function precisionOf(table: Uint8Array): number {
  return table.length === 128 ? 0x10 : 0;
}

function splitTables({ precision, bytes }: QuantisationTables): readonly Uint8Array[] {
  const tables: Uint8Array[] = [];
  for (let at = 0; at < bytes.length && tables.length < 2;) {
    const length = (precision & (1 << tables.length)) === 0 ? 64 : 128;
    if (at + length > bytes.length) return [];
    tables.push(bytes.subarray(at, at + length));
    at += length;
  }
  return tables;
}

/** A DQT segment, tables by their number. */
function readTables(content: Uint8Array, tables: (Uint8Array | undefined)[]): boolean {
  for (let at = 0; at < content.length;) {
    const head = content[at] ?? 0;
    const length = head >> 4 === 0 ? 64 : 128;
    if (at + 1 + length > content.length || (head & 15) > 3) return false;
    tables[head & 15] = content.subarray(at + 1, at + 1 + length);
    at += 1 + length;
  }
  return true;
}

/** Baseline, three components, chroma halved across, or across and down. */
function readFrame(content: Uint8Array): Frame | undefined {
  const [precision, heightHigh = 0, heightLow = 0, widthHigh = 0, widthLow = 0, components] = content;
  const [, luma = 0, lumaTable = 0, , cb, cbTable = 0, , cr, crTable] = content.subarray(6);
  const type = LUMA_SAMPLING.indexOf(luma);
  const width = (widthHigh << 8) | widthLow;
  const height = (heightHigh << 8) | heightLow;
  if (precision !== 8 || components !== 3 || type < 0 || width === 0 || height === 0) return undefined;
  if (cb !== CHROMA_SAMPLING || cr !== CHROMA_SAMPLING || crTable !== cbTable) return undefined;
  return { width, height, type, tables: [lumaTable, cbTable] };
}

function tablesOf(frame: Frame, tables: readonly (Uint8Array | undefined)[]): QuantisationTables | undefined {
  const [luma, chroma] = frame.tables.map((number) => tables[number]);
  if (luma === undefined || chroma === undefined) return undefined;
  const bytes = Uint8Array.from([...luma, ...chroma]);
  return { precision: (luma.length === 128 ? 1 : 0) | (chroma.length === 128 ? 2 : 0), bytes };
}

function isOtherFrame(marker: number): boolean {
  return marker >= 0xc1 && marker <= 0xcf && marker !== DHT && marker !== 0xc8 && marker !== 0xcc;
}

function withoutEnd(scan: Uint8Array): Uint8Array {
  return endsImage(scan) ? scan.subarray(0, -2) : scan;
}

/** The last two bytes are the end of image. */
export function endsImage(scan: Uint8Array): boolean {
  return scan.at(-2) === 0xff && scan.at(-1) === EOI;
}
