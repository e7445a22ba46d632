import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import { box } from '../../mp4/write/box.ts';
import { joined, wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { RtpPayload } from '../codec.ts';
import { findInVisualEntry, writeVisualEntry } from '../nal/visual-entry.ts';
import { formatFor } from '../registry.ts';
import { MAX_ELEMENTS, parseAv1Elements } from './aggregation.ts';
import { av1Codec } from './av1-codec.ts';
import { leb128, readLeb128, splitObus } from './obu.ts';
import { av1ParametersOf } from './parameters.ts';
import { parseAv1SequenceHeader } from './sequence-header.ts';

/** `av1C` as ffmpeg 5.1 wrote it for libaom, SVT-AV1 and rav1e at 1920 × 1080, and the codec string. */
const CONFIGURATIONS: readonly (readonly [name: string, av1C: string, codecString: string])[] = [
  ['10 bits', '81084c000a0b00000042abbfc3776be501', 'av01.0.08M.10'],
  ['4:4:4', '812800000a0b20000042abbfc3776be408', 'av01.1.08M.08'],
  ['4:2:2, 12 bits', '814868000a0c40000042abbfc3776be58880', 'av01.2.08M.12'],
  ['gray', '81081c000a0b00000042abbfc3776be4a8', 'av01.0.08M.08'],
  ['SVT-AV1', '81080c000a0b00000042abbfc3700be001', 'av01.0.08M.08'],
  ['BT.709', '81080c000a0e00000042abbfc3776be440404041', 'av01.0.08M.08'],
  ['RGB', '812800000a0e20000042abbfc3776be480868010', 'av01.1.08M.08'],
  ['rav1e, level 31', '811f0c000a0e000000faabbfc371085440808085', 'av01.0.31M.08'],
];

test('sequence headers of encoders: the same av1C as ffmpeg, the codec string, the size', () => {
  for (const [name, hex, codecString] of CONFIGURATIONS) {
    const av1C = bytes(hex);
    const parameters = av1ParametersOf(sequenceOf(av1C));
    assert.ok(parameters, name);
    assert.equal(hexOf(findInVisualEntry(parameters.sampleEntry, ['av01'], 'av1C') ?? av1C), hex, name);
    assert.equal(parameters.codecString, codecString, name);
    const { shape } = parameters;
    assert.deepEqual(shape, { media: 'video', width: 1920, height: 1080, aspect: [1, 1], frameRate: undefined }, name);
    assert.deepEqual(av1Codec.parametersFromSampleEntry(parameters.sampleEntry), parameters, name);
    assert.equal(av1ParametersOf(sequenceOf(av1C), parameters), parameters, 'the same object for the same set-up');
    for (let cut = 0; cut < sequenceOf(av1C).length - 1; cut++) {
      assert.equal(parseAv1SequenceHeader(sequenceOf(av1C).subarray(0, cut)), undefined, `${name}, cut to ${cut}`);
    }
  }
});

test('what timing, a decoder model, a delay and a tier say', () => {
  // Profile 0; timing 1001/30000 a picture; a model of 8-bit delays; a delay; one operating point of level 9, high tier.
  const bits = [
    '000',
    '0',
    '0',
    '1',
    word(1001),
    word(30_000),
    '1',
    '1',
    '1',
    '00111',
    word(1),
    '00111',
    '00111',
    '1',
    '00000',
    '000000000000',
    '01001',
    '1',
    '1',
    '00000001',
    '00000010',
    '0',
    '1',
    '0101',
    '1010',
    '1010',
    '11101111111',
    '10000110111',
    '0',
    '000',
    '0000',
    '0',
    '1',
    '1',
    '000',
    '0',
    '0',
    '0',
    '0',
    '00',
    '0',
    '0',
    '1',
  ].join('');
  const header = parseAv1SequenceHeader(packedBits(bits));
  assert.deepEqual(header, {
    profile: 0,
    level: 9,
    tier: 1,
    bitDepth: 8,
    monochrome: false,
    subsampling: [1, 1],
    chromaSamplePosition: 0,
    width: 1920,
    height: 1080,
    frameRate: 30_000 / 1001,
  });
  assert.equal(av1ParametersOf(packedBits(bits))?.codecString, 'av01.0.09H.08');
  assert.deepEqual(
    [...av1Codec.fmtpOf(parametersOf(packedBits(bits)))],
    [
      ['profile', '0'],
      ['level-idx', '9'],
      ['tier', '1'],
    ],
  );
});

test('entries that hold no AV1', () => {
  const shape = { media: 'video', width: 16, height: 16, aspect: [1, 1], frameRate: undefined } as const;
  for (const av1C of ['', '80084c00', '81084c00', '81084c000a0b0000', '81084c001200', '81084c000a05ffffffffff']) {
    assert.equal(
      av1Codec.parametersFromSampleEntry(writeVisualEntry('av01', shape, box('av1C', bytes(av1C)))),
      undefined,
      av1C,
    );
  }
  assert.equal(av1ParametersOf(new Uint8Array(257)), undefined);
});

test('leb128', () => {
  for (const value of [0, 1, 127, 128, 300, 16_383, 16_384, 2 ** 31, 2 ** 32 - 1]) {
    const coded = Uint8Array.from(leb128(value));
    assert.deepEqual(readLeb128(coded, 0), { value, end: coded.length });
    for (let cut = 0; cut < coded.length; cut++) assert.equal(readLeb128(coded.subarray(0, cut), 0), undefined);
  }
  assert.deepEqual(readLeb128(bytes('8180808000'), 0), { value: 1, end: 5 }, 'longer than need be');
  assert.equal(readLeb128(bytes('ffffffff7f'), 0), undefined, 'above 32 bits');
  assert.equal(readLeb128(new Uint8Array(12).fill(0x80), 0), undefined);
});

/** The payload of a key frame that is shown, and of a frame that is not a key frame. */
const KEY = '10aabbcc';
const INTER = '30ddee';
const SEQUENCE = '00000042abbfc3700be001';

test('payloads of every form give the same temporal unit', () => {
  const whole = `0a0b${SEQUENCE}3204${KEY}`;
  const forms: Readonly<Record<string, readonly string[]>> = {
    'W = 0': [`080c08${SEQUENCE}0530${KEY}`],
    'W = 2': [`280c08${SEQUENCE}30${KEY}`],
    'sizes inside': [`280d0a0b${SEQUENCE}3204${KEY}`],
    'delimiter, padding, tile list, redundant header': [`0801100c08${SEQUENCE}0530${KEY}037800000240aa023800`],
    'each by itself': [`1808${SEQUENCE}`, `1030${KEY}`],
    'in three': [`680c08${SEQUENCE}3010`, `d0aabb`, `90cc`],
    'cut within the sequence header': [`5808${SEQUENCE.slice(0, 6)}`, `a008${SEQUENCE.slice(6)}30${KEY}`],
    'cut after the header byte': [`680c08${SEQUENCE}30`, `90${KEY}`],
  };
  for (const [name, payloads] of Object.entries(forms)) {
    const { units, dropped } = unpack([payloads]);
    assert.deepEqual(units.map(hexUnit), [whole], name);
    assert.ok(units[0]?.key === true && !units[0].damaged, name);
    assert.deepEqual(dropped, {}, name);
  }
});

test('extension headers keep their layer, and are sized behind it', () => {
  const { units } = unpack([[`280c08${SEQUENCE}3408${KEY}`]]);
  assert.deepEqual(units.map(hexUnit), [`0a0b${SEQUENCE}360804${KEY}`]);
});

test('a key frame is one that is shown, and comes first', () => {
  const rows: readonly (readonly [frames: string, key: boolean])[] = [
    [`0530${KEY}`, true],
    ['033000aa', false], // not shown
    ['033090aa', false], // shows one from before
    ['033050aa', false], // intra only
    [`0430${INTER}0530${KEY}`, false],
    ['031810aa03200001', true], // frame header and tiles
  ];
  for (const [frames, key] of rows) {
    const payload = `000c08${SEQUENCE}${frames}`;
    assert.equal(unpack([[payload]]).units[0]?.key, key, frames);
    if (!frames.startsWith('0430')) assert.equal(av1Codec.peek(bytes(payload)).key, key, frames);
  }
});

test('peek: what begins in a payload, whole or cut', () => {
  const rows: readonly (readonly [payload: string, key: boolean, parameterSets: boolean])[] = [
    [`280c08${SEQUENCE}30${KEY}`, true, true],
    [`680c08${SEQUENCE}3010`, true, true],
    [`1808${SEQUENCE}`, false, true],
    [`503010aa`, true, false],
    ['503204ffff10aa', false, false],
    ['5032800210', true, false],
    [`1030${INTER}`, false, false],
    ['9030' + KEY, false, false],
    ['a0013030' + KEY, true, false],
    ['10', false, false],
    ['', false, false],
  ];
  for (const [payload, key, parameterSets] of rows) {
    assert.deepEqual(av1Codec.peek(bytes(payload)), { key, parameterSets }, payload);
  }
});

test('junk is dropped and counted, and a damaged unit is not given out', () => {
  const key = `280c08${SEQUENCE}30${KEY}`;
  const rows: readonly (readonly [
    name: string,
    second: readonly string[],
    dropped: Readonly<Record<string, number>>,
  ])[] = [
    ['an element beyond the payload', ['2005aa'], { 'payload-junk': 1, 'frame-without-start': 1 }],
    ['nothing', ['10'], { 'payload-junk': 1, 'frame-without-start': 1 }],
    ['too few elements', ['3001aa01bb'], { 'payload-junk': 1, 'frame-without-start': 1 }],
    [
      'more elements than any unit has',
      [`00${'010a'.repeat(MAX_ELEMENTS + 1)}`],
      { 'payload-junk': 1, 'frame-without-start': 1 },
    ],
    ['an OBU without an end', [`5030${INTER}`], { 'frame-cut': 1 }],
    ['an OBU that is not gone on with', [`5030${INTER}`, `1030${INTER}`], { 'frame-cut': 1 }],
    ['an OBU without a beginning', [`1030${INTER}`, `90${INTER}`], { 'frame-cut': 1 }],
    ['a forbidden bit', [`1080${INTER}`], { 'obu-junk': 1 }],
    ['a size beyond the OBU', ['103209aabb'], { 'obu-junk': 1 }],
    ['a sequence header that is none', ['1008ffffffff'], { 'sequence-header-junk': 1 }],
  ];
  for (const [name, second, expected] of rows) {
    const { units, dropped } = unpack([[key], second, [`1030${INTER}`], [key]]);
    assert.deepEqual(dropped, expected, name);
    const silent = name.startsWith('a sequence header');
    assert.deepEqual(
      units.map(({ damaged }) => damaged),
      [false, !silent, false],
      name,
    );
  }
});

test('another sequence header is another set-up from its picture on, an equal one the same', () => {
  const other = '00000042abbfc3776be501';
  const { units } = unpack([SEQUENCE, SEQUENCE, other].map((sequence) => [`1008${sequence}`, `1030${KEY}`]));
  const [first, second, third] = units.map(({ parameters }) => parameters);
  assert.equal(first, second);
  assert.equal(third?.codecString, 'av01.0.08M.10');
  assert.notEqual(third.identity, first?.identity);
});

test('metadata alone is no picture', () => {
  const { units, dropped } = unpack([['102a0102']]);
  assert.deepEqual([units, dropped], [[], {}]);
});

test('a key frame without its sequence header is packed with it; delimiters are not', () => {
  const parameters = parametersOf(bytes(SEQUENCE));
  const sample = bytes(`12003204${KEY}`);
  const content = av1Codec.contentOf([sample]);
  assert.ok(content?.key);
  assert.deepEqual(content.data.map(hexOf), [`3204${KEY}`]);
  const [data = new Uint8Array()] = content.data;
  const unit = {
    ptsTicks: 0,
    dtsTicks: 0,
    key: true,
    damaged: false,
    data: [[data]],
    byteLength: data.length,
    parameters,
  };
  const payloads = av1Codec.packetizer(formatFor(parameters, 96), 1400).packetize(unit);
  assert.deepEqual(
    payloads.map(({ payload }) => hexOf(payload)),
    [`080c08${SEQUENCE}0530${KEY}`],
  );
  assert.deepEqual(parseAv1Elements(payloads[0]?.payload ?? data)?.elements.map(hexOf), [`08${SEQUENCE}`, `30${KEY}`]);
});

test('samples that are no temporal units', () => {
  for (const sample of ['', '12', '3209aa', '1200', '80', `0a0b${SEQUENCE}`]) {
    assert.equal(av1Codec.contentOf([bytes(sample)]), undefined, sample);
  }
  assert.equal(splitObus(bytes('32'))?.length, undefined);
});

/** Each inner list is a temporal unit in its payloads, as hexadecimal text. */
function unpack(temporalUnits: readonly (readonly string[])[]): {
  readonly units: readonly AccessUnit[];
  readonly dropped: Readonly<Record<string, number>>;
} {
  const format = {
    media: 'video',
    encoding: 'AV1',
    clockRate: 90_000,
    payloadType: 96,
    fmtp: new Map(),
    parameters: undefined,
  } as const;
  const depacketizer = av1Codec.depacketizer(format);
  const packets = temporalUnits.flatMap((payloads, unit) =>
    payloads.map((payload, i): RtpPayload => ({
      payload: bytes(payload),
      marker: i === payloads.length - 1,
      ticks: 3600 * unit,
      lostBefore: 0,
    })),
  );
  const units = packets.flatMap((packet) => depacketizer.push(packet));
  return { units, dropped: depacketizer.dropped };
}

function hexUnit(unit: AccessUnit): string {
  return wholeData(unit).map(hexOf).join(' ');
}

function parametersOf(sequence: Uint8Array): NonNullable<ReturnType<typeof av1ParametersOf>> {
  const parameters = av1ParametersOf(sequence);
  assert.ok(parameters);
  return parameters;
}

function sequenceOf(av1C: Uint8Array): Uint8Array {
  return av1C.subarray(6);
}

function word(value: number): string {
  return value.toString(2).padStart(32, '0');
}

function packedBits(bits: string): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    Number.parseInt(bits.slice(8 * i, 8 * i + 8).padEnd(8, '0'), 2),
  );
}

function bytes(hex: string): Uint8Array {
  const read = bytesOfHex(hex);
  assert.ok(read, hex);
  return joined([read]);
}
