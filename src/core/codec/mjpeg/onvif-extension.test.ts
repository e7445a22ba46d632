/** From bytes as they stand on the wire: ONVIF Streaming Specification, section JPEG over RTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import { parseRtpHeader, rtpExtension } from '../../rtp/packet.ts';
import { joined } from '../access-unit.ts';
import type { RtpPayload } from '../codec.ts';
import { STANDARD_HUFFMAN } from './huffman.ts';
import { parseJpeg } from './jfif.ts';
import { JPEG_FORMAT } from './jpeg-format.table.ts';
import type { JpegHeader } from './jpeg-header.ts';
import { mjpegCodec } from './mjpeg-codec.ts';
import { completed, parseExtension, type JpegSegment } from './onvif-extension.ts';
import { quantisationTables } from './quantisation.ts';

const SCAN = 'aabbccddeeff00';
/** 2592 × 1944, 4:2:0. */
const SOF = 'ffc000110807980a2003012200021101031101';
const GRAY = 'ffc0000b0807980a2001011100';
const DRI = 'ffdd00040010';
const DQT = `ffdb008400${'05'.repeat(64)}01${'06'.repeat(64)}`;

/** JPEG header: offset 0, 4:2:0, the quality, width and height in eighths. */
function jpegHeader(quality = 50, width = 0, height = 0): string {
  return `0000000001${[quality, width, height].map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** A packet with the segments in an extension, padded with ff before the last of them. */
function packetOf(segments: readonly string[], header = jpegHeader(), profile = 'ffd8'): Uint8Array {
  const last = segments.at(-1) ?? '';
  const first = segments.slice(0, -1).join('');
  const padding = 'ff'.repeat((4 - (((first.length + last.length) / 2) % 4)) % 4);
  const words = (first.length + last.length + padding.length) / 8;
  const extension = `${profile}${words.toString(16).padStart(4, '0')}${first}${padding}${last}`;
  return bytesOfHex(`909a00010000000000000007${extension}${header}${SCAN}`) ?? assert.fail();
}

function payloadOf(packet: Uint8Array, frame: number): RtpPayload {
  const header = parseRtpHeader(packet);
  const extension = rtpExtension(packet);
  assert.ok(header && extension);
  return {
    payload: packet.subarray(header.payloadOffset),
    marker: header.marker,
    ticks: 3600 * frame,
    lostBefore: 0,
    extension,
  };
}

/** Each packet is a picture. */
function unpack(packets: readonly Uint8Array[]): {
  readonly jpegs: readonly Uint8Array[];
  readonly sizes: readonly string[];
  readonly dropped: object;
} {
  const depacketizer = mjpegCodec.depacketizer(JPEG_FORMAT);
  const units = packets.flatMap((packet, frame) => {
    const shared = packet.slice();
    const made = depacketizer
      .push(payloadOf(shared, frame))
      .map((unit) => ({ jpeg: joined(unit.data.flat()), shape: unit.parameters.shape }));
    // What is kept of a packet is a copy.
    shared.fill(0);
    return made;
  });
  const sizes = units.map(({ shape }) => (shape.media === 'video' ? `${shape.width}x${shape.height}` : ''));
  return { jpegs: units.map(({ jpeg }) => jpeg), sizes, dropped: depacketizer.dropped };
}

test('a size above 2040 pixels is said by the start of frame in the extension', () => {
  const { jpegs, sizes, dropped } = unpack([packetOf([SOF])]);
  assert.deepEqual([sizes, dropped], [['2592x1944'], {}]);
  const jpeg = parseJpeg(jpegs[0] ?? new Uint8Array());
  assert.deepEqual(
    [jpeg?.width, jpeg?.height, jpeg?.type, hexOf(jpeg?.scan ?? new Uint8Array())],
    [2592, 1944, 1, SCAN],
  );
  assert.deepEqual(jpeg?.tables.bytes, quantisationTables(50));
  const later = { payload: bytesOfHex(`0000000701320000${SCAN}`) ?? assert.fail(), marker: true, lostBefore: 0 };
  const depacketizer = mjpegCodec.depacketizer(JPEG_FORMAT);
  depacketizer.push({ ...payloadOf(packetOf([SOF]), 1), marker: false });
  assert.equal(depacketizer.push({ ...later, ticks: 3600 }).length, 1, 'only the first packet has it');
});

test('what the extension says goes before what the header says', () => {
  const [own = assert.fail(), plain = assert.fail()] = unpack([
    packetOf([DQT, DRI, SOF], jpegHeader(50, 20, 12)),
    packetOf([], jpegHeader(50, 20, 12)),
  ]).jpegs.map((jpeg) => parseJpeg(jpeg));
  assert.deepEqual([own.width, own.height, own.restartInterval], [2592, 1944, 16]);
  assert.deepEqual([own.tables.bytes[0], own.tables.bytes[64]], [5, 6]);
  assert.deepEqual([plain.width, plain.height, plain.restartInterval, plain.tables.bytes[0]], [160, 96, 0, 16]);
});

test('what a frame leaves out is as in the frame before, where ONVIF says so', () => {
  const { jpegs, sizes, dropped } = unpack([
    packetOf([DQT, SOF], jpegHeader(0)),
    packetOf([], jpegHeader(0)),
    packetOf([], jpegHeader(50, 20, 12)),
  ]);
  assert.deepEqual([sizes, dropped], [['2592x1944', '2592x1944', '160x96'], {}]);
  assert.deepEqual(
    jpegs.map((jpeg) => parseJpeg(jpeg)?.tables.bytes[0]),
    [5, 5, 16],
  );
});

test('gray, own Huffman tables, own scan header', () => {
  const huffman = `ffc4${(STANDARD_HUFFMAN.length + 2).toString(16).padStart(4, '0')}${hexOf(STANDARD_HUFFMAN)}`;
  const own = 'ffda000c03010002110311003f00';
  const { jpegs, sizes } = unpack([packetOf([GRAY]), packetOf([huffman, SOF, own])]);
  const [gray = assert.fail(), colour = assert.fail()] = jpegs.map(hexOf);
  assert.deepEqual(sizes, ['2592x1944', '2592x1944']);
  assert.ok(gray.includes(GRAY) && gray.endsWith(`ffda0008010100003f00${SCAN}ffd9`), gray.slice(-60));
  assert.ok(colour.endsWith(`${own}${SCAN}ffd9`));
  assert.equal(colour.split(hexOf(STANDARD_HUFFMAN)).length, 3, 'those of RFC 2435, then the own');
});

test('extensions that are none of this, and junk', () => {
  const other = unpack([packetOf([SOF], jpegHeader(50, 20, 12), 'abac')]);
  assert.deepEqual([other.sizes, other.dropped], [['160x96'], {}]);
  const junk: readonly (readonly [name: string, segments: readonly string[], header?: string])[] = [
    ['no marker', ['00c00011']],
    ['cut', [SOF.slice(0, 24)]],
    ['length of nothing', ['ffc00001']],
    ['no size anywhere', [DRI]],
    ['no tables', [SOF], jpegHeader(0)],
    ['twelve bits', [SOF.replace('001108', '00110c')]],
    ['no width', [SOF.replace('0a20', '0000')]],
    ['two components', ['ffc0000e0807980a2002012200021101']],
  ];
  for (const [name, segments, header] of junk) {
    const { jpegs, dropped } = unpack([packetOf(segments, header)]);
    assert.deepEqual([jpegs, dropped], [[], { 'frame-junk': 1 }], name);
  }
  assert.deepEqual(parseExtension(bytesOfHex('ffffffff') ?? assert.fail()), []);
});

test('what a frame says itself counts before what the one before it said', () => {
  const [oldHuffman, huffman] = [segment(0xc4, 'ffc40001'), segment(0xc4, 'ffc40002')];
  const [oldTables, oldSize] = [segment(0xdb, 'ffdb0001'), segment(0xc0, 'ffc00001')];
  const before = [oldHuffman, oldTables, oldSize];
  const header = { quality: 0, width: 0, height: 0 } as JpegHeader;
  assert.deepEqual(completed([huffman], before, header), [oldTables, oldSize, huffman]);
  assert.deepEqual(completed([], before, { ...header, quality: 50, width: 80, height: 60 }), [oldHuffman]);
});

function segment(marker: number, hex: string): JpegSegment {
  return { marker, bytes: bytesOfHex(hex) ?? assert.fail() };
}
