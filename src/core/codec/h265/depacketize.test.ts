/** What devices do to RFC 7798. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payloadsOf, videoStream } from '../../../../test/fixtures/streams/units.ts';
import { joined, wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { RtpPayload } from '../codec.ts';
import { h265Codec } from './h265-codec.ts';

const STREAM = videoStream('plain-h265');
const [VPS = new Uint8Array(), SPS = new Uint8Array(), PPS = new Uint8Array()] = STREAM.parameters.parameterSets;
const [KEY, SECOND] = STREAM.units;
const IDR = joined(KEY?.data.at(-1) ?? []);
const SLICE = joined(SECOND?.data[0] ?? []);
const START_CODE = Uint8Array.of(0, 0, 0, 1);
const AUD = Uint8Array.of(35 << 1, 1, 0x50);
const SEI = Uint8Array.of(39 << 1, 1, 5, 1, 0xaa, 0x80);

type Case = readonly [name: string, payloads: readonly Uint8Array[], out: string];

const KEY_FRAME = `*${typeOf(IDR)}:${IDR.length}`;

const CASES: readonly Case[] = [
  ['single units', [VPS, SPS, PPS, IDR], KEY_FRAME],
  ['delimiter and SEI', [AUD, VPS, SPS, PPS, SEI, IDR], `*39:6 ${typeOf(IDR)}:${IDR.length}`],
  ['aggregate of all', [aggregate(VPS, SPS, PPS, IDR)], KEY_FRAME],
  ['fragments', [VPS, SPS, PPS, ...fragments(IDR, 400)], KEY_FRAME],
  ['one fragment with start and end', [VPS, SPS, PPS, fragment(IDR, 0xc0, IDR.subarray(2))], KEY_FRAME],
  ['byte stream as one unit', [concat(VPS, START_CODE, SPS, START_CODE, PPS, START_CODE, IDR)], KEY_FRAME],
  [
    'byte stream in fragments',
    fragments(concat(VPS, START_CODE, SPS, START_CODE, PPS, START_CODE, IDR), 300),
    KEY_FRAME,
  ],
  [
    'byte stream that begins with a start code',
    [concat(START_CODE, VPS, START_CODE, SPS, START_CODE, PPS, START_CODE, IDR)],
    KEY_FRAME,
  ],
];

test('payloads as devices send them', () => {
  for (const [name, payloads, out] of CASES) {
    const { units } = run([...at(0, payloads), ...at(3600, [SLICE])]);
    assert.equal(units.map(textOf).join(' | '), `${out} | ${typeOf(SLICE)}:${SLICE.length}`, name);
    assert.ok(!units.some((unit) => unit.damaged), name);
    assert.equal(payloads.filter((payload) => h265Codec.peek(payload).key).length, 1, `${name}: peek`);
    assert.ok(
      payloads.some((payload) => h265Codec.peek(payload).parameterSets),
      `${name}: peek`,
    );
  }
});

test('what cannot be used is counted, and the rest goes on', () => {
  const rows: readonly (readonly [name: string, payload: Uint8Array, cause: string])[] = [
    ['nothing', new Uint8Array(), 'payload-empty'],
    ['half a header', Uint8Array.of(2), 'payload-empty'],
    ['a fragment of two bytes', Uint8Array.of(49 << 1, 1), 'fragment-empty'],
    ['a fragment without start', fragment(IDR, 0, IDR.subarray(100)), 'fragment-without-start'],
    ['an aggregate that is cut off', aggregate(SEI, SEI).subarray(0, 14), 'aggregate-cut'],
    ['PACI', Uint8Array.of(50 << 1, 1, 0, 0, 1), 'payload-content-information'],
    ['a set that is junk', Uint8Array.of(33 << 1, 1, 7), 'parameter-set-junk'],
  ];
  for (const [name, payload, cause] of rows) {
    const { units, dropped } = run([...at(0, [VPS, SPS, PPS, IDR]), ...at(3600, [payload, SLICE])]);
    assert.deepEqual(dropped, { [cause]: 1 }, name);
    assert.equal(units.length, 2, name);
  }
});

test('decoding order numbers (sprop-max-don-diff > 0) are refused with a reason; 0 is not', () => {
  for (const [value, units, dropped] of [
    ['2', 0, { 'decoding-order-numbers': 5 }],
    ['0', 2, {}],
    ['junk', 2, {}],
  ] as const) {
    const depacketizer = h265Codec.depacketizer({ ...STREAM.format, fmtp: new Map([['sprop-max-don-diff', value]]) });
    const payloads = [...at(0, [VPS, SPS, PPS, IDR]), ...at(3600, [SLICE])];
    assert.equal(payloads.flatMap((payload) => depacketizer.push(payload)).length, units, value);
    assert.deepEqual(depacketizer.dropped, dropped);
  }
});

test('no slice says that it is the first (Reolink P330, Tenda: mtx#5071): the timestamp decides', () => {
  const unflagged = payloadsOf(STREAM, 60000).map((payload) => {
    const type = typeOf(payload.payload);
    if (type > 31) return payload;
    const bytes = payload.payload.slice();
    bytes[2] = (bytes[2] ?? 0) & 0x7f;
    return { ...payload, payload: bytes };
  });
  const { units } = run(unflagged);
  assert.equal(units.length, STREAM.units.length);
  assert.deepEqual(
    units.map((unit) => [unit.ptsTicks, unit.key]),
    STREAM.units.map((unit) => [unit.ptsTicks, unit.key]),
  );
  assert.equal(units.findLast((unit) => unit.key)?.damaged, false);
});

test('CRA and BLA are key frames too', () => {
  for (const type of [16, 17, 18, 19, 20, 21]) {
    const slice = Uint8Array.from([type << 1, 1, ...IDR.subarray(2)]);
    assert.equal(h265Codec.peek(slice).key, true);
    assert.equal(run([...at(0, [VPS, SPS, PPS, slice])]).units[0]?.key, true);
  }
  for (const type of [0, 1, 8, 9, 22]) assert.equal(h265Codec.peek(Uint8Array.of(type << 1, 1, 0x80)).key, false);
});

function run(payloads: readonly RtpPayload[]): {
  readonly units: readonly AccessUnit[];
  readonly dropped: Readonly<Record<string, number>>;
} {
  const depacketizer = h265Codec.depacketizer({ ...STREAM.format, parameters: undefined });
  const units = [...payloads.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
  return { units, dropped: depacketizer.dropped };
}

function at(ticks: number, payloads: readonly Uint8Array[]): readonly RtpPayload[] {
  return payloads.map((payload, i) => ({ payload, marker: i === payloads.length - 1, ticks, lostBefore: 0 }));
}

function typeOf(nal: Uint8Array): number {
  return ((nal[0] ?? 0) >> 1) & 63;
}

function textOf(unit: AccessUnit): string {
  return `${unit.key ? '*' : ''}${wholeData(unit)
    .map((nal) => `${typeOf(nal)}:${nal.length}`)
    .join(' ')}`;
}

function aggregate(...nals: readonly Uint8Array[]): Uint8Array {
  return concat(
    Uint8Array.of(48 << 1, 1),
    ...nals.map((nal) => concat(Uint8Array.of(nal.length >> 8, nal.length & 255), nal)),
  );
}

function fragments(nal: Uint8Array, size: number): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let from = 2; from < nal.length; from += size) {
    const flags = (from === 2 ? 0x80 : 0) | (from + size >= nal.length ? 0x40 : 0);
    list.push(fragment(nal, flags, nal.subarray(from, from + size)));
  }
  return list;
}

function fragment(nal: Uint8Array, flags: number, body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(49 << 1, nal[1] ?? 0, flags | typeOf(nal)), body);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
