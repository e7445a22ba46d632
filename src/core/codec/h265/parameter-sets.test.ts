import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../../test/harness/seeded-random.ts';
import { bytesOfBase64 } from '../../bytes/base64.ts';
import { parseSprop } from '../nal/annex-b.ts';
import { h265Codec } from './h265-codec.ts';
import { H265ParameterSets, h265ParametersOf } from './parameter-sets.ts';
import { parseH265Sps } from './sps.ts';

type Row = readonly [
  name: string,
  sprop: string,
  codecString: string,
  size: string,
  aspect: string,
  frameRate: number | undefined,
  reorderDepth: number,
];

/** Devices from the recorded cameras; the x265 ones were compared with ffprobe, their hvcC with ffmpeg's. */
const ROWS: readonly Row[] = [
  [
    'Dahua',
    'QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==,QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=,RAHA8saNA7NA',
    'hvc1.1.6.L90.B0',
    '704x480',
    '1:1',
    12,
    0,
  ],
  [
    'scaling lists, five reference pictures',
    'QAEMAf//AWAAAAMAkAAAAwAAAwA/mZgJ,QgEBAWAAAAMAkAAAAwAAAwA/oAUCAWnVZZmaSTleAtAQAAADABAAAAMBkIA=,RAHBcrRiQA==',
    'hvc1.1.6.L63.90',
    '638x358',
    '1:1',
    25,
    2,
  ],
  [
    '10 bits',
    'QAEMAf//AiAAAAMAkAAAAwAAAwA/lZgJ,QgEBAiAAAAMAkAAAAwAAAwA/oAUCAWnVNllZpJMrwFoCAAADAAIAAAMAMhA=,RAHBcrRiQA==',
    'hvc1.2.4.L63.90',
    '638x358',
    '1:1',
    25,
    2,
  ],
  [
    '4:4:4, HRD',
    'QAEMAf//BAgAAAMAnggAAAMAAD+VmAk=,QgEBBAgAAAMAnggAAAMAAD+QAKBALTu8srNJJleAtAQAAAMABAAAAwBlgFJZeAA9CQAHoSI=,RAHBcoYMRiQ=',
    'hvc1.4.10.L63.9E.8',
    '638x358',
    '1:1',
    25,
    2,
  ],
  [
    '16:11, full range',
    'QAEMAf//BAgAAAMAnQgAAAMAAD+VmAk=,QgEBBAgAAAMAnQgAAAMAAD+wBQIBadW2WVmkkyvBG4SBAQIAAAMAAgAAAwAyEA==,RAHBcrRiQA==',
    'hvc1.4.10.L63.9D.8',
    '638x358',
    '16:11',
    25,
    2,
  ],
  [
    'high tier, eight B-frames',
    'QAEMAf//IWAAAAMAkAAAAwAAAwCZnYoCQA==,QgEBIWAAAAMAkAAAAwAAAwCZoAUCAWnVZZ2KkkyvAWgIAAADAAgAAAMAyEA=,RAHBcrRiQA==',
    'hvc1.1.6.H153.90',
    '638x358',
    '1:1',
    25,
    2,
  ],
];
const TPLINK_SPS = 'QgEBAWAAAAMAAAMAAAMAAAMAlqABQCAFof4qtO6JLuaAgA27oADN/mAE';

test('sets of real devices', () => {
  for (const [name, sprop, codecString, size, aspect, frameRate, reorderDepth] of ROWS) {
    const sets = new H265ParameterSets();
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

test('a codec string without constraint bytes (TP-Link)', () => {
  const [vps = '', , pps = ''] = (ROWS[0]?.[1] ?? '').split(',');
  const parameters = h265ParametersOf(parseSprop([vps, TPLINK_SPS, pps].join(','), bytesOfBase64));
  assert.equal(parameters?.codecString, 'hvc1.1.6.L150');
});

test('sample entry and fmtp: there and back', () => {
  for (const [name, sprop] of ROWS) {
    const parameters = h265ParametersOf(parseSprop(sprop, bytesOfBase64));
    assert.ok(parameters, name);
    assert.deepEqual(h265Codec.parametersFromSampleEntry(parameters.sampleEntry), parameters, name);
    assert.equal(h265Codec.nalLengthBytes?.(parameters.sampleEntry), 4);
    assert.deepEqual(h265Codec.parametersFromFmtp(formatOf(h265Codec.fmtpOf(parameters))), parameters, name);
    assert.deepEqual(h265Codec.parametersFromFmtp(formatOf(new Map([['sprop-sps', sprop]]))), parameters, name);
  }
});

test('any of the three kinds missing gives no set-up', () => {
  for (const missing of ['sprop-vps', 'sprop-sps', 'sprop-pps']) {
    const parameters = h265ParametersOf(parseSprop(ROWS[0]?.[1] ?? '', bytesOfBase64));
    assert.ok(parameters);
    const fmtp = new Map(h265Codec.fmtpOf(parameters));
    fmtp.delete(missing);
    assert.equal(h265Codec.parametersFromFmtp(formatOf(fmtp)), undefined, missing);
    assert.equal(h265Codec.parametersFromFmtp(formatOf(new Map([...fmtp, [missing, '***']]))), undefined, missing);
  }
});

test('exotic coding tools are not fatal (ret#112): size and depth are there, the VUI is not', () => {
  const sps = parseSprop(ROWS[0]?.[1] ?? '', bytesOfBase64)[1] ?? new Uint8Array();
  const cut = parseH265Sps(sps.subarray(0, 30));
  assert.equal(`${cut?.width}x${cut?.height}`, '704x480');
  assert.equal(cut?.frameRate, undefined);
});

test('another VPS, or other timing, is no other set-up', () => {
  const nals = parseSprop(ROWS[0]?.[1] ?? '', bytesOfBase64);
  const sets = new H265ParameterSets();
  for (const nal of nals) sets.take(nal);
  const first = sets.current();
  const otherVps = Uint8Array.from([...(nals[0] ?? []), 0x80]);
  assert.equal(sets.take(otherVps), true);
  assert.equal(sets.current(), first);
  for (const nal of parseSprop(ROWS[1]?.[1] ?? '', bytesOfBase64)) sets.take(nal);
  assert.equal(sets.current()?.parameters.codecString, 'hvc1.1.6.L63.90');
});

test('every truncation and seeded damage of a set or an entry: no exception, sizes within the limit', () => {
  const random = seededRandom(20261124);
  for (const [name, sprop] of ROWS) {
    const sps = parseSprop(sprop, bytesOfBase64)[1] ?? new Uint8Array();
    const entry = h265ParametersOf(parseSprop(sprop, bytesOfBase64))?.sampleEntry ?? new Uint8Array();
    for (let length = 0; length < sps.length; length++) parseH265Sps(sps.subarray(0, length));
    for (let length = 0; length < entry.length; length++) {
      h265Codec.parametersFromSampleEntry(entry.subarray(0, length));
      h265Codec.nalLengthBytes?.(entry.subarray(0, length));
    }
    for (let i = 0; i < 500; i++) {
      const damaged = damage(sps, random);
      const before = damaged.slice();
      const parsed = parseH265Sps(damaged);
      if (parsed !== undefined) assert.ok(parsed.width > 0 && parsed.width <= 16384 && parsed.height > 0, name);
      assert.equal(Buffer.compare(damaged, before), 0);
      h265Codec.parametersFromSampleEntry(damage(entry, random));
    }
  }
});

function damage(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = bytes.slice();
  for (let i = 0; i < 3; i++) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  return copy;
}

function formatOf(fmtp: ReadonlyMap<string, string>) {
  return { media: 'video', encoding: 'H265', clockRate: 90000, payloadType: 96, fmtp } as const;
}
