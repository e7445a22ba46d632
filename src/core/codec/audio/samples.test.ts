import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../../test/harness/seeded-random.ts';
import { BitReader } from '../../bytes/bit-reader.ts';
import { joined } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { RtpPayload } from '../codec.ts';
import { fromAal2, toAal2 } from '../g726/code-order.ts';
import { codecFor, completeFormat, formatFor } from '../registry.ts';
import type { TrackFormat } from '../track-format.ts';

const ROWS: readonly {
  readonly rtpmap: string;
  /** Rate and channels that come out; the bytes of 20 ms, and the ticks that they last. */
  readonly shape: string;
  readonly bytes: number;
  readonly ticks: number;
}[] = [
  { rtpmap: 'PCMU/8000', shape: '8000/1', bytes: 160, ticks: 160 },
  // gsl#511: a camera's G.711 at 16 kHz.
  { rtpmap: 'PCMA/16000', shape: '16000/1', bytes: 320, ticks: 320 },
  { rtpmap: 'PCMA/8000/2', shape: '8000/2', bytes: 320, ticks: 160 },
  { rtpmap: 'G722/8000', shape: '16000/1', bytes: 160, ticks: 160 },
  { rtpmap: 'G722/16000', shape: '16000/1', bytes: 160, ticks: 320 },
  { rtpmap: 'G726-16/8000', shape: '8000/1', bytes: 40, ticks: 160 },
  { rtpmap: 'G726-24/8000', shape: '8000/1', bytes: 60, ticks: 160 },
  { rtpmap: 'G726-32/8000', shape: '8000/1', bytes: 80, ticks: 160 },
  { rtpmap: 'G726-40/8000', shape: '8000/1', bytes: 100, ticks: 160 },
  { rtpmap: 'AAL2-G726-24/8000', shape: '8000/1', bytes: 60, ticks: 160 },
  { rtpmap: 'AAL2-G726-40/16000', shape: '16000/1', bytes: 200, ticks: 320 },
  { rtpmap: 'L16/44100/2', shape: '44100/2', bytes: 3528, ticks: 882 },
  { rtpmap: 'PCM/8000', shape: '8000/1', bytes: 320, ticks: 160 },
  { rtpmap: 'PCML/16000', shape: '16000/1', bytes: 640, ticks: 320 },
  { rtpmap: 'L24/48000/6', shape: '48000/6', bytes: 17280, ticks: 960 },
];

test('a packet is as long as its bytes say, and times are those of the packets', () => {
  for (const { rtpmap, shape, bytes, ticks } of ROWS) {
    const format = formatOf(rtpmap);
    // The third is twice as long, the fourth is lost.
    const { units, dropped } = run(format, [
      packet(bytes, 0),
      packet(bytes, ticks),
      packet(2 * bytes, 2 * ticks),
      { ...packet(bytes, 5 * ticks), lostBefore: 1 },
    ]);
    assert.deepEqual(
      units.map(({ ptsTicks }) => ptsTicks / ticks),
      [0, 1, 2, 5],
      rtpmap,
    );
    assert.deepEqual(
      units.map((unit) => lengthOf(unit, format) / ticks),
      [1, 1, 2, 1],
      rtpmap,
    );
    assert.deepEqual(dropped, {}, rtpmap);
    const { parameters } = units[0] ?? {};
    assert.ok(parameters?.shape.media === 'audio');
    assert.equal(`${parameters.shape.sampleRate}/${parameters.shape.channels}`, shape, rtpmap);
    assert.equal(parameters, units[1]?.parameters, `${rtpmap}: nothing is made anew for a packet like the last`);
    assert.equal(parameters.identity, units[2]?.parameters.identity, rtpmap);
  }
});

test('a unit is cut anywhere between samples, and each packet has its own time', () => {
  for (const { rtpmap, bytes, ticks } of ROWS) {
    const format = formatOf(rtpmap);
    const codec = codecFor(format.encoding);
    const { units } = run(format, [packet(2 * bytes, 1000)]);
    const [unit] = units;
    assert.ok(codec !== undefined && unit !== undefined);
    for (const limit of [64, 100, 1400]) {
      const packets = codec.packetizer(format, limit).packetize(unit);
      assert.ok(packets.every(({ payload }) => payload.length <= limit));
      const sent = packets.map(({ payload, marker, ticksLater = 0 }) => ({
        payload,
        marker,
        ticks: 1000 + ticksLater,
        lostBefore: 0,
      }));
      assert.deepEqual(
        joined(sent.map(({ payload }) => payload)),
        packet(2 * bytes, 0).payload,
        `${rtpmap}: as it came`,
      );
      const back = run(format, sent);
      assert.deepEqual(joined(back.units.flatMap(({ data }) => data.flat())), joined(unit.data.flat()), rtpmap);
      let at = 1000;
      for (const one of back.units) {
        assert.equal(one.ptsTicks, Math.round(at), rtpmap);
        at += lengthOf(one, format);
      }
      assert.equal(at, 1000 + 2 * ticks, rtpmap);
    }
  }
});

test('bytes that are no whole samples are left out and counted', () => {
  const { units, dropped } = run(formatOf('L16/8000/2'), [
    packet(3, 0),
    packet(7, 10),
    packet(0, 20),
    packet(66000, 30),
  ]);
  assert.deepEqual(
    units.map(({ ptsTicks, byteLength }) => [ptsTicks, byteLength]),
    [
      [10, 4],
      [30, 65536],
    ],
  );
  assert.deepEqual(dropped, { 'samples-cut': 3, 'unit-empty': 2 });
});

test('a rate or channels that are none: no set-up, and the cause is counted', () => {
  for (const rtpmap of ['PCMU/0', 'PCMU/999999', 'L16/8000/99']) {
    const { units, dropped } = run(formatOf(rtpmap), [packet(400, 0)]);
    assert.equal(units.length, 0, rtpmap);
    assert.equal(dropped['unit-without-config'], 1, rtpmap);
  }
});

test('little-endian samples come out in network order', () => {
  const payload = Uint8Array.of(0x34, 0x12, 0x78, 0x56);
  for (const [encoding, expected] of [
    ['L16', payload],
    ['PCM', Uint8Array.of(0x12, 0x34, 0x56, 0x78)],
    ['PCML', Uint8Array.of(0x12, 0x34, 0x56, 0x78)],
  ] as const) {
    const { units } = run(formatOf(`${encoding}/8000`), [{ payload, marker: false, ticks: 0, lostBefore: 0 }]);
    assert.deepEqual(units[0]?.data, [[expected]], encoding);
  }
});

test('codewords of G.726 in both orders', () => {
  const random = seededRandom(20261124);
  for (const bits of [2, 3, 4, 5]) {
    const aal2 = Uint8Array.from({ length: 8 * bits }, () => Math.floor(random() * 256));
    const before = aal2.slice();
    const ours = fromAal2(aal2, bits);
    assert.deepEqual(toAal2(ours, bits), aal2, `${bits}`);
    assert.deepEqual(aal2, before);
    const reader = new BitReader(aal2);
    // RFC 3551 §4.5.4: the first codeword is in the least significant bits of the first byte.
    const whole = ours.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    for (let i = 0; i < 64; i++)
      assert.equal(Number((whole >> BigInt(i * bits)) & BigInt((1 << bits) - 1)), reader.bits(bits), `${bits}, ${i}`);
  }
});

test('what we announce', () => {
  for (const [rtpmap, announced] of [
    ['PCMU/8000', 'PCMU/8000/1'],
    ['PCMA/16000/2', 'PCMA/16000/2'],
    ['G722/8000', 'G722/8000/1'],
    ['AAL2-G726-24/8000', 'G726-24/8000/1'],
    ['G726-40/16000', 'G726-40/16000/1'],
    ['PCM/8000', 'L16/8000/1'],
    ['L24/48000/6', 'L24/48000/6'],
  ] as const) {
    const { parameters } = formatOf(rtpmap);
    assert.ok(parameters, rtpmap);
    const format = formatFor(parameters, 97);
    assert.equal(`${format.encoding}/${format.clockRate}/${format.channels}`, announced);
    assert.deepEqual(completeFormat(format), format, 'and it is complete');
  }
});

function formatOf(rtpmap: string): TrackFormat {
  const [encoding = '', clockRate, channels] = rtpmap.split('/');
  return completeFormat({
    media: 'audio',
    encoding,
    clockRate: Number(clockRate),
    ...(channels !== undefined && { channels: Number(channels) }),
    payloadType: 97,
    fmtp: new Map<string, string>(),
  });
}

function run(
  format: TrackFormat,
  payloads: readonly RtpPayload[],
): { readonly units: readonly AccessUnit[]; readonly dropped: Readonly<Record<string, number>> } {
  const depacketizer = codecFor(format.encoding)?.depacketizer(format);
  assert.ok(depacketizer);
  const units = [...payloads.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
  return { units, dropped: depacketizer.dropped };
}

function packet(bytes: number, ticks: number): RtpPayload {
  const payload = Uint8Array.from({ length: bytes }, (_, i) => (i * 37 + (i >> 8)) & 255);
  return { payload, marker: false, ticks, lostBefore: 0 };
}

function lengthOf({ parameters: { shape } }: AccessUnit, { clockRate }: TrackFormat): number {
  assert.ok(shape.media === 'audio');
  return (shape.samplesPerFrame * clockRate) / shape.sampleRate;
}
