import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import { wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import { findInVisualEntry } from '../nal/visual-entry.ts';
import { parseVp9FrameHeader } from './frame-header.ts';
import { vp9ParametersOf } from './parameters.ts';
import { parseVp9Descriptor } from './payload-descriptor.ts';
import { superframeOf } from './superframe.ts';
import { vp9Codec } from './vp9-codec.ts';

/** The beginning of a key frame of libvpx at 1920 × 1080, `vpcC` as ffmpeg 5.1 wrote it, the codec string. */
const KEY_FRAMES: readonly (readonly [name: string, frame: string, vpcC: string, codecString: string])[] = [
  ['profile 0, BT.709', '824983424077f043760638241c184a18', '010000000028820101010000', 'vp09.00.40.08'],
  ['profile 1, 4:4:4', 'a2498342000efe086ec0c70483830943', '010000000128860202020000', 'vp09.01.40.08'],
  ['profile 2, 10 bits', '92498342003bf821bb031c120e0c2c0c', '010000000228a20202020000', 'vp09.02.40.10'],
  ['profile 3, 4:2:2, 12 bits', 'b124c1a14203bf821bb031c120e0c2e0', '010000000328c40202020000', 'vp09.03.40.12'],
  // ffmpeg leaves primaries and transfer open; the colour space is sRGB.
  ['profile 1, RGB', 'a2498342e077f043760638241c184a18', '01000000012887010d000000', 'vp09.01.40.08'],
];
const KEY = '824983424077f043760638241c184a18';
const INTER = '8600aabb';

test('key frames of libvpx: the same vpcC as ffmpeg, the codec string, the size', () => {
  for (const [name, frame, vpcC, codecString] of KEY_FRAMES) {
    const header = parseVp9FrameHeader(bytes(frame));
    assert.ok(header?.key === true, name);
    const parameters = vp9ParametersOf(header);
    assert.equal(hexOf(findInVisualEntry(parameters.sampleEntry, ['vp09'], 'vpcC') ?? bytes('')), vpcC, name);
    assert.equal(parameters.codecString, codecString, name);
    const { shape } = parameters;
    assert.deepEqual(shape, { media: 'video', width: 1920, height: 1080, aspect: [1, 1], frameRate: undefined }, name);
    assert.deepEqual(vp9Codec.parametersFromSampleEntry(parameters.sampleEntry), parameters, name);
    assert.equal(vp9ParametersOf(header, header, parameters), parameters, 'the same object for the same set-up');
    assert.deepEqual([...vp9Codec.fmtpOf(parameters)], [['profile-id', String(header.profile)]], name);
    assert.ok(vp9Codec.peek(bytes(`08${frame}`)).key, name);
    for (let cut = 0; cut < 8; cut++) assert.equal(parseVp9FrameHeader(bytes(frame).subarray(0, cut)), undefined, name);
  }
});

test('levels by size', () => {
  const header = parseVp9FrameHeader(bytes(KEY));
  assert.ok(header?.key === true);
  const rows: readonly (readonly [width: number, height: number, level: string])[] = [
    [160, 96, '10'],
    [640, 360, '21'],
    [704, 576, '30'],
    [1280, 720, '31'],
    [1920, 1080, '40'],
    [3840, 2160, '50'],
    [7680, 4320, '60'],
    [16_384, 16_384, '62'],
  ];
  for (const [width, height, level] of rows) {
    assert.equal(vp9ParametersOf(header, { width, height }).codecString, `vp09.00.${level}.08`, `${width}x${height}`);
  }
});

test('what is no key frame', () => {
  for (const frame of [INTER, '88', '8a00', '8400'])
    assert.deepEqual(parseVp9FrameHeader(bytes(frame)), { key: false }, frame);
  for (const frame of ['', '42', '824983430000000000000000', 'c2']) {
    assert.equal(parseVp9FrameHeader(bytes(frame)), undefined, frame);
    assert.equal(vp9Codec.contentOf([bytes(frame)]), undefined, frame);
  }
});

test('descriptors', () => {
  const rows: readonly (readonly [
    name: string,
    descriptor: string,
    startsPicture: boolean,
    size?: readonly [number, number],
  ])[] = [
    ['bare', '08', true],
    ['not the beginning', '04', false],
    ['short picture id', '8c12', true],
    ['long picture id', '8c9234', true],
    ['layers, not flexible', 'ac92340007', true],
    ['layers, flexible', 'bc923400', true],
    ['second spatial layer', 'ac92340207', false],
    ['flexible, one reference', 'fc92340002', true],
    ['flexible, three references', 'fc923400030502', true],
    ['structure of one layer', '0a1001400f00', true, [0x0140, 0x0f00]],
    ['structure of two layers with pictures', '0a3800a0005a014000b4020401280102', true, [320, 180]],
    ['structure without sizes', '0a00', true],
  ];
  for (const [name, descriptor, startsPicture, size] of rows) {
    const payload = bytes(`${descriptor}82aabbcc`);
    const parsed = parseVp9Descriptor(payload);
    assert.equal(parsed?.offset, descriptor.length / 2, name);
    assert.equal(parsed.startsPicture, startsPicture, name);
    assert.deepEqual(parsed.size, size && { width: size[0], height: size[1] }, name);
    for (let cut = 0; cut < descriptor.length / 2; cut++) {
      assert.equal(parseVp9Descriptor(payload.subarray(0, cut)), undefined, `${name}, cut to ${cut}`);
    }
  }
});

test('spatial layers of a picture become one superframe, as large as the highest', () => {
  const structure = '3800a0005a014000b400';
  const { units, dropped } = unpack([`ae92340007${structure}${KEY}`, `ac92340207${INTER}`, 'e492340207cc']);
  assert.deepEqual(units.map(hexUnit), [`${KEY}${INTER}ccc11005c1`]);
  assert.deepEqual(dropped, {});
  const [unit] = units;
  assert.ok(unit?.key === true && !unit.damaged && unit.parameters.shape.media === 'video');
  assert.deepEqual([unit.parameters.shape.width, unit.parameters.shape.height], [320, 180]);
});

test('an index of two bytes a size; frames that bring one, or are too many, have none added', () => {
  const long = new Uint8Array(300).fill(1);
  const short = new Uint8Array(2).fill(1);
  assert.equal(hexOf(superframeOf([[long], [short]]).at(-1) ?? short), 'c92c010200c9');
  assert.equal(superframeOf([[short]]).length, 1);
  assert.equal(superframeOf([[long], [bytes('01c001c0')]]).length, 2);
  assert.equal(superframeOf(Array.from({ length: 9 }, () => [short])).length, 9);
});

test('another size is another set-up from its picture on', () => {
  const smaller = KEY.replace('77f04376', '27f01676');
  const { units } = unpack([`0c${KEY}`, `0c${KEY}`, `0c${smaller}`]);
  const [first, second, third] = units.map(({ parameters }) => parameters);
  assert.equal(first, second);
  assert.ok(third?.shape.media === 'video');
  assert.deepEqual([third.shape.width, third.shape.height], [640, 360]);
});

test('a picture that lost its lowest layer is not given out', () => {
  const { units, dropped } = unpack(['ac92340207' + INTER]);
  assert.deepEqual([units, dropped], [[], { 'frame-without-start': 1 }]);
});

test('junk is dropped and counted', () => {
  assert.deepEqual(unpack(['88']).dropped, { 'payload-junk': 1, 'frame-without-start': 1 });
  assert.deepEqual(unpack(['0cff']).dropped, { 'frame-junk': 1 });
  assert.deepEqual(unpack([`0c${INTER}`]).dropped, { 'frame-without-set-up': 1 });
});

/** One picture in these payloads, as hexadecimal text. */
function unpack(payloads: readonly string[]): {
  readonly units: readonly AccessUnit[];
  readonly dropped: Readonly<Record<string, number>>;
} {
  const format = {
    media: 'video',
    encoding: 'VP9',
    clockRate: 90_000,
    payloadType: 96,
    fmtp: new Map(),
    parameters: undefined,
  } as const;
  const depacketizer = vp9Codec.depacketizer(format);
  const units = payloads.flatMap((payload, i) =>
    depacketizer.push({ payload: bytes(payload), marker: i === payloads.length - 1, ticks: 0, lostBefore: 0 }),
  );
  return { units, dropped: depacketizer.dropped };
}

function hexUnit(unit: AccessUnit): string {
  return wholeData(unit).map(hexOf).join(' ');
}

function bytes(hex: string): Uint8Array {
  return bytesOfHex(hex) ?? assert.fail(`no bytes: ${hex}`);
}
