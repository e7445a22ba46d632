import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex, hexOf } from '../../bytes/hex.ts';
import { completeFormat, formatFor } from '../registry.ts';
import type { TrackFormat } from '../track-format.ts';
import { opusCodec } from './opus-codec.ts';
import { opusParameters } from './opus-parameters.ts';
import { opusSamples } from './toc.ts';

test('how long a packet plays', () => {
  const rows: readonly (readonly [name: string, hex: string, samples: number | undefined])[] = [
    ['SILK 10 ms', '00ff', 480],
    ['SILK 60 ms', '18ff', 2880],
    ['SILK wide band 20 ms', '48ff', 960],
    ['hybrid 10 ms', '60ff', 480],
    ['hybrid 20 ms, stereo', '7cff', 960],
    ['CELT 2.5 ms', '80ff', 120],
    ['CELT 20 ms, full band', 'f8ff', 960],
    ['two of one size', 'f9ffff', 1920],
    ['two of one size, but an odd number of bytes', 'f9ff', undefined],
    ['two of two sizes', 'fa01ffff', 1920],
    ['three of a size', 'fb03ffffff', 2880],
    ['six: 120 ms', 'fb06ff', 5760],
    ['seven: above 120 ms', 'fb07ff', undefined],
    ['48 of 2.5 ms, with padding', '83f0ff', 5760],
    ['none', 'fb00', undefined],
    ['a count that is cut', 'fb', undefined],
    ['silence (DTX): the first byte alone', 'f8', 960],
    ['nothing', '', undefined],
  ];
  for (const [name, hex, samples] of rows)
    assert.equal(opusSamples(bytesOfHex(hex) ?? new Uint8Array()), samples, name);
});

test('each unit says how long it is; the set-up is the same', () => {
  const depacketizer = opusCodec.depacketizer(formatOf());
  const units = ['f8ff', '18ff', '18ff', 'fb00', ''].flatMap((hex, i) =>
    depacketizer.push({ payload: bytesOfHex(hex) ?? new Uint8Array(), marker: false, ticks: 960 * i, lostBefore: 0 }),
  );
  assert.deepEqual(
    units.map(({ ptsTicks, parameters: { shape } }) => [ptsTicks, shape.media === 'audio' && shape.samplesPerFrame]),
    [
      [0, 960],
      [960, 2880],
      [1920, 2880],
    ],
  );
  assert.equal(new Set(units.map(({ parameters }) => parameters.identity)).size, 1);
  assert.equal(units[1]?.parameters, units[2]?.parameters, 'nothing is made anew for a packet like the last');
  assert.deepEqual(depacketizer.dropped, { 'unit-junk': 1, 'unit-empty': 1 });
});

test('channels: two, unless the sender promises one', () => {
  const rows = [
    [[], 2],
    [[['sprop-stereo', '1']], 2],
    [[['sprop-stereo', '0']], 1],
  ] as const;
  for (const [fmtp, channels] of rows) {
    const { parameters } = formatOf(fmtp);
    assert.equal(parameters?.shape.media === 'audio' && parameters.shape.channels, channels);
  }
});

test('the sample entry holds dOps, and comes back; what RTP cannot carry is refused', () => {
  const parameters = opusParameters(2);
  const entry = parameters.sampleEntry ?? new Uint8Array();
  assert.ok(hexOf(entry).endsWith(`${hexOf(new TextEncoder().encode('dOps'))}000200000000bb80000000`));
  assert.deepEqual(opusCodec.parametersFromSampleEntry(entry), parameters);
  const dOps = entry.length - 11;
  const rows: readonly (readonly [name: string, at: number, value: number, identity: string | undefined])[] = [
    ['a pre-skip of 312', dOps + 3, 0x38, 'opus/000200380000bb80000000'],
    ['one channel', dOps + 1, 1, 'opus/000100000000bb80000000'],
    ['six channels', dOps + 1, 6, undefined],
    ['another mapping', dOps + 10, 1, undefined],
    ['another version', dOps, 1, undefined],
    ['another box', dOps - 1, 0x58, undefined],
    ['another entry', 4, 0x58, undefined],
  ];
  for (const [name, at, value, identity] of rows) {
    const changed = entry.slice();
    changed[at] = value;
    assert.equal(opusCodec.parametersFromSampleEntry(changed)?.identity, identity, name);
  }
});

test('announced at 48 kHz with two channels; a relayed fmtp stays', () => {
  const { encoding, clockRate, channels, fmtp } = formatFor(opusParameters(1), 97);
  assert.deepEqual([encoding, clockRate, channels, [...fmtp]], ['OPUS', 48000, 2, [['sprop-stereo', '0']]]);
  const said = new Map([['useinbandfec', '1']]);
  assert.deepEqual(opusCodec.fmtpOf(opusParameters(2), said), said);
});

function formatOf(fmtp: readonly (readonly [string, string])[] = []): TrackFormat {
  return completeFormat({
    media: 'audio',
    encoding: 'OPUS',
    clockRate: 48000,
    channels: 2,
    payloadType: 111,
    fmtp: new Map(fmtp),
  });
}
