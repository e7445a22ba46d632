import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BitReader } from '../../bytes/bit-reader.ts';
import { BitWriter } from '../../bytes/bit-writer.ts';
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import { aacParametersOf } from '../aac/aac-parameters.ts';
import { joined } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { RtpPayload } from '../codec.ts';
import { completeFormat } from '../registry.ts';
import type { TrackFormat } from '../track-format.ts';
import { skipAudioConfig } from './config-length.ts';
import { latmCodec } from './latm-codec.ts';
import { parseStreamMuxConfig, writeStreamMuxConfig } from './stream-mux-config.ts';

const FIXTURES = new URL('../../../../test/fixtures/streams/rtp/', import.meta.url);

test('StreamMuxConfig', () => {
  const rows: readonly (readonly [name: string, hex: string, expected: string | undefined])[] = [
    ['ffmpeg: LC 48 kHz stereo', '400023203fc0', '1190 x1'],
    ['24 kHz mono', '400026103fc0', '1308 x1'],
    ['GStreamer rtpmp4apay after avenc_aac: an extension, and nothing behind it', '40002410adca00', '1208 x1'],
    [
      'five frames an element',
      muxHex((writer) => writer.bits(0b01, 2).bits(4, 6).bits(0, 7).bits(0x1190, 16)),
      '1190 x5',
    ],
    [
      'lengths fixed at 100 bytes',
      hexOf(new BitWriter().bits(0b01, 2).bits(0, 13).bits(0x1190, 16).bits(1, 3).bits(80, 9).bits(0, 2).take()),
      '1190 x1 100',
    ],
    [
      'other data, its length in two escapes, and a checksum',
      hexOf(
        new BitWriter()
          .bits(0b01, 2)
          .bits(0, 13)
          .bits(0x1190, 16)
          .bits(0xff, 11)
          .bits(0b1, 1)
          .bits(0x101, 9)
          .bits(0x02, 9)
          .bits(0b1, 1)
          .bits(0x55, 8)
          .take(),
      ),
      '1190 x1 other',
    ],
    [
      'version 1 says how long the config is',
      hexOf(
        new BitWriter()
          .bits(0b10, 2)
          .bits(0xff, 10)
          .bits(1, 1)
          .bits(0, 13)
          .bits(40, 10)
          .bytes(bytesOfHex('119056e500') ?? new Uint8Array())
          .bits(0xff, 11)
          .bits(0, 2)
          .take(),
      ),
      '119056e500 x1',
    ],
    [
      'HE-AAC',
      muxHex((writer) =>
        writer
          .bits(0b01, 2)
          .bits(0, 13)
          .bits(0x2b118800 >>> 7, 25),
      ),
      '2b118800 x1',
    ],
    ['version 1 A', 'c00023203fc0', undefined],
    [
      'two programs',
      muxHex((writer) => writer.bits(0b01, 2).bits(0, 6).bits(1, 4).bits(0, 3).bits(0x1190, 16)),
      undefined,
    ],
    ['two layers', muxHex((writer) => writer.bits(0b01, 2).bits(0, 10).bits(1, 3).bits(0x1190, 16)), undefined],
    ['streams of several framings', '000023203fc0', undefined],
    ['CELP', muxHex((writer) => writer.bits(0b01, 2).bits(0, 13).bits(0x4190, 16)), undefined],
    ['a kind of framing that AAC has not', '40002320bfc0', undefined],
    ['cut', '400023203f', undefined],
    ['nothing', '', undefined],
  ];
  for (const [name, hex, expected] of rows) {
    const config = parseStreamMuxConfig(bytesOfHex(hex) ?? new Uint8Array());
    const { specific, frames, fixedBytes, hasOtherData } = config ?? { specific: new Uint8Array() };
    const text = `${hexOf(specific)} x${frames}${fixedBytes === undefined ? '' : ` ${fixedBytes}`}`;
    assert.equal(config && text + (hasOtherData === true ? ' other' : ''), expected, name);
  }
});

test('where an AudioSpecificConfig ends', () => {
  const rows: readonly (readonly [name: string, hex: string, bits: number | undefined])[] = [
    ['LC', '1190', 16],
    ['LC with an extension after it, which does not count', '119056e500', 16],
    ['a rate by value', '17804e2010', 40],
    ['HE-AAC', '2b118800', 25],
    ['depends on a core coder', '1192ffff', 31],
    ['low delay', 'b98800', 18],
    ['channels in a program config element', '118004c4010020000000', 72],
    ['CELP', '4190', undefined],
    ['cut', '11', undefined],
  ];
  for (const [name, hex, bits] of rows) {
    const reader = new BitReader(bytesOfHex(hex) ?? new Uint8Array());
    assert.equal(skipAudioConfig(reader) ? reader.position : undefined, bits, name);
  }
});

test('a config is written so that it is read again', () => {
  for (const hex of ['1190', '1408', '17804e2010', '2b118800', 'b98800']) {
    const writer = new BitWriter();
    writeStreamMuxConfig(writer, bytesOfHex(hex) ?? new Uint8Array());
    const back = parseStreamMuxConfig(writer.take());
    assert.ok(back, hex);
    const parameters = aacParametersOf(back.specific);
    assert.deepEqual(parameters?.shape, aacParametersOf(bytesOfHex(hex) ?? new Uint8Array())?.shape, hex);
    assert.deepEqual([back.frames, back.fixedBytes, back.hasOtherData], [1, undefined, false], hex);
  }
});

test('elements that bring their config, of every third', () => {
  const frames = readFileSync(new URL('latm-in-band.hashes', FIXTURES), 'utf8').trim().split('\n');
  for (const fmtp of [[], [['cpresent', '1']]] as const) {
    const { units, dropped, parameters } = run(formatOf(fmtp), loas());
    assert.deepEqual(units.map(hashOf), frames);
    assert.deepEqual(dropped, {});
    assert.equal(parameters, 'aac/1190');
  }
});

test('who joins between two configs waits for the next', () => {
  const { units, dropped } = run(formatOf([['cpresent', '1']]), loas().slice(1));
  assert.equal(units.length, loas().length - 3);
  assert.deepEqual(dropped, { 'unit-without-config': 2 });
});

test('a config in fmtp without cpresent counts, as some senders mean it', () => {
  const frame = Uint8Array.of(1, 2, 3);
  const payload = Uint8Array.of(3, ...frame);
  const { units } = run(formatOf([['config', '400023203fc0']]), [packet(payload, 0)]);
  assert.deepEqual(units.map(bytesOf), [frame]);
});

test('payloads of several forms', () => {
  const two = muxHex((writer) => writer.bits(0b01, 2).bits(1, 6).bits(0, 7).bits(0x1190, 16));
  const one = '400023203fc0';
  const long = Uint8Array.from({ length: 300 }, (_, i) => i & 255);
  const longElement = Uint8Array.of(255, 45, ...long);
  const rows: readonly (readonly [
    name: string,
    config: string,
    payloads: readonly RtpPayload[],
    out: string,
    dropped: Readonly<Record<string, number>>,
  ])[] = [
    [
      'two frames an element',
      two,
      [packet([2, 8, 8, 1, 9], 0), packet([1, 5, 1, 6], 2048)],
      '0:2 1024:1 2048:1 3072:1',
      {},
    ],
    ['255 bytes and more', one, [packet(longElement, 0)], '0:300', {}],
    ['255 bytes', one, [packet([255, 0, ...long.subarray(0, 255)], 0)], '0:255', {}],
    ['a frame of nothing', one, [packet([0], 0)], '', { 'unit-empty': 1 }],
    [
      'over three packets',
      one,
      [
        packet(longElement.subarray(0, 100), 0, false),
        packet(longElement.subarray(100, 200), 0, false),
        packet(longElement.subarray(200), 0),
      ],
      '0:300',
      {},
    ],
    [
      'never marked',
      one,
      [
        packet([1, 5], 0, false),
        packet(longElement.subarray(0, 100), 1024, false),
        packet(longElement.subarray(100), 1024, false),
        packet([1, 6], 2048, false),
      ],
      '0:1 1024:300 2048:1',
      {},
    ],
    [
      'the second of three packets lost',
      one,
      [
        packet(longElement.subarray(0, 100), 0, false),
        { ...packet(longElement.subarray(200), 0), lostBefore: 1 },
        packet([1, 6], 1024),
      ],
      '1024:1',
      { 'unit-cut': 1 },
    ],
    [
      'the first of two packets lost',
      one,
      [{ ...packet(longElement.subarray(100), 0), lostBefore: 1 }, packet([1, 6], 1024)],
      '1024:1',
      { 'unit-cut': 1 },
    ],
    ['a length that reaches past the end', one, [packet([9, 1], 0), packet([1, 6], 1024)], '1024:1', { 'unit-cut': 1 }],
    ['nothing', one, [packet([], 0), packet([1, 6], 1024)], '1024:1', { 'unit-cut': 1 }],
    ['cpresent=0 without a config', '', [packet([1, 6], 0)], '', { 'unit-without-config': 1 }],
  ];
  for (const [name, config, payloads, out, expected] of rows) {
    const fmtp = [['cpresent', '0'], ...(config === '' ? [] : [['config', config] as const])] as const;
    const { units, dropped } = run(formatOf(fmtp), payloads);
    assert.equal(units.map((unit) => `${unit.ptsTicks}:${unit.byteLength}`).join(' '), out, name);
    assert.deepEqual(dropped, expected, name);
  }
});

test('a clock of 90 kHz', () => {
  const mux = muxHex((writer) => writer.bits(0b01, 2).bits(1, 6).bits(0, 7).bits(0x1190, 16));
  const format = {
    ...formatOf([
      ['cpresent', '0'],
      ['config', mux],
    ]),
    clockRate: 90000,
  };
  const { units } = run(format, [packet([1, 5, 1, 6], 0)]);
  assert.deepEqual(
    units.map(({ ptsTicks }) => ptsTicks),
    [0, 1920],
  );
});

test('an element without end is dropped', () => {
  const format = formatOf([
    ['cpresent', '0'],
    ['config', '400023203fc0'],
  ]);
  const flood = Array.from({ length: 2000 }, () => packet(new Uint8Array(300).fill(255), 0, false));
  const { units, dropped } = run(format, [...flood, packet([1, 6], 1024)]);
  assert.equal(units.length, 1);
  assert.deepEqual(dropped, { 'unit-cut': 1, 'unit-too-large': 1 });
});

test('packed with the config in-band', () => {
  const format = formatOf([['cpresent', '1']]);
  const parameters = aacParametersOf(Uint8Array.of(0x11, 0x90));
  assert.ok(parameters);
  const frame = Uint8Array.from({ length: 600 }, (_, i) => (i * 7) & 255);
  const unit = { ptsTicks: 0, dtsTicks: 0, key: true, damaged: false, data: [[frame]], byteLength: 600, parameters };
  const payloads = latmCodec
    .packetizer(format, 100)
    .packetize(unit)
    .map((one) => ({ ...packet(one.payload, 0, one.marker) }));
  assert.ok(payloads.length > 6 && payloads.every(({ payload }) => payload.length <= 100));
  const { units, dropped } = run(format, payloads);
  assert.deepEqual(units.map(bytesOf), [frame]);
  assert.deepEqual(dropped, {});
});

test('fmtp: ours has the config out of band; that of relayed packets stays', () => {
  const parameters = aacParametersOf(Uint8Array.of(0x11, 0x90));
  assert.ok(parameters);
  assert.equal(latmCodec.fmtpOf(parameters).get('config'), '400023203fc0');
  assert.equal(formatOf([...latmCodec.fmtpOf(parameters)]).parameters?.identity, 'aac/1190');
  const said = new Map([['cpresent', '1']]);
  assert.deepEqual(latmCodec.fmtpOf(parameters, said), said);
});

/** What `writer` writes, then lengths as sent, no other data and no checksum. */
function muxHex(write: (writer: BitWriter) => BitWriter): string {
  return hexOf(write(new BitWriter()).bits(0, 3).bits(0xff, 8).bits(0, 2).take());
}

function formatOf(fmtp: readonly (readonly [string, string])[]): TrackFormat {
  return completeFormat({
    media: 'audio',
    encoding: 'MP4A-LATM',
    clockRate: 48000,
    payloadType: 97,
    fmtp: new Map(fmtp),
  });
}

function packet(payload: Uint8Array | readonly number[], ticks: number, marker = true): RtpPayload {
  return { payload: Uint8Array.from(payload), marker, ticks, lostBefore: 0 };
}

/** The elements of a LOAS file (ISO 14496-3 §1.7.2): sync:11 length:13 element. */
function loas(): readonly RtpPayload[] {
  const bytes = new Uint8Array(readFileSync(new URL('latm-in-band.loas', FIXTURES)));
  const packets: RtpPayload[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = (((bytes[at + 1] ?? 0) & 31) << 8) | (bytes[at + 2] ?? 0);
    packets.push(packet(bytes.subarray(at + 3, at + 3 + length), 1024 * packets.length));
    at += 3 + length;
  }
  return packets;
}

function run(
  format: TrackFormat,
  payloads: readonly RtpPayload[],
): {
  readonly units: readonly AccessUnit[];
  readonly dropped: Readonly<Record<string, number>>;
  readonly parameters: string | undefined;
} {
  const depacketizer = latmCodec.depacketizer(format);
  const units = [...payloads.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
  return { units, dropped: depacketizer.dropped, parameters: depacketizer.parameters?.identity };
}

function bytesOf(unit: AccessUnit): Uint8Array {
  return joined(unit.data.flat());
}

function hashOf(unit: AccessUnit): string {
  return `${createHash('md5').update(bytesOf(unit)).digest('hex')} ${unit.byteLength}`;
}
