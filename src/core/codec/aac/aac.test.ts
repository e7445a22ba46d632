import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAac } from '../../../../test/fixtures/streams/streams.ts';
import { seededRandom } from '../../../../test/harness/seeded-random.ts';
import { BitWriter } from '../../bytes/bit-writer.ts';
import { bytesOfHex } from '../../bytes/hex.ts';
import { wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { RtpPayload } from '../codec.ts';
import { completeFormat } from '../registry.ts';
import type { TrackFormat } from '../track-format.ts';
import { aacCodec } from './aac-codec.ts';
import { aacParametersOf } from './aac-parameters.ts';
import { auHeaderLayoutOf } from './au-headers.ts';
import { parseAudioConfig, writeAacLcConfig } from './audio-specific-config.ts';

const FRAMES = loadAac();

test('AudioSpecificConfig', () => {
  const rows: readonly (readonly [name: string, hex: string, expected: string | undefined])[] = [
    ['LC 48 kHz stereo', '1190', '2 48000/2 1024'],
    ['LC 16 kHz mono (Reolink)', '1408', '2 16000/1 1024'],
    ['LC 12 kHz stereo', '1490', '2 12000/2 1024'],
    ['with a backward compatible extension', '119056e500', '2 48000/2 1024'],
    ['frames of 960', '1194', '2 48000/2 960'],
    ['a rate by value: 40 kHz', '17804e2010', '2 40000/2 1024'],
    ['5.1', '11b0', '2 48000/6 1024'],
    ['7.1', '11b8', '2 48000/8 1024'],
    ['HE-AAC: 24 to 48 kHz', '2b118800', '5 48000/2 2048'],
    ['HE-AAC v2: mono to stereo', 'eb098800', '29 48000/2 2048'],
    ['low delay', 'b98800', '23 48000/1 512'],
    ['low delay, frames of 480', 'b98c00', '23 48000/1 480'],
    // Tag 0, LC, 48 kHz, one front pair, one LFE: no mixdowns.
    ['channels in a program config element', '118004c401002000', '2 48000/3 1024'],
    ['CELP', '4190', undefined],
    ['a rate that is reserved', '1690', undefined],
    ['cut', '11', undefined],
    ['nothing', '', undefined],
  ];
  for (const [name, hex, expected] of rows) {
    const config = parseAudioConfig(bytesOfHex(hex) ?? new Uint8Array());
    const text = config && `${config.objectType} ${config.sampleRate}/${config.channels} ${config.samplesPerFrame}`;
    assert.equal(text, expected, name);
  }
});

test('a config of AAC-LC is written', () => {
  for (const [rate, channels] of [
    [48000, 2],
    [16000, 1],
    [40000, 2],
    [8000, 8],
  ] as const) {
    const config = parseAudioConfig(writeAacLcConfig(rate, channels) ?? new Uint8Array());
    assert.deepEqual(config, { objectType: 2, sampleRate: rate, channels, samplesPerFrame: 1024 });
  }
  for (const [rate, channels] of [
    [48000, 0],
    [48000, 9],
    [0, 2],
    [2 ** 24, 2],
  ] as const) {
    assert.equal(writeAacLcConfig(rate, channels), undefined);
  }
});

test('sample entry and fmtp: there and back', () => {
  for (const hex of ['1190', '1408', '17804e2010', '2b118800', '119056e500']) {
    const parameters = aacParametersOf(bytesOfHex(hex) ?? new Uint8Array());
    assert.ok(parameters, hex);
    assert.deepEqual(aacCodec.parametersFromSampleEntry(parameters.sampleEntry), parameters);
    const fmtp = aacCodec.fmtpOf(parameters);
    assert.equal(fmtp.get('config'), hex);
    assert.deepEqual(formatOf([...fmtp]).parameters, parameters);
  }
});

test('a config that is missing or junk is guessed from rtpmap; other audio has none', () => {
  assert.equal(formatOf([]).parameters?.identity, 'aac/1190');
  assert.equal(formatOf([['config', 'zz']]).parameters?.identity, 'aac/1190');
  assert.equal(formatOf([['config', '00']]).parameters?.identity, 'aac/1190');
  assert.equal(formatOf([['mode', 'CELP-cbr']]).parameters, undefined);
});

test('packed and unpacked, whole and in fragments', () => {
  for (const limit of [64, 80, 1400]) {
    const format = formatOf([]);
    const packetizer = aacCodec.packetizer(format, limit);
    const payloads = FRAMES.flatMap((frame, i) => {
      const packets = packetizer.packetize(unitOf(frame, format));
      assert.ok(packets.every(({ payload }) => payload.length <= limit));
      return packets.map((packet) => ({ ...packet, ticks: 1024 * i, lostBefore: 0 }));
    });
    const { units, dropped } = run(format, payloads);
    assert.deepEqual(dropped, {});
    assert.deepEqual(units.flatMap(wholeData), FRAMES);
    assert.deepEqual(
      units.map(({ ptsTicks, dtsTicks }) => [ptsTicks, dtsTicks]),
      FRAMES.map((_, i) => [1024 * i, 1024 * i]),
    );
    assert.ok(units.every((unit) => unit.key && !unit.damaged));
  }
});

const A = Uint8Array.of(1, 1, 1);
const B = Uint8Array.of(2, 2);
const C = Uint8Array.of(3, 3, 3, 3);

test('payloads of other layouts, and as devices send them', () => {
  const rows: readonly (readonly [
    name: string,
    fmtp: readonly (readonly [string, string])[],
    payloads: readonly RtpPayload[],
    out: string,
  ])[] = [
    ['several units a packet', [], [packet(hbr([A, B, C]), 0)], '0:1x3 1024:2x2 2048:3x4'],
    [
      'AAC-lbr',
      [['mode', 'AAC-lbr']],
      [packet(Uint8Array.from([0, 16, 3 << 2, 2 << 2, ...A, ...B]), 0)],
      '0:1x3 1024:2x2',
    ],
    [
      'sizes of 16 bits, no index',
      [
        ['sizelength', '16'],
        ['indexlength', '0'],
        ['indexdeltalength', '0'],
      ],
      [packet(Uint8Array.from([0, 32, 0, 3, 0, 2, ...A, ...B]), 0)],
      '0:1x3 1024:2x2',
    ],
    ['a fixed size', [['constantsize', '2']], [packet(Uint8Array.from([...B, ...B]), 0)], '0:2x2 1024:2x2'],
    [
      'an auxiliary section',
      [['auxiliarydatasizelength', '8']],
      [packet(Uint8Array.from([0, 16, 0, 3 << 3, 8, 0xff, ...A]), 0)],
      '0:1x3',
    ],
    [
      'interleaved: units wait for those of the next packet',
      [],
      [packet(hbr([A, A], [0, 1]), 0), packet(hbr([B, B], [0, 1]), 1024), packet(hbr([C]), 4096)],
      '0:1x3 1024:2x2 2048:1x3 3072:2x2 4096:3x4',
    ],
    ['ADTS inside (g2r#1328)', [], [packet(hbr([adts(A), adts(C)]), 0)], '0:1x3 1024:3x4'],
    ['two ADTS frames as one unit', [], [packet(hbr([new Uint8Array([...adts(A), ...adts(B)])]), 0)], '0:1x3 1024:2x2'],
    ['a unit that only looks like ADTS', [], [packet(hbr([Uint8Array.of(0xff, 0xf1, 0, 0)]), 0)], '0:255x4'],
    ['a timestamp that runs backwards', [], [packet(hbr([A]), 500), packet(hbr([B]), 400)], '500:1x3 501:2x2'],
    ['the second unit is cut', [], [packet(hbr([A, C]).subarray(0, -1), 0)], '0:1x3'],
    ['headers are cut', [], [packet(Uint8Array.of(0, 32, 0, 24), 0), packet(hbr([A]), 1024)], '1024:1x3'],
    [
      'no headers',
      [],
      [packet(Uint8Array.of(0, 0), 0), packet(new Uint8Array(), 0), packet(hbr([A]), 1024)],
      '1024:1x3',
    ],
  ];
  for (const [name, fmtp, payloads, out] of rows) {
    const { units } = run(formatOf(fmtp), payloads);
    assert.equal(
      units.map(({ ptsTicks, data }) => `${ptsTicks}:${data[0]?.[0]?.[0]}x${data[0]?.[0]?.length}`).join(' '),
      out,
      name,
    );
  }
});

test('all widths of AU size and index', () => {
  const frames = [A, B, C];
  for (let sizeLength = 3; sizeLength <= 32; sizeLength++) {
    for (const [indexLength, indexDeltaLength] of [
      [0, 0],
      [1, 1],
      [3, 3],
      [0, 7],
      [32, 32],
    ] as const) {
      const fmtp = [
        ['sizelength', sizeLength],
        ['indexlength', indexLength],
        ['indexdeltalength', indexDeltaLength],
      ] as const;
      const writer = new BitWriter();
      for (const [i, frame] of frames.entries())
        writer.bits(frame.length, sizeLength).bits(0, i === 0 ? indexLength : indexDeltaLength);
      const payload = Uint8Array.from([writer.length >> 8, writer.length & 255, ...writer.take(), ...A, ...B, ...C]);
      const { units, dropped } = run(formatOf(fmtp.map(([name, width]) => [name, String(width)])), [
        packet(payload, 0),
      ]);
      const label = `${sizeLength}/${indexLength}/${indexDeltaLength}`;
      assert.deepEqual(units.flatMap(wholeData), frames, label);
      assert.deepEqual(
        units.map(({ ptsTicks }) => ptsTicks),
        [0, 1024, 2048],
        label,
      );
      assert.deepEqual(dropped, {}, label);
    }
  }
});

test('the fmtp of relayed packets says how their source packs them', () => {
  const parameters = aacParametersOf(Uint8Array.of(0x11, 0x90));
  assert.ok(parameters);
  const rows: readonly (readonly [said: Readonly<Record<string, string>>, served: string])[] = [
    [{}, 'mode=AAC-hbr sizelength=13 indexlength=3 indexdeltalength=3'],
    [{ mode: 'AAC-lbr', config: '1190' }, 'mode=AAC-lbr sizelength=6 indexlength=2 indexdeltalength=2'],
    [
      { sizelength: '16', indexlength: '0', indexdeltalength: '0' },
      'mode=AAC-hbr sizelength=16 indexlength=0 indexdeltalength=0',
    ],
    [{ mode: 'generic', sizelength: '16' }, 'mode=generic sizelength=16 indexlength=0 indexdeltalength=0'],
    [
      { mode: 'generic', constantsize: '200', constantduration: '1024' },
      'mode=generic constantsize=200 constantduration=1024',
    ],
    [
      { auxiliarydatasizelength: '8' },
      'mode=AAC-hbr sizelength=13 indexlength=3 indexdeltalength=3 auxiliarydatasizelength=8',
    ],
    [{ sizelength: 'x', packetization: '7' }, 'mode=AAC-hbr sizelength=13 indexlength=3 indexdeltalength=3'],
  ];
  for (const [said, served] of rows) {
    const fmtp = aacCodec.fmtpOf(parameters, new Map(Object.entries(said)));
    const text = [...fmtp].filter(([name]) => !['streamtype', 'profile-level-id', 'config'].includes(name));
    assert.equal(text.map(([name, value]) => `${name}=${value}`).join(' '), served);
    assert.equal(fmtp.get('config'), '1190');
    const layout = auHeaderLayoutOf(fmtp);
    assert.deepEqual(layout, auHeaderLayoutOf(new Map(Object.entries(said))), served);
  }
});

test('a lost fragment drops its unit only', () => {
  const format = formatOf([]);
  const [first = new Uint8Array()] = FRAMES;
  const packets = aacCodec.packetizer(format, 64).packetize(unitOf(first, format));
  assert.ok(packets.length > 2);
  const payloads = [
    ...packets.flatMap((one, i) => (i === 1 ? [] : [{ ...one, ticks: 0, lostBefore: i === 2 ? 1 : 0 }])),
    packet(hbr([A]), 1024),
  ];
  const { units, dropped } = run(format, payloads);
  assert.deepEqual(
    units.map(({ ptsTicks }) => ptsTicks),
    [1024],
  );
  assert.ok((dropped['unit-cut'] ?? 0) > 0);
});

test('ADTS headers tell the config where SDP gave none', () => {
  const { units } = run(formatOf([], 2), [packet(hbr([adts(A, 8, 1)]), 0)]);
  assert.equal(units[0]?.parameters.identity, 'aac/1408');
  const said = run(formatOf([['config', '1190']], 2), [packet(hbr([adts(A, 8, 1)]), 0)]);
  assert.equal(said.units[0]?.parameters.identity, 'aac/1190');
});

test('seeded damage: no exception, no growth, input untouched', () => {
  const random = seededRandom(20261124);
  const below = (end: number): number => Math.floor(random() * end);
  const names = [
    'sizelength',
    'indexlength',
    'indexdeltalength',
    'constantsize',
    'auxiliarydatasizelength',
    'ctsdeltalength',
  ];
  const depacketizers = Array.from({ length: 20 }, (_, i) =>
    aacCodec.depacketizer(formatOf(i < 5 ? [] : names.map((name) => [name, String(below(33))]))),
  );
  const seeds = [hbr([A, B, C]), hbr([A, A], [0, 1]), hbr([FRAMES[0] ?? A]).subarray(0, 40), hbr([adts(A)])];
  for (let i = 0; i < 10000; i++) {
    const bytes = (seeds[below(seeds.length)] ?? A).slice();
    for (let faults = below(4); faults > 0; faults--) bytes[below(bytes.length)] = below(256);
    const payload = bytes.subarray(0, random() < 0.2 ? below(bytes.length) : bytes.length);
    const before = payload.slice();
    const units = depacketizers[below(20)]?.push({
      payload,
      marker: random() < 0.5,
      ticks: 1024 * i + below(4096),
      lostBefore: below(2),
    });
    assert.ok((units?.length ?? 0) <= 1000);
    assert.deepEqual(payload, before, `packet ${i}`);
  }
});

function formatOf(fmtp: readonly (readonly [string, string])[], channels = 2): TrackFormat {
  return completeFormat({
    media: 'audio',
    encoding: 'MPEG4-GENERIC',
    clockRate: 48000,
    channels,
    payloadType: 97,
    fmtp: new Map(fmtp),
  });
}

function run(
  format: TrackFormat,
  payloads: readonly RtpPayload[],
): { units: AccessUnit[]; dropped: Readonly<Record<string, number>> } {
  const depacketizer = aacCodec.depacketizer(format);
  const units = [...payloads.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
  return { units, dropped: depacketizer.dropped };
}

function packet(payload: Uint8Array, ticks: number): RtpPayload {
  return { payload, marker: true, ticks, lostBefore: 0 };
}

/** 13/3/3; `deltas`: AU-Index of the first, AU-Index-delta of the others. */
function hbr(units: readonly Uint8Array[], deltas: readonly number[] = []): Uint8Array {
  const headers = units.flatMap((unit, i) => [unit.length >> 5, ((unit.length & 31) << 3) | (deltas[i] ?? 0)]);
  return Uint8Array.from([0, 16 * units.length, ...headers, ...units.flatMap((unit) => [...unit])]);
}

function adts(frame: Uint8Array, rateIndex = 3, channels = 2): Uint8Array {
  const length = frame.length + 7;
  const head = [
    0xff,
    0xf1,
    0x40 | (rateIndex << 2),
    (channels << 6) | (length >> 11),
    (length >> 3) & 255,
    ((length & 7) << 5) | 31,
    0xfc,
  ];
  return Uint8Array.from([...head, ...frame]);
}

function unitOf(frame: Uint8Array, format: TrackFormat): AccessUnit {
  assert.ok(format.parameters);
  return {
    ptsTicks: 0,
    dtsTicks: 0,
    key: true,
    damaged: false,
    data: [[frame]],
    byteLength: frame.length,
    parameters: format.parameters,
  };
}

test('mono and stereo AAC-LC know a silent frame, other AAC does not', () => {
  // AudioSpecificConfig: LC 48 kHz mono, LC 44.1 kHz stereo, LC 48 kHz 5.1, HE-AAC (SBR) 24 kHz stereo.
  const rows = [
    ['1188', 6],
    ['1210', 9],
    ['11b0', undefined],
    ['2b118800', undefined],
  ] as const;
  for (const [config, bytes] of rows) {
    const parameters = aacParametersOf(Uint8Array.from(Buffer.from(config, 'hex')));
    assert.ok(parameters !== undefined, config);
    assert.equal(parameters.silence?.length, bytes, config);
  }
});
