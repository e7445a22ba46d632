import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import { joined } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { RtpPayload } from '../codec.ts';
import type { TrackFormat } from '../track-format.ts';
import { frameSizeOf } from './frame-size.ts';
import { STANDARD_HUFFMAN, isStandardHuffman } from './huffman.ts';
import { JPEG_FORMAT } from './jpeg-format.table.ts';
import { parseJpegHeader } from './jpeg-header.ts';
import { parseJpeg, writeJpegHead } from './jfif.ts';
import { mjpegCodec } from './mjpeg-codec.ts';
import { quantisationTables } from './quantisation.ts';

const SCAN = 'aabbccddeeff00';
const TABLES = hexOf(quantisationTables(50));

test('quality 50 is the tables of JPEG annex K as they are, others are scaled within a byte', () => {
  assert.deepEqual([...quantisationTables(50).subarray(0, 8)], [16, 11, 12, 14, 12, 10, 16, 14]);
  assert.deepEqual([...quantisationTables(50).subarray(64, 72)], [17, 18, 18, 24, 21, 24, 47, 26]);
  assert.deepEqual([...quantisationTables(25).subarray(0, 4)], [32, 22, 24, 28]);
  assert.deepEqual([...quantisationTables(1).subarray(0, 2)], [255, 255]);
  assert.deepEqual([...quantisationTables(99).subarray(0, 8)], [1, 1, 1, 1, 1, 1, 1, 1]);
  assert.deepEqual(quantisationTables(120), quantisationTables(99));
});

test('headers', () => {
  const rows: readonly (readonly [name: string, payload: string, expected: object | undefined])[] = [
    [
      'from Q',
      `000000000132140c${SCAN}`,
      { offset: 0, type: 1, quality: 50, width: 160, height: 96, restartInterval: 0 },
    ],
    ['later', `0000020001ff140c${SCAN}`, { offset: 512, type: 1, quality: 255, restartInterval: 0 }],
    ['restarts', `000000004032140c0010ffff${SCAN}`, { type: 0, restartInterval: 16 }],
    ['size left open', `0000000001320000${SCAN}`, { width: 0, height: 0 }],
    ['dynamic type', `000000008032140c${SCAN}`, undefined],
    ['no quality', `000000000100140c${SCAN}`, { quality: 0, tables: undefined }],
    ['no restart header', '000000004032140c0010ff', undefined],
    ['cut', '00000000013214', undefined],
    ['no tables', '0000000001ff140c000000', undefined],
    ['cut tables', '0000000001ff140c00000080aa', undefined],
  ];
  for (const [name, payload, expected] of rows) {
    const parsed = parseJpegHeader(bytes(payload));
    if (expected === undefined) assert.equal(parsed, undefined, name);
    else assert.deepEqual({ ...parsed, ...expected, scan: bytes(SCAN) }, parsed, name);
  }
});

test('a whole JPEG: head, scan and end, and taken apart again', () => {
  for (const type of [0, 1]) {
    for (const restartInterval of [0, 4]) {
      for (const tables of [
        { precision: 0, bytes: quantisationTables(30) },
        { precision: 2, bytes: new Uint8Array(64 + 128).fill(3) },
      ]) {
        const frame = { width: 2592, height: 1944, type, restartInterval, tables };
        const head = writeJpegHead(frame);
        assert.ok(head);
        assert.deepEqual(parseJpeg(bytes(`${hexOf(head)}${SCAN}ffd9`)), { ...frame, scan: bytes(SCAN) });
        assert.deepEqual(parseJpeg(bytes(`${hexOf(head)}${SCAN}`))?.scan, bytes(SCAN), 'without an end');
        for (let cut = 0; cut < head.length; cut++) assert.equal(parseJpeg(head.subarray(0, cut)), undefined);
      }
    }
  }
});

test('one table serves luma and chroma', () => {
  const tables = { precision: 0, bytes: new Uint8Array(64).fill(7) };
  const head = writeJpegHead({ width: 16, height: 16, type: 1, restartInterval: 0, tables });
  assert.deepEqual(parseJpeg(head ?? bytes(''))?.tables.bytes, new Uint8Array(128).fill(7));
  for (const length of [0, 63]) {
    const short = { precision: 0, bytes: new Uint8Array(length) };
    assert.equal(writeJpegHead({ width: 16, height: 16, type: 1, restartInterval: 0, tables: short }), undefined);
  }
  assert.equal(writeJpegHead({ width: 16, height: 16, type: 2, restartInterval: 0, tables }), undefined);
});

test('what RTP cannot say of a JPEG has no payloads', () => {
  const head = hexOf(
    writeJpegHead({
      width: 16,
      height: 16,
      type: 1,
      restartInterval: 0,
      tables: { precision: 0, bytes: bytes(TABLES) },
    }) ?? bytes(''),
  );
  const whole = head + SCAN;
  const changed: readonly (readonly [name: string, jpeg: string])[] = [
    ['no JPEG', whole.slice(4)],
    ['progressive', whole.replace('ffc00011', 'ffc20011')],
    ['12 bits', whole.replace('ffc0001108', 'ffc000110c')],
    ['gray', whole.replace('ffc00011080010001003', 'ffc00011080010001001')],
    ['4:4:4', whole.replace('012200', '011100')],
    ['own Huffman tables', whole.replace('ffc401a2000001', 'ffc401a2000002')],
    ['no frame header', whole.replace('ffc00011', 'fffe0011')],
    ['no tables', whole.replace('ffdb0084', 'fffe0084')],
    ['cut tables', whole.replace('ffdb008400', 'ffdb008410')],
    ['no marker', whole.replace('ffdb0084', '00db0084')],
    ['no size', whole.replace('0800100010', '0800000010')],
  ];
  assert.ok(mjpegCodec.contentOf([bytes(whole)]));
  for (const [name, jpeg] of changed) {
    assert.notEqual(jpeg, whole, name);
    assert.equal(parseJpeg(bytes(jpeg)), undefined, name);
    assert.equal(mjpegCodec.contentOf([bytes(jpeg)]), undefined, name);
    const unit = unitOf(bytes(jpeg));
    assert.deepEqual(mjpegCodec.packetizer(formatOf(), 1400).packetize(unit), [], name);
  }
  assert.deepEqual(
    mjpegCodec.packetizer(formatOf(), 100).packetize(unitOf(bytes(whole))),
    [],
    'no room for its tables',
  );
  assert.ok(isStandardHuffman(STANDARD_HUFFMAN) && isStandardHuffman(STANDARD_HUFFMAN.subarray(0, 29)));
  assert.ok(!isStandardHuffman(STANDARD_HUFFMAN.subarray(0, 20)) && !isStandardHuffman(bytes('05')));
});

test('restart intervals and large sizes: packed, unpacked, the same JPEG', () => {
  for (const [width, height, restartInterval] of [
    [160, 96, 8],
    [2040, 1080, 0],
    [2560, 1440, 0],
    [3840, 2160, 120],
    [5000, 3000, 0],
  ] as const) {
    const tables = { precision: 1, bytes: new Uint8Array(128 + 64).fill(9) };
    const head = writeJpegHead({ width, height, type: 1, restartInterval, tables });
    const jpeg = bytes(`${hexOf(head ?? bytes(''))}${SCAN.repeat(300)}ffd9`);
    const payloads = mjpegCodec.packetizer(formatOf(), 500).packetize(unitOf(jpeg));
    const { units, dropped } = unpack(payloads, { width, height });
    assert.deepEqual(
      units.map((unit) => hexOf(joined(unit.data.flat()))),
      [hexOf(jpeg)],
      `${width}x${height}`,
    );
    assert.deepEqual(dropped, {});
    const [unit] = units;
    assert.ok(unit?.parameters.shape.media === 'video' && unit.parameters.shape.width === width);
    if (width > 2040) assert.deepEqual(unpack(payloads, undefined).dropped, { 'frame-without-size': 1 });
  }
});

test('sizes that the header cuts off', () => {
  const rows: readonly (readonly [header: string, said: string | undefined, size: string | undefined])[] = [
    ['640x480', undefined, '640x480'],
    ['640x480', '704x576', '640x480'], // the header knows better
    ['1920x1080', '1920x1080', '1920x1080'],
    ['1920x1088', '1920x1082', '1920x1082'],
    ['0x0', undefined, undefined],
    ['0x0', '2592x1944', '2592x1944'],
    ['0x1440', '2688x1440', '2688x1440'],
    ['0x1440', undefined, undefined],
    ['544x1944', '2592x1944', '2592x1944'],
    ['640x1520', '2688x1520', '2688x1520'],
    ['512x1440', undefined, '2560x1440'],
    ['1792x112', undefined, '3840x2160'],
    ['256x1296', undefined, '2304x1296'],
    ['512x1920', undefined, '2560x1920'],
  ];
  for (const [header, said, expected] of rows) {
    const found = frameSizeOf(sizeOf(header), said === undefined ? undefined : sizeOf(said));
    assert.equal(found && `${found.width}x${found.height}`, expected, `${header}, ${said}`);
  }
});

test('tables in-band hold for later frames of their quality, but not those of Q = 255', () => {
  const own = '07'.repeat(128);
  const first = (quality: string, tables: string): string =>
    `0000000001${quality}140c0000${(tables.length / 2).toString(16).padStart(4, '0')}${tables}${SCAN}`;
  for (const [quality, expected] of [
    ['80', [own, own]],
    ['fe', [own, own]],
    ['ff', [own]],
  ] as const) {
    const { units, dropped } = unpackFrames([[first(quality, own)], [first(quality, '')]]);
    assert.deepEqual(units.map(tablesOf), expected, quality);
    assert.deepEqual(dropped, quality === 'ff' ? { 'frame-without-tables': 1 } : {}, quality);
  }
  const { units } = unpackFrames([[`000000000132140c${SCAN}`]]);
  assert.deepEqual(units.map(tablesOf), [TABLES]);
});

test('tables for later frames are copies, of 256 bytes at most', () => {
  const depacketizer = mjpegCodec.depacketizer(formatOf());
  const push = (payload: Uint8Array, ticks: number): readonly AccessUnit[] =>
    depacketizer.push({ payload, marker: true, ticks, lostBefore: 0 });
  const shared = Buffer.from(`000000000180140c00000080${'07'.repeat(128)}${SCAN}`, 'hex');
  push(shared, 0);
  shared.fill(0);
  const [later] = push(bytes(`000000000180140c00000000${SCAN}`), 3600);
  assert.equal(later && tablesOf(later), '07'.repeat(128));
  assert.deepEqual(push(bytes(`000000000181140c00000101${'07'.repeat(257)}${SCAN}`), 7200), []);
  assert.deepEqual(depacketizer.dropped, { 'frame-without-tables': 1 });
});

test('a head is written again only where it says something else', () => {
  const own = (value: string): string => `0000000001ff140c00000080${value.repeat(128)}${SCAN}`;
  const frames = [own('07'), own('07'), own('08'), `0000000001ff280c00000080${'08'.repeat(128)}${SCAN}`];
  const { units } = unpackFrames(frames.map((frame) => [frame]));
  const heads = units.map((unit) => unit.data[0]?.[0] ?? bytes(''));
  assert.equal(heads[0], heads[1]);
  const read = heads.map((head) => parseJpeg(head));
  assert.deepEqual(
    read.map((jpeg) => [jpeg?.tables.bytes[0], jpeg?.width]),
    [
      [7, 160],
      [7, 160],
      [8, 160],
      [8, 320],
    ],
  );
});

test('an end of image that was sent is not doubled; fields of one time are two pictures', () => {
  const one = `000000000132140c${SCAN}ffd9`;
  const { units, dropped } = unpackFrames([[one, one]]);
  assert.deepEqual(
    units.map((unit) => hexOf(joined(unit.data.flat())).endsWith(`${SCAN}ffd9`)),
    [true, true],
  );
  assert.ok(units.every((unit) => !hexOf(joined(unit.data.flat())).endsWith('ffd9ffd9')));
  assert.deepEqual(dropped, { 'time-moved': 1 });
});

test('pieces out of place, and junk', () => {
  const first = `000000000132140c${SCAN}`;
  assert.equal(unpackFrames([[first, `000007000132140c${SCAN}`]]).units.length, 0);
  assert.deepEqual(unpackFrames([[first, `000000080132140c${SCAN}`]]).dropped, { 'frame-cut': 1 });
  assert.deepEqual(unpackFrames([[first, `000000070132140c${SCAN}`]]).dropped, {});
  assert.deepEqual(unpackFrames([[first, '00']]).dropped, { 'payload-junk': 1, 'frame-cut': 1 });
  assert.deepEqual(unpackFrames([[`000000000532140c${SCAN}`]]).dropped, { 'frame-junk': 1 });
});

test('peek: every picture begins anew', () => {
  assert.deepEqual(mjpegCodec.peek(bytes(`000000000132140c${SCAN}`)), { key: true, parameterSets: true });
  assert.deepEqual(mjpegCodec.peek(bytes(`000000070132140c${SCAN}`)), { key: false, parameterSets: false });
});

function formatOf(frameSize?: TrackFormat['frameSize']): TrackFormat {
  return { ...JPEG_FORMAT, ...(frameSize !== undefined && { frameSize }) };
}

function unpack(
  payloads: readonly Pick<RtpPayload, 'payload' | 'marker'>[],
  frameSize: TrackFormat['frameSize'],
): { readonly units: readonly AccessUnit[]; readonly dropped: Readonly<Record<string, number>> } {
  const depacketizer = mjpegCodec.depacketizer(formatOf(frameSize));
  const units = payloads.flatMap((payload) => depacketizer.push({ ...payload, ticks: 0, lostBefore: 0 }));
  return { units, dropped: depacketizer.dropped };
}

/** Each inner list is what comes at one time, as hexadecimal text. */
function unpackFrames(frames: readonly (readonly string[])[]): ReturnType<typeof unpack> {
  const depacketizer = mjpegCodec.depacketizer(formatOf());
  const units = frames.flatMap((payloads, frame) =>
    payloads.flatMap((payload, i) =>
      depacketizer.push({
        payload: bytes(payload),
        marker: i === payloads.length - 1,
        ticks: 3600 * frame,
        lostBefore: 0,
      }),
    ),
  );
  return { units, dropped: depacketizer.dropped };
}

function unitOf(jpeg: Uint8Array): AccessUnit {
  const parameters = unpackFrames([[`000000000132140c${SCAN}`]]).units[0]?.parameters ?? assert.fail();
  return { ptsTicks: 0, dtsTicks: 0, key: true, damaged: false, data: [[jpeg]], byteLength: jpeg.length, parameters };
}

function tablesOf(unit: AccessUnit): string {
  return hexOf(parseJpeg(joined(unit.data.flat()))?.tables.bytes ?? bytes(''));
}

function sizeOf(text: string): { readonly width: number; readonly height: number } {
  const [width = 0, height = 0] = text.split('x').map(Number);
  return { width, height };
}

function bytes(hex: string): Uint8Array {
  return bytesOfHex(hex) ?? assert.fail(`no bytes: ${hex}`);
}
