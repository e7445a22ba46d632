import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import type { RtpPayload } from '../codec.ts';
import { completeFormat } from '../registry.ts';
import { ac3Codec } from './ac3-codec.ts';
import { ac3ParametersOf } from './ac3-parameters.ts';
import { ac3ChannelsOf, ac3RateOf, parseAc3Frame } from './sync-frame.ts';

test('heads of sync frames', () => {
  const rows: readonly (readonly [name: string, hex: string, expected: string | undefined])[] = [
    ['192 kbit/s, 48 kHz, stereo', '0b770000144040', '48000/2 768 bytes'],
    ['384 kbit/s, 48 kHz, 5.1', '0b7700001c40e1', '48000/6 1536 bytes'],
    ['448 kbit/s, 48 kHz, 5.0', '0b7700001e40e0', '48000/5 1792 bytes'],
    ['64 kbit/s, 44.1 kHz, mono', '0b770000484020', '44100/1 278 bytes'],
    ['the same, a word longer', '0b770000494020', '44100/1 280 bytes'],
    ['96 kbit/s, 32 kHz, two monos', '0b7700008c4000', '32000/2 576 bytes'],
    ['2/2 with low frequencies: surround mix is skipped', '0b7700001440c4', '48000/5 768 bytes'],
    ['3/0: centre mix is skipped', '0b770000144064', '48000/4 768 bytes'],
    ['half the rate', '0b770000144840', '24000/2 768 bytes'],
    ['a quarter of the rate', '0b770000145040', '12000/2 768 bytes'],
    ['E-AC-3', '0b770000148040', undefined],
    ['a rate that is reserved', '0b770000d44040', undefined],
    ['a size that is none', '0b770000264040', undefined],
    ['no sync', '0b760000144040', undefined],
    ['cut', '0b7700001440', undefined],
  ];
  for (const [name, hex, expected] of rows) {
    const frame = parseAc3Frame(bytesOfHex(hex) ?? new Uint8Array());
    const text = frame && `${ac3RateOf(frame)}/${ac3ChannelsOf(frame)} ${frame.frameBytes} bytes`;
    assert.equal(text, expected, name);
  }
});

test('dac3 as ETSI TS 102 366 Annex F has it', () => {
  const frame = parseAc3Frame(bytesOfHex('0b7700001c40e1') ?? new Uint8Array());
  assert.ok(frame);
  const parameters = ac3ParametersOf(frame);
  assert.ok(parameters?.sampleEntry);
  // fscod 00, bsid 01000, bsmod 000, acmod 111, lfeon 1, bit rate 01110.
  assert.ok(hexOf(parameters.sampleEntry).endsWith(`${hexOf(new TextEncoder().encode('dac3'))}103dc0`));
  assert.deepEqual(ac3Codec.parametersFromSampleEntry(parameters.sampleEntry), parameters);
  const reserved = parameters.sampleEntry.slice();
  reserved[reserved.length - 3] = 0xd0;
  assert.equal(ac3Codec.parametersFromSampleEntry(reserved), undefined);
});

const A = frame('0b770000004040', 1);
const B = frame('0b770000004040', 2);

test('payloads of several forms', () => {
  const rows: readonly (readonly [
    name: string,
    payloads: readonly RtpPayload[],
    out: string,
    dropped: Readonly<Record<string, number>>,
  ])[] = [
    ['two frames a packet', [packet(0, 2, [A, B], 0)], '0:1x128 1536:2x128', {}],
    [
      'in three pieces',
      [packet(2, 3, [A.subarray(0, 50)], 0), packet(3, 3, [A.subarray(50, 90)], 0), packet(3, 3, [A.subarray(90)], 0)],
      '0:1x128',
      {},
    ],
    [
      'a first piece of more than five eighths',
      [packet(1, 2, [A.subarray(0, 100)], 0), packet(3, 2, [A.subarray(100)], 0)],
      '0:1x128',
      {},
    ],
    [
      'the second piece lost',
      [
        packet(2, 3, [A.subarray(0, 50)], 0),
        { ...packet(3, 3, [A.subarray(90)], 0), lostBefore: 1 },
        packet(0, 1, [B], 1536),
      ],
      '1536:2x128',
      { 'unit-cut': 2 },
    ],
    [
      'the last piece lost',
      [packet(2, 2, [A.subarray(0, 50)], 0), { ...packet(0, 1, [B], 1536), lostBefore: 1 }],
      '1536:2x128',
      { 'unit-cut': 1 },
    ],
    [
      'a piece of another time',
      [packet(2, 2, [A.subarray(0, 50)], 0), packet(3, 2, [A.subarray(50)], 1536)],
      '',
      { 'unit-cut': 2 },
    ],
    [
      'pieces of more than a frame',
      [packet(2, 2, [A.subarray(0, 50)], 0), packet(3, 2, [A], 0)],
      '',
      { 'unit-cut': 1 },
    ],
    ['a frame that is cut, and said to be whole', [packet(0, 1, [A.subarray(0, 100)], 0)], '', { 'unit-cut': 1 }],
    [
      'no frame',
      [packet(0, 1, [Uint8Array.of(1, 2, 3)], 0), packet(0, 0, [], 0)],
      '',
      { 'unit-junk': 1, 'unit-empty': 1 },
    ],
    ['the end within a frame', [packet(1, 2, [A.subarray(0, 100)], 0)], '', { 'unit-cut': 1 }],
  ];
  for (const [name, payloads, out, expected] of rows) {
    const depacketizer = ac3Codec.depacketizer(FORMAT);
    const units = [...payloads.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
    const text = units.map(({ ptsTicks, data, byteLength }) => `${ptsTicks}:${data[0]?.[0]?.[7]}x${byteLength}`);
    assert.equal(text.join(' '), out, name);
    assert.deepEqual(depacketizer.dropped, expected, name);
  }
});

test('pieces say what they are: RFC 4184 §4.1.1', () => {
  const parameters = ac3Codec.depacketizer(FORMAT);
  const [unit] = parameters.push(packet(0, 1, [A], 0));
  assert.ok(unit);
  const headsAt = (limit: number): string =>
    ac3Codec
      .packetizer(FORMAT, limit)
      .packetize(unit)
      .map(({ payload, marker }) => `${payload[0]}/${payload[1]}${marker ? '!' : ''}`)
      .join(' ');
  assert.equal(headsAt(130), '0/1!');
  assert.equal(headsAt(100), '1/2 3/2!');
  assert.equal(headsAt(60), '2/3 3/3 3/3!');
});

const FORMAT = completeFormat({
  media: 'audio',
  encoding: 'AC3',
  clockRate: 48000,
  payloadType: 97,
  fmtp: new Map<string, string>(),
});

/** A head, and what makes up the frame. */
function frame(head: string, fill: number): Uint8Array {
  const bytes = bytesOfHex(head) ?? new Uint8Array();
  const whole = new Uint8Array(parseAc3Frame(bytes)?.frameBytes ?? 0).fill(fill);
  whole.set(bytes);
  return whole;
}

function packet(type: number, count: number, pieces: readonly Uint8Array[], ticks: number): RtpPayload {
  const payload = Uint8Array.from([type, count, ...pieces.flatMap((piece) => [...piece])]);
  return { payload, marker: true, ticks, lostBefore: 0 };
}
