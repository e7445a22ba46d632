/** What devices do to RFC 6184: each case says what came out before, and what must come out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payloadsOf, videoStream } from '../../../../test/fixtures/streams/units.ts';
import { joined, wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { RtpPayload } from '../codec.ts';
import { BitReader, rbspOf } from '../../bytes/bit-reader.ts';
import { bytesOfHex } from '../../bytes/hex.ts';
import { h264Codec } from './h264-codec.ts';
import { parseH264Sps } from './sps.ts';

const STREAM = videoStream('plain-h264');
const [SPS = new Uint8Array(), PPS = new Uint8Array()] = STREAM.parameters.parameterSets;
const [KEY, SECOND] = STREAM.units;
const IDR = joined(KEY?.data.at(-1) ?? []);
const SLICE = joined(SECOND?.data[0] ?? []);
const AUD = Uint8Array.of(0x09, 0xf0);
const SEI = Uint8Array.of(0x06, 0x05, 0x01, 0xaa, 0x80);
const START_CODE = Uint8Array.of(0, 0, 0, 1);

/** Payloads of one timestamp, the last one marked; what comes out: first byte and length of each NAL unit, `*` for a key frame. */
type Case = readonly [name: string, payloads: readonly Uint8Array[], out: string];

const KEY_FRAME = `*65:${IDR.length}`;

const CASES: readonly Case[] = [
  ['single units', [SPS, PPS, IDR], KEY_FRAME],
  ['Amcrest: order 9, 7, 8, 6', [AUD, SPS, PPS, SEI, IDR], `*06:5 65:${IDR.length}`],
  ['aggregate of all', [stapA(SPS, PPS, SEI, IDR)], `*06:5 65:${IDR.length}`],
  ['empty entries in an aggregate', [stapA(SPS, new Uint8Array(), PPS, IDR)], KEY_FRAME],
  ['fragments', [SPS, PPS, ...fuA(IDR, 400)], KEY_FRAME],
  [
    'one fragment with start and end (CostarHD, OpenIPC: mf#344)',
    [SPS, PPS, fragment(IDR, 0xc0, IDR.subarray(1))],
    KEY_FRAME,
  ],
  ['the type changes within the fragments (Tiandy)', [SPS, PPS, ...changeType(fuA(IDR, 400))], KEY_FRAME],
  ['an empty fragment (ret#115)', [SPS, PPS, ...withEmpty(fuA(IDR, 400))], KEY_FRAME],
  [
    'the end of the fragments is not marked',
    [SPS, PPS, ...fuA(IDR, 400).map(withoutEnd), SEI],
    `*65:${IDR.length} 06:5`,
  ],
  ['byte stream as one unit (V380: ret#68)', [concat(SPS, START_CODE, PPS, START_CODE, IDR)], KEY_FRAME],
  ['byte stream that begins with a start code', [concat(START_CODE, SPS, START_CODE, PPS, START_CODE, IDR)], KEY_FRAME],
  ['byte stream in fragments', [...fuA(concat(SPS, START_CODE, PPS, START_CODE, IDR), 300)], KEY_FRAME],
  ['byte stream in an aggregate', [stapA(concat(SPS, START_CODE, PPS)), IDR], KEY_FRAME],
  ['a reserved type is passed on', [SPS, PPS, Uint8Array.of(0x7f, 1), IDR], `*7f:2 65:${IDR.length}`],
];

test('payloads as devices send them', () => {
  for (const [name, payloads, out] of CASES) {
    const { units } = run([...at(0, payloads), ...at(3600, [SLICE])]);
    assert.equal(units.map(textOf).join(' | '), `${out} | 41:${SLICE.length}`, name);
    assert.ok(!units.some((unit) => unit.damaged), name);
    const keys = payloads.filter((payload) => h264Codec.peek(payload).key);
    assert.equal(keys.length, 1, `${name}: peek`);
  }
});

test('what cannot be used is counted, and the rest goes on', () => {
  const rows: readonly (readonly [name: string, payload: Uint8Array, cause: string])[] = [
    ['nothing', new Uint8Array(), 'payload-empty'],
    ['a fragment of one byte', Uint8Array.of(0x7c), 'fragment-empty'],
    ['a fragment without start', fragment(IDR, 0, IDR.subarray(100)), 'fragment-without-start'],
    ['an aggregate that is cut off', stapA(SEI, SEI).subarray(0, 12), 'aggregate-cut'],
    ['STAP-B', Uint8Array.of(0x79, 0, 0, 0, 1, 6), 'interleaved-mode'],
    ['MTAP16', Uint8Array.of(0x7a, 0, 0, 0, 1, 6), 'interleaved-mode'],
    ['MTAP24', Uint8Array.of(0x7b, 0, 0, 0, 1, 6), 'interleaved-mode'],
    ['FU-B', Uint8Array.of(0x7d, 0x85, 0, 0, 1), 'interleaved-mode'],
    ['a set that is junk', Uint8Array.of(0x67, 1), 'parameter-set-junk'],
  ];
  for (const [name, payload, cause] of rows) {
    const { units, dropped } = run([...at(0, [SPS, PPS, IDR]), ...at(3600, [payload, SLICE])]);
    assert.deepEqual(dropped, { [cause]: 1 }, name);
    assert.equal(units.length, 2, name);
  }
});

test('a lost end of fragments resets at the next start, or at the next timestamp', () => {
  const fragments = fuA(IDR, 400).slice(0, 2);
  const nextStart = run([...at(0, [SPS, PPS, ...fragments], false), ...at(0, [IDR], true, 1), ...at(3600, [SLICE])]);
  assert.equal(nextStart.units.map(textOf).join(' | '), `*65:801 65:${IDR.length} | 41:${SLICE.length}`);
  assert.deepEqual(
    nextStart.units.map((unit) => unit.damaged),
    [true, true],
  );
  const nextTime = run([
    ...at(0, [SPS, PPS, ...fragments], false),
    ...at(3600, [SLICE], true, 1),
    ...at(7200, [SPS, PPS, IDR]),
  ]);
  assert.equal(nextTime.units.map(textOf).join(' | '), `*65:801 | 41:${SLICE.length} | ${KEY_FRAME}`);
  assert.deepEqual(
    nextTime.units.map((unit) => unit.damaged),
    [true, true, false],
  );
});

test('a marker on the sets alone is found out; slices after a marker are not another picture', () => {
  const pyramid = videoStream('pyramid-h264');
  const slicesOnly = payloadsOf(pyramid).filter(({ payload }) => [1, 5, 28].includes((payload[0] ?? 0) & 31));
  const depacketizer = h264Codec.depacketizer(pyramid.format);
  const marked = slicesOnly.map((payload) => ({ ...payload, marker: true }));
  const units = [...marked.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
  assert.deepEqual(depacketizer.dropped, { 'slice-after-marker': 3 });
  assert.equal(units.length, pyramid.units.length);
  assert.ok(units.slice(1).every((unit, i) => unit.data.length === pyramid.units[i + 1]?.data.length));
  assert.equal(units.findLast((unit) => unit.key)?.damaged, false);
});

test('a new size in-band: the units from the key frame on say so, the ones before do not', () => {
  const other = videoStream('pyramid-h264');
  const [key] = other.units;
  assert.ok(key);
  const { units } = run([
    ...at(0, [SPS, PPS, IDR]),
    ...at(3600, [SLICE]),
    ...at(7200, [...other.parameters.parameterSets, ...wholeData(key)]),
    ...at(10800, [SPS, PPS, IDR]),
  ]);
  assert.deepEqual(
    units.map((unit) => unit.parameters.codecString),
    ['avc1.4d400b', 'avc1.4d400b', 'avc1.64000b', 'avc1.4d400b'],
  );
  assert.equal(units[0]?.parameters, units[1]?.parameters);
  assert.equal(units[3]?.parameters.identity, units[0]?.parameters.identity);
});

test('two pictures of one timestamp: both come out, in order', () => {
  const { units } = run([...at(0, [SPS, PPS, IDR]), ...at(0, [SLICE]), ...at(0, [SLICE])]);
  assert.deepEqual(
    units.map(({ ptsTicks, dtsTicks }) => [ptsTicks, dtsTicks]),
    [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
  );
});

test('sets without a VUI: decode times are learnt from picture order counts', () => {
  const pyramid = videoStream('pyramid-h264');
  const [sps = new Uint8Array(), pps = new Uint8Array()] = pyramid.parameters.parameterSets;
  const bare = withoutVui(sps);
  assert.equal(parseH264Sps(bare)?.reorderDepth, undefined);
  const parameters = h264Codec.parametersFromFmtp({
    ...pyramid.format,
    fmtp: new Map([['sprop-parameter-sets', [bare, pps].map((nal) => Buffer.from(nal).toString('base64')).join(',')]]),
  });
  assert.ok(parameters);
  const units = pyramid.units.map((unit) => ({ ...unit, parameters }));
  const depacketizer = h264Codec.depacketizer({ ...pyramid.format, parameters });
  const got = payloadsOf({ ...pyramid, units }).flatMap((payload) => depacketizer.push(payload));
  assert.deepEqual(depacketizer.dropped, {});
  assert.deepEqual(
    got.map((unit) => unit.ptsTicks),
    units.map((unit) => unit.ptsTicks),
  );
  for (const [i, unit] of got.entries()) {
    assert.ok(
      unit.dtsTicks <= unit.ptsTicks && unit.dtsTicks > (got[i - 1]?.dtsTicks ?? Number.NEGATIVE_INFINITY),
      `${i}`,
    );
    if (i >= 24) assert.equal(unit.dtsTicks, units[i]?.dtsTicks, `unit ${i}`);
  }
});

function run(payloads: readonly RtpPayload[]): {
  readonly units: readonly AccessUnit[];
  readonly dropped: Readonly<Record<string, number>>;
} {
  const depacketizer = h264Codec.depacketizer({ ...STREAM.format, parameters: undefined });
  const units = [...payloads.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
  return { units, dropped: depacketizer.dropped };
}

function at(ticks: number, payloads: readonly Uint8Array[], marked = true, lostBefore = 0): readonly RtpPayload[] {
  return payloads.map((payload, i) => ({
    payload,
    marker: marked && i === payloads.length - 1,
    ticks,
    lostBefore: i === 0 ? lostBefore : 0,
  }));
}

function textOf(unit: AccessUnit): string {
  const nals = wholeData(unit).map((nal) => `${(nal[0] ?? 0).toString(16).padStart(2, '0')}:${nal.length}`);
  return `${unit.key ? '*' : ''}${nals.join(' ')}`;
}

function stapA(...nals: readonly Uint8Array[]): Uint8Array {
  return concat(
    Uint8Array.of(0x78),
    ...nals.map((nal) => concat(Uint8Array.of(nal.length >> 8, nal.length & 255), nal)),
  );
}

function fuA(nal: Uint8Array, size: number): Uint8Array[] {
  const fragments: Uint8Array[] = [];
  for (let from = 1; from < nal.length; from += size) {
    const flags = (from === 1 ? 0x80 : 0) | (from + size >= nal.length ? 0x40 : 0);
    fragments.push(fragment(nal, flags, nal.subarray(from, from + size)));
  }
  return fragments;
}

function fragment(nal: Uint8Array, flags: number, body: Uint8Array): Uint8Array {
  const header = nal[0] ?? 0;
  return concat(Uint8Array.of((header & 0xe0) | 28, flags | (header & 31)), body);
}

function changeType(fragments: readonly Uint8Array[]): Uint8Array[] {
  return fragments.map((one, i) =>
    i === 0 ? one : concat(Uint8Array.of(0x7c, ((one[1] ?? 0) & 0xe0) | 1), one.subarray(2)),
  );
}

function withEmpty(fragments: readonly Uint8Array[]): Uint8Array[] {
  const [first = new Uint8Array(), ...rest] = fragments;
  return [first, Uint8Array.of(first[0] ?? 0, 5), ...rest];
}

function withoutEnd(one: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(one[0] ?? 0, (one[1] ?? 0) & ~0x40), one.subarray(2));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The same set with vui_parameters_present_flag 0; where that stands its identity tells. */
function withoutVui(sps: Uint8Array): Uint8Array {
  const [hex = '', rest = ''] = parseH264Sps(sps)?.identity.split('/')[0]?.split('.') ?? [];
  const bits = (bytesOfHex(hex)?.length ?? 0) * 8 + Number(rest.split('+')[1]);
  const reader = new BitReader(rbspOf(sps, 1));
  let text = Array.from({ length: bits }, () => reader.bit()).join('');
  text += '01';
  text = text.padEnd(Math.ceil(text.length / 8) * 8, '0');
  return Uint8Array.from([sps[0] ?? 0, ...(text.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2))]);
}
