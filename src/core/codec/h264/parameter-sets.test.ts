import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../../test/harness/seeded-random.ts';
import { base64Of, bytesOfBase64 } from '../../bytes/base64.ts';
import { parseSprop } from '../nal/annex-b.ts';
import { h264Codec } from './h264-codec.ts';
import { H264ParameterSets, h264ParametersOf } from './parameter-sets.ts';
import { parseH264Sps } from './sps.ts';

type Row = readonly [
  name: string,
  sprop: string,
  codecString: string,
  size: string,
  aspect: string,
  frameRate: number | undefined,
  reorderDepth: number | undefined,
];

/** Devices from the recorded cameras; the x264 ones were compared with ffprobe, their avcC with ffmpeg's. */
const ROWS: readonly Row[] = [
  ['Dahua', 'Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA,aO4xshsA', 'avc1.64001e', '704x480', '1:1', 15, undefined],
  ['Foscam', 'Z00AH5WoFAFuQA==,aO48gA==', 'avc1.4d001f', '1280x720', '1:1', undefined, 0],
  [
    'GW Security: sets end in a start code',
    'Z00AKpWoHgCJ+WbgICAgQAAAAAE=,aO48gAAAAAE=',
    'avc1.4d002a',
    '1920x1080',
    '1:1',
    undefined,
    0,
  ],
  ['H264DVR', 'Z0IAKZY1QPAET8s3AQEBQAAAAwBAAAAHoQ==,aM4xsg==', 'avc1.420029', '1920x1080', '1:1', 15, 0],
  ['Hikvision', 'Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==,aO48gA==', 'avc1.4d0029', '1920x1080', '1:1', 30, undefined],
  ['Reolink', 'Z2QAM6zoAoALWQ==,aO48MA==', 'avc1.640033', '2560x1440', '1:1', undefined, undefined],
  ['interlaced', 'Z2QAHqzZQKBbYCIAAAMAAgAAAwBkPihTLA==,aPujyyLA', 'avc1.64001e', '640x352', '1:1', 25, 2],
  [
    '10 bits, scaling matrices',
    'Z24AHqbNlAoC/qbARAAAAwAEAAADAMg8WLZY,aOvjyzACwA==',
    'avc1.6e001e',
    '638x358',
    '1:1',
    25,
    2,
  ],
  ['4:4:4', 'Z/QAHpGbKBQF/cXgIgAAAwACAAADAGQeLFss,aOvjxEwABEA=', 'avc1.f4001e', '638x358', '1:1', 25, 2],
  [
    '4:2:2, HRD',
    'Z3oAHrzZQKAv6i8BEAAAAwAQAAADAyYEAA9CQAHoSkgwB4sWyw==,aOvjyyLA',
    'avc1.7a001e',
    '638x358',
    '1:1',
    25,
    2,
  ],
  ['monochrome', 'Z2QAHvNlAoC/uLwFsgAAAwACAAADAGQeLFss,aOvjyyLA', 'avc1.64001e', '638x358', '1:1', 25, 2],
  ['40:33, full range', 'Z2QAHqzKUCgL+psFagICAoAAAAMAgAAAGQeLFss=,aOvjyyLA', 'avc1.64001e', '638x358', '40:33', 25, 2],
];

test('sets of real devices', () => {
  for (const [name, sprop, codecString, size, aspect, frameRate, reorderDepth] of ROWS) {
    const sets = new H264ParameterSets();
    for (const nal of parseSprop(sprop, bytesOfBase64)) assert.equal(sets.take(nal), true, name);
    const setup = sets.current();
    assert.equal(setup?.reorderDepth, reorderDepth, name);
    const parameters = setup?.parameters;
    const shape = parameters?.shape;
    assert.ok(parameters && shape?.media === 'video', name);
    assert.equal(parameters.codecString, codecString, name);
    assert.equal(`${shape.width}x${shape.height}`, size, name);
    assert.equal(shape.aspect.join(':'), aspect, name);
    assert.equal(shape.frameRate, frameRate, name);
    assert.equal(sets.current(), setup, 'the same object as long as nothing changes');
  }
});

test('sample entry and fmtp: there and back', () => {
  for (const [name, sprop] of ROWS) {
    const parameters = h264ParametersOf(parseSprop(sprop, bytesOfBase64));
    assert.ok(parameters, name);
    assert.deepEqual(h264Codec.parametersFromSampleEntry(parameters.sampleEntry), parameters, name);
    assert.equal(h264Codec.nalLengthBytes?.(parameters.sampleEntry), 4);
    const fmtp = h264Codec.fmtpOf(parameters);
    assert.equal(fmtp.get('packetization-mode'), '1');
    assert.deepEqual(h264Codec.parametersFromFmtp(formatOf(fmtp)), parameters, name);
  }
});

test('profile-level-id is the SPS’s own: what SDP said was a lie (gw: 5046314)', () => {
  const parameters = h264ParametersOf(parseSprop(ROWS[2]?.[1] ?? '', bytesOfBase64));
  assert.ok(parameters);
  assert.equal(h264Codec.fmtpOf(parameters).get('profile-level-id'), '4D002A');
});

test('junk in fmtp gives no set-up, and no exception', () => {
  const [sps = '', pps = ''] = (ROWS[0]?.[1] ?? '').split(',');
  const startCode = 'AAAAAQ==';
  const annexB = base64Of(
    Uint8Array.from([0, 0, 0, 1, ...(bytesOfBase64(sps) ?? []), 0, 0, 0, 1, ...(bytesOfBase64(pps) ?? [])]),
  );
  const rows: readonly (readonly [sprop: string, usable: boolean])[] = [
    ['', false],
    [',', false],
    ['%%%,***', false],
    [sps, false],
    [pps, false],
    [`${sps},`, false],
    [`${pps},${sps}`, true],
    [`,${sps},,${pps},`, true],
    [`${sps.replace(/=+$/, '')},${pps}`, true],
    [`${startCode},${sps},${pps}`, true],
    [annexB, true],
    [`${annexB},${startCode}`, true],
    ['Z0L/,aM4=', false],
  ];
  for (const [sprop, usable] of rows) {
    const parameters = h264Codec.parametersFromFmtp(formatOf(new Map([['sprop-parameter-sets', sprop]])));
    assert.equal(parameters !== undefined, usable, sprop);
  }
  assert.equal(h264Codec.parametersFromFmtp(formatOf(new Map())), undefined);
});

test('sets that toggle without meaning are the same set-up (mtx#4262); a real change is another', () => {
  const nals = parseSprop(ROWS[3]?.[1] ?? '', bytesOfBase64);
  const sets = new H264ParameterSets();
  for (const nal of nals) sets.take(nal);
  const first = sets.current();
  const [sps = new Uint8Array(), pps = new Uint8Array()] = nals;
  const otherReference = Uint8Array.from(sps, (byte, i) => (i === 0 ? 0x27 : byte));
  const trailing = Uint8Array.from([...pps, 0, 0]);
  const otherTiming = sps.slice();
  otherTiming.set([0x14], sps.length - 2);
  for (const [name, nal] of Object.entries({ otherReference, trailing, otherTiming, sps, pps })) {
    assert.equal(sets.take(nal), true, name);
    assert.equal(sets.current(), first, name);
  }
  for (const nal of parseSprop(ROWS[1]?.[1] ?? '', bytesOfBase64)) sets.take(nal);
  assert.notEqual(sets.current()?.parameters.identity, first?.parameters.identity);
  assert.equal(sets.current()?.parameters.codecString, 'avc1.4d001f');
});

test('sets are copies', () => {
  const sets = new H264ParameterSets();
  const nals = parseSprop(ROWS[0]?.[1] ?? '', bytesOfBase64).map((nal) => nal.slice());
  const before = nals.map((nal) => nal.slice());
  for (const nal of nals) sets.take(nal);
  for (const nal of nals) nal.fill(0);
  assert.deepEqual(sets.current()?.parameters.parameterSets, before);
});

test('a set that is too long, or of a size that cannot be, is junk', () => {
  const sets = new H264ParameterSets();
  assert.equal(sets.take(Uint8Array.from({ length: 5000 }, () => 0x67)), false);
  assert.equal(sets.take(Uint8Array.of(0x67)), false);
  assert.equal(sets.take(Uint8Array.of(0x68)), false);
  assert.equal(sets.current(), undefined);
});

test('every truncation and seeded damage of a set or an entry: no exception, sizes within the limit', () => {
  const random = seededRandom(20261124);
  for (const [name, sprop] of ROWS) {
    const [sps = new Uint8Array()] = parseSprop(sprop, bytesOfBase64);
    const entry = h264ParametersOf(parseSprop(sprop, bytesOfBase64))?.sampleEntry ?? new Uint8Array();
    for (let length = 0; length < sps.length; length++) parseH264Sps(sps.subarray(0, length));
    for (let length = 0; length < entry.length; length++) {
      h264Codec.parametersFromSampleEntry(entry.subarray(0, length));
      h264Codec.nalLengthBytes?.(entry.subarray(0, length));
    }
    for (let i = 0; i < 500; i++) {
      const damaged = damage(sps, random);
      const before = damaged.slice();
      const parsed = parseH264Sps(damaged);
      if (parsed !== undefined) assert.ok(parsed.width > 0 && parsed.width <= 16384 && parsed.height > 0, name);
      assert.equal(Buffer.compare(damaged, before), 0);
      h264Codec.parametersFromSampleEntry(damage(entry, random));
    }
  }
});

function damage(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = bytes.slice();
  for (let i = 0; i < 3; i++) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  return copy;
}

function formatOf(fmtp: ReadonlyMap<string, string>) {
  return { media: 'video', encoding: 'H264', clockRate: 90000, payloadType: 96, fmtp } as const;
}
