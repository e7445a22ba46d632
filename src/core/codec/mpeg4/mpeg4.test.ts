import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import { box } from '../../mp4/write/box.ts';
import { wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { writeEsds } from '../esds.ts';
import { writeVisualEntry } from '../nal/visual-entry.ts';
import type { TrackFormat } from '../track-format.ts';
import { parseMpeg4Layer } from './layer.ts';
import { mpeg4Codec } from './mpeg4-codec.ts';
import { MAX_CONFIG_BYTES, mpeg4SetupOf } from './parameters.ts';
import { Mpeg4PictureOrder } from './picture-order.ts';
import { findStart } from './start-codes.ts';

/** Configs as SDPs in public sources have them: of ffmpeg, Xvid and the encoders of cameras and streaming servers. */
const CONFIGS: readonly (readonly [
  name: string,
  config: string,
  codecString: string,
  size: readonly [number, number],
  frameRate: number | undefined,
  lowDelay: boolean | undefined,
])[] = [
  [
    'ffmpeg',
    '000001b0f1000001b5a913000001000000012008d48d0800cd05040c14183f',
    'mp4v.20.241',
    [160, 96],
    undefined,
    false,
  ],
  [
    'ffmpeg, simple',
    '000001b002000001b58913000001000000012000c48d8800cd3c04871443',
    'mp4v.20.2',
    [1920, 1080],
    undefined,
    true,
  ],
  [
    'Xvid',
    '000001b0f5000001b509000001000000012008bc040687ffff0aad8b0218ca31',
    'mp4v.20.245',
    [704, 396],
    65_535 / 2733,
    false,
  ],
  [
    'a server',
    '000001b0f5000001b509000001000000012000c888b0e0e0fa62d089028307',
    'mp4v.20.245',
    [720, 576],
    25,
    undefined,
  ],
  [
    'mpeg4ip',
    '000001b003000001b509000001000000012000c8888007d05040f14103',
    'mp4v.20.3',
    [160, 120],
    undefined,
    undefined,
  ],
  [
    'a camera',
    '000001b0f7000001b509000001000000012008d48d8803250f042d14440f',
    'mp4v.20.247',
    [480, 360],
    undefined,
    true,
  ],
  [
    'QuickTime',
    '000001b0f3000001b50ee040c0cf0000010000000120008440fa283020f2a21f',
    'mp4v.20.243',
    [192, 242],
    undefined,
    undefined,
  ],
];

test('configs', () => {
  for (const [name, config, codecString, [width, height], frameRate, lowDelay] of CONFIGS) {
    const setup = mpeg4SetupOf(bytes(config));
    assert.ok(setup, name);
    const { parameters, layer, reorderDepth } = setup;
    assert.equal(parameters.codecString, codecString, name);
    assert.equal(layer.lowDelay, lowDelay, name);
    assert.equal(reorderDepth, lowDelay === undefined ? undefined : lowDelay ? 0 : 1, name);
    assert.deepEqual(parameters.shape, { media: 'video', width, height, aspect: [1, 1], frameRate }, name);
    const format = formatOf(undefined, mpeg4Codec.fmtpOf(parameters));
    assert.deepEqual(mpeg4Codec.parametersFromFmtp(format), parameters, name);
    assert.deepEqual(mpeg4Codec.parametersFromSampleEntry(parameters.sampleEntry), parameters, name);
    assert.equal(mpeg4SetupOf(bytes(config), setup), setup, 'the same object for the same set-up');
    assert.equal(mpeg4SetupOf(bytes(`${config}000001b24c617663`), setup), setup, 'user data says nothing');
    for (let cut = 0; cut < config.length / 2 - 9; cut++) {
      assert.equal(mpeg4SetupOf(bytes(config).subarray(0, cut)), undefined, `${name}, cut to ${cut}`);
    }
  }
});

test('layers: aspect, a fixed rate, buffer sizes', () => {
  // Object type 1, version 2, aspect 12:11, control with buffer sizes, 30000 ticks, 1001 a picture.
  const bits = [
    '0',
    '00000001',
    '1',
    '0010',
    '001',
    '0010',
    '1',
    '01',
    '1',
    '1',
    '0'.repeat(79),
    '00',
    '1',
    '0111010100110000',
    '1',
    '1',
    '000001111101001',
    '1',
    '0001011000000',
    '1',
    '0001001000000',
    '1',
    '0',
  ];
  const expected = {
    width: 704,
    height: 576,
    aspect: [12, 11],
    resolution: 30_000,
    incrementBits: 15,
    frameRate: 30_000 / 1001,
    lowDelay: true,
  };
  assert.deepEqual(parseMpeg4Layer(packed(bits.join(''))), expected);
  const extended = bits.with(5, '11110000100000000011');
  assert.deepEqual(parseMpeg4Layer(packed(extended.join('')))?.aspect, [8, 3]);
  assert.deepEqual(parseMpeg4Layer(packed(bits.with(5, '11110000000000000011').join('')))?.aspect, [1, 1]);
  assert.equal(parseMpeg4Layer(packed(bits.with(11, '01').join(''))), undefined, 'not rectangular');
  assert.equal(parseMpeg4Layer(packed(bits.with(18, '0'.repeat(13)).join(''))), undefined, 'no width');
});

test('a set-up is a copy, also of a Buffer', () => {
  const config = Buffer.from(CONFIGS[0]?.[1] ?? '', 'hex');
  const before = hexOf(config);
  const [kept] = mpeg4SetupOf(config)?.parameters.parameterSets ?? [];
  config.fill(0);
  assert.equal(kept && hexOf(kept), before);
});

test('what is no set-up', () => {
  for (const config of ['', '000001b001', '00000120', '000001b001000001b58913']) {
    assert.equal(mpeg4SetupOf(bytes(config)), undefined, config);
    assert.equal(mpeg4Codec.parametersFromFmtp(formatOf(undefined, new Map([['config', config]]))), undefined, config);
  }
  assert.equal(mpeg4SetupOf(new Uint8Array(MAX_CONFIG_BYTES + 1)), undefined);
  assert.equal(mpeg4Codec.parametersFromFmtp(formatOf(undefined, new Map([['config', 'junk']]))), undefined);
  const shape = { media: 'video', width: 16, height: 16, aspect: [1, 1], frameRate: undefined } as const;
  const [config = new Uint8Array()] = parametersOf().parameterSets;
  for (const esds of [
    writeEsds({ objectType: 0x6c, specific: config }, 0x11),
    writeEsds({ objectType: 0x20, specific: undefined }, 0x11),
    box('esds'),
  ]) {
    assert.equal(mpeg4Codec.parametersFromSampleEntry(writeVisualEntry('mp4v', shape, esds)), undefined);
  }
});

test('start codes', () => {
  assert.equal(findStart(bytes('000001b6'), 0), 0);
  assert.equal(findStart(bytes('01000001b6'), 0), 1);
  assert.equal(findStart(bytes('000001b6000001b3'), 1), 4);
  assert.equal(findStart(bytes('00000001b6'), 0), 1);
  for (const junk of ['', '000001', '0001', '010101010101']) assert.equal(findStart(bytes(junk), 0), -1, junk);
});

const GROUP = '000001b300100700';
const INTRA = '000001b610aabb';
const PREDICTED = '000001b650ccdd';
const CONFIG = CONFIGS[0]?.[1] ?? '';

test('headers before a picture are its set-up; the group stays with it', () => {
  const forms: Readonly<Record<string, readonly string[]>> = {
    'all in one': [`${CONFIG}${GROUP}${INTRA}`],
    'headers by themselves': [CONFIG, `${GROUP}${INTRA}`],
    'user data': [`${CONFIG}000001b24c6176`, `${GROUP}${INTRA}`],
    'cut anywhere': [
      CONFIG.slice(0, 20),
      CONFIG.slice(20) + GROUP.slice(0, 6),
      GROUP.slice(6),
      INTRA.slice(0, 4),
      INTRA.slice(4),
    ],
  };
  for (const [name, payloads] of Object.entries(forms)) {
    const { units, dropped } = unpack([payloads]);
    assert.deepEqual(units.map(hexUnit), [`${GROUP}${INTRA}`], name);
    assert.ok(units[0]?.key === true && units[0].parameters.codecString === 'mp4v.20.241', name);
    assert.deepEqual(dropped, {}, name);
  }
});

test('headers in a packet of their own time are learnt', () => {
  const { units, dropped } = unpack([[CONFIG], [INTRA], [PREDICTED]]);
  assert.deepEqual(
    units.map(({ key, damaged }) => [key, damaged]),
    [
      [true, false],
      [false, false],
    ],
  );
  assert.deepEqual(dropped, {});
});

test('peek', () => {
  const rows: readonly (readonly [payload: string, key: boolean, parameterSets: boolean])[] = [
    [`${CONFIG}${INTRA}`, true, true],
    [CONFIG, false, true],
    [GROUP + INTRA, true, false],
    [PREDICTED, false, false],
    [`aa${INTRA}`, false, false],
    ['000001b6', false, false],
    ['', false, false],
  ];
  for (const [payload, key, parameterSets] of rows) {
    assert.deepEqual(mpeg4Codec.peek(bytes(payload)), { key, parameterSets }, payload);
  }
});

test('display times: seconds count on from the picture before, of B-VOPs from the one before that', () => {
  const order = new Mpeg4PictureOrder();
  assert.equal(order.next(bytes(INTRA)), undefined, 'no layer yet');
  const layer = mpeg4SetupOf(bytes(CONFIG))?.layer;
  assert.ok(layer);
  // 25 ticks a second in five bits.
  order.layer = { ...layer, resolution: 25, incrementBits: 5 };
  const vop = (type: string, seconds: string, increment: number): Uint8Array =>
    Uint8Array.from([...bytes('000001b6'), ...packed(`${type}${seconds}1${increment.toString(2).padStart(5, '0')}1`)]);
  assert.equal(order.next(vop('00', '0', 24)), 24);
  assert.equal(order.next(vop('01', '10', 2)), 27);
  assert.equal(order.next(vop('10', '10', 0)), 25);
  assert.equal(order.next(vop('10', '10', 1)), 26);
  assert.equal(order.next(vop('01', '0', 5)), 30);
  assert.equal(order.next(vop('10', '0', 3)), 28);
  assert.equal(order.next(vop('01', '1'.repeat(100) + '0', 3)), undefined);
  assert.equal(order.next(bytes('000001b6')), undefined);
});

test('junk is dropped and counted', () => {
  assert.deepEqual(unpack([['aabbcc']]).dropped, { 'frame-without-start': 1 });
  assert.deepEqual(unpack([[INTRA]]).dropped, { 'frame-without-set-up': 1 });
  assert.deepEqual(unpack([['000001b6']]), { units: [], dropped: {} });
  for (const sample of ['', 'aa', '000001b6', CONFIG])
    assert.equal(mpeg4Codec.contentOf([bytes(sample)]), undefined, sample);
  assert.deepEqual(mpeg4Codec.contentOf([bytes(CONFIG + PREDICTED)]), { data: [bytes(PREDICTED)], key: false });
});

/** Each inner list is a picture in its payloads, as hexadecimal text. */
function unpack(pictures: readonly (readonly string[])[]): {
  readonly units: readonly AccessUnit[];
  readonly dropped: Readonly<Record<string, number>>;
} {
  const depacketizer = mpeg4Codec.depacketizer(formatOf(undefined));
  const units = pictures.flatMap((payloads, picture) =>
    payloads.flatMap((payload, i) =>
      depacketizer.push({
        payload: bytes(payload),
        marker: i === payloads.length - 1,
        ticks: 3600 * picture,
        lostBefore: 0,
      }),
    ),
  );
  return { units, dropped: depacketizer.dropped };
}

function formatOf(parameters: CodecParameters | undefined, fmtp: ReadonlyMap<string, string> = new Map()): TrackFormat {
  return { media: 'video', encoding: 'MP4V-ES', clockRate: 90_000, payloadType: 96, fmtp, parameters };
}

function parametersOf(): CodecParameters {
  return mpeg4SetupOf(bytes(CONFIG))?.parameters ?? assert.fail();
}

function packed(bits: string): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    Number.parseInt(bits.slice(8 * i, 8 * i + 8).padEnd(8, '0'), 2),
  );
}

function hexUnit(unit: AccessUnit): string {
  return wholeData(unit).map(hexOf).join(' ');
}

function bytes(hex: string): Uint8Array {
  return bytesOfHex(hex) ?? assert.fail(`no bytes: ${hex}`);
}
