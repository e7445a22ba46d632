import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import { wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import { parseVp8FrameHeader } from './frame-header.ts';
import { parseVp8Descriptor } from './payload-descriptor.ts';
import { vp8Codec } from './vp8-codec.ts';

/** 640 × 360, and scaled by the decoder, which is no business of ours. */
const KEY = '5001009d012a8002684100';
const INTER = '510100aabb';

test('frame headers', () => {
  assert.deepEqual(parseVp8FrameHeader(bytes(KEY)), { key: true, version: 0, width: 640, height: 360 });
  assert.deepEqual(parseVp8FrameHeader(bytes('570100')), { key: false, version: 3 });
  for (let cut = 0; cut < 10; cut++) assert.equal(parseVp8FrameHeader(bytes(KEY).subarray(0, cut)), undefined);
  for (const frame of ['5001009d012b80026801', '5001009d012a00006801', '5001009d012a80020000']) {
    assert.equal(parseVp8FrameHeader(bytes(frame)), undefined, frame);
    assert.equal(vp8Codec.contentOf([bytes(frame)]), undefined, frame);
  }
  assert.deepEqual(vp8Codec.contentOf([bytes(INTER)]), { data: [bytes(INTER)], key: false });
});

test('descriptors', () => {
  const rows: readonly (readonly [name: string, descriptor: string, startsFrame: boolean])[] = [
    ['bare', '10', true],
    ['not referred to', '30', true],
    ['second partition', '11', false],
    ['going on', '00', false],
    ['short picture id', '908012', true],
    ['long picture id', '90809234', true],
    ['all of it', '90f0923455c7', true],
    ['temporal layer alone', '9020c0', true],
    ['key index alone', '901007', true],
    ['an extension without anything', '9000', true],
  ];
  for (const [name, descriptor, startsFrame] of rows) {
    const payload = bytes(descriptor + KEY);
    assert.deepEqual(parseVp8Descriptor(payload), { offset: descriptor.length / 2, startsFrame }, name);
    assert.equal(vp8Codec.peek(payload).key, startsFrame, name);
    for (let cut = 0; cut < descriptor.length / 2; cut++) {
      assert.equal(parseVp8Descriptor(payload.subarray(0, cut)), undefined, `${name}, cut to ${cut}`);
    }
  }
});

test('partitions of a frame are one unit; a frame that begins ends the one before, though their times are equal', () => {
  const { units, dropped } = unpack([`10${KEY}`, '11aabb', '01cc', `10${INTER}`]);
  assert.deepEqual(units.map(hexUnit), [`${KEY}aabbcc`, INTER]);
  assert.deepEqual(
    units.map(({ ptsTicks, dtsTicks }) => [ptsTicks, dtsTicks]),
    [
      [0, 0],
      [1, 1],
    ],
  );
  assert.deepEqual(dropped, { 'time-moved': 1 });
});

test('another size is another set-up, an equal one the same', () => {
  const { units } = unpack([`10${KEY}`, `10${KEY}`, `10${KEY.replace('8002', '4001')}`]);
  const [first, second, third] = units.map(({ parameters }) => parameters);
  assert.equal(first, second);
  assert.deepEqual(third, {
    codec: 'vp8',
    identity: 'vp8/0/320x360',
    codecString: undefined,
    sampleEntry: undefined,
    parameterSets: [],
    shape: { media: 'video', width: 320, height: 360, aspect: [1, 1], frameRate: undefined },
  });
});

test('junk is dropped and counted', () => {
  assert.deepEqual(unpack(['']).dropped, { 'payload-junk': 1, 'frame-without-start': 1 });
  assert.deepEqual(unpack([`10${KEY}`, '9080']).dropped, { 'payload-junk': 1, 'frame-cut': 1 });
  assert.deepEqual(unpack(['1050']).dropped, { 'frame-junk': 1 });
  assert.deepEqual(unpack([`10${INTER}`]).dropped, { 'frame-without-set-up': 1 });
  assert.deepEqual(unpack([`00${INTER}`, `00${INTER}`]).dropped, { 'frame-without-start': 1 });
});

function unpack(payloads: readonly string[]): {
  readonly units: readonly AccessUnit[];
  readonly dropped: Readonly<Record<string, number>>;
} {
  const format = {
    media: 'video',
    encoding: 'VP8',
    clockRate: 90_000,
    payloadType: 96,
    fmtp: new Map(),
    parameters: undefined,
  } as const;
  const depacketizer = vp8Codec.depacketizer(format);
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
