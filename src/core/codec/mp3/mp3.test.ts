import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex } from '../../bytes/hex.ts';
import type { RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { completeFormat, formatFor } from '../registry.ts';
import { parseMpegAudioHeader } from './frame-header.ts';
import { mp3Codec } from './mp3-codec.ts';
import { mp3ParametersOf } from './mp3-parameters.ts';

test('frame headers', () => {
  const rows: readonly (readonly [name: string, hex: string, expected: string | undefined])[] = [
    ['128 kbit/s, 44.1 kHz, joint stereo', 'fffb9064', '1/3 44100/2 417 1152'],
    ['the same, padded', 'fffb9264', '1/3 44100/2 418 1152'],
    ['320 kbit/s, 48 kHz, mono, with a checksum', 'fffae4c0', '1/3 48000/1 960 1152'],
    ['MPEG-2, 64 kbit/s, 24 kHz', 'fff384c4', '2/3 24000/1 192 576'],
    ['MPEG-2.5, 32 kbit/s, 8 kHz', 'ffe348c4', '2.5/3 8000/1 288 576'],
    ['layer II, 192 kbit/s, 48 kHz', 'fffda400', '1/2 48000/2 576 1152'],
    ['layer II of MPEG-2, 160 kbit/s, 16 kHz', 'fff5e800', '2/2 16000/2 1440 1152'],
    ['layer I, 384 kbit/s, 44.1 kHz, padded', 'ffffc200', '1/1 44100/2 420 384'],
    ['a free format', 'fffb0064', undefined],
    ['a bit rate that is none', 'fffbf064', undefined],
    ['a rate that is reserved', 'fffb9c64', undefined],
    ['a version that is reserved', 'ffeb9064', undefined],
    ['a layer that is reserved', 'fff99064', undefined],
    ['no sync', 'fedb9064', undefined],
    ['cut', 'fffb90', undefined],
  ];
  for (const [name, hex, expected] of rows) {
    const header = parseMpegAudioHeader(bytesOfHex(hex) ?? new Uint8Array());
    const text =
      header &&
      `${header.version}/${header.layer} ${header.sampleRate}/${header.channels} ${header.frameBytes} ${header.samplesPerFrame}`;
    assert.equal(text, expected, name);
  }
});

const A = frame('fff384c4', 1);
const B = frame('fff384c4', 2);

test('payloads of several forms', () => {
  const rows: readonly (readonly [
    name: string,
    payloads: readonly RtpPayload[],
    out: string,
    dropped: Readonly<Record<string, number>>,
  ])[] = [
    ['two frames a packet', [packet(0, [A, B], 0)], '0:1x192 2160:2x192', {}],
    [
      'in three pieces',
      [packet(0, [A.subarray(0, 64)], 0), packet(64, [A.subarray(64, 128)], 0), packet(128, [A.subarray(128)], 0)],
      '0:1x192',
      {},
    ],
    [
      'the second piece lost',
      [
        packet(0, [A.subarray(0, 64)], 0),
        { ...packet(128, [A.subarray(128)], 0), lostBefore: 1 },
        packet(0, [B], 2160),
      ],
      '2160:2x192',
      { 'unit-cut': 2 },
    ],
    ['the first piece lost', [packet(64, [A.subarray(64)], 0), packet(0, [B], 2160)], '2160:2x192', { 'unit-cut': 1 }],
    [
      'a piece of another time',
      [packet(0, [A.subarray(0, 64)], 0), packet(64, [A.subarray(64)], 2160)],
      '',
      { 'unit-cut': 2 },
    ],
    ['a piece that is too long', [packet(0, [A.subarray(0, 64)], 0), packet(64, [A], 0)], '', { 'unit-cut': 1 }],
    [
      'a piece twice',
      [packet(0, [A.subarray(0, 64)], 0), packet(64, [A.subarray(64, 96)], 0), packet(64, [A.subarray(64, 160)], 0)],
      '',
      { 'unit-cut': 1 },
    ],
    ['a second frame that is cut', [packet(0, [A, B.subarray(0, 100)], 0)], '0:1x192', { 'unit-cut': 1 }],
    ['junk after a frame', [packet(0, [A, Uint8Array.of(1, 2, 3)], 0)], '0:1x192', { 'unit-junk': 1 }],
    ['no frame', [packet(0, [], 0), { ...packet(0, [], 0), payload: Uint8Array.of(0) }], '', { 'unit-empty': 2 }],
    ['the end within a frame', [packet(0, [A.subarray(0, 64)], 0)], '', { 'unit-cut': 1 }],
  ];
  for (const [name, payloads, out, expected] of rows) {
    const depacketizer = mp3Codec.depacketizer(FORMAT);
    const units = [...payloads.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
    const text = units.map(({ ptsTicks, data, byteLength }) => `${ptsTicks}:${data[0]?.[0]?.[4]}x${byteLength}`);
    assert.equal(text.join(' '), out, name);
    assert.deepEqual(depacketizer.dropped, expected, name);
  }
});

test('the set-up is learnt from the first header, before its frame is whole, and when it changes', () => {
  const depacketizer = mp3Codec.depacketizer(FORMAT);
  const learnt = (): CodecParameters | undefined => depacketizer.parameters;
  assert.equal(learnt(), undefined);
  depacketizer.push(packet(0, [A.subarray(0, 64)], 0));
  const first = learnt();
  assert.equal(first?.identity, 'mp3/24000/1');
  depacketizer.push(packet(0, [B], 2160));
  assert.equal(learnt(), first);
  depacketizer.push(packet(0, [frame('fffb9064', 1)], 4320));
  assert.equal(learnt()?.identity, 'mp3/44100/2');
});

test('layers and versions in MP4 and RFC 6381: only layer III, which browsers take the names for', () => {
  const rows = [
    ['fffb9064', 'mp4a.6B'],
    ['fff384c4', 'mp4a.69'],
    ['fffda400', undefined],
    ['ffffc200', undefined],
  ] as const;
  for (const [hex, codecString] of rows) {
    const header = parseMpegAudioHeader(bytesOfHex(hex) ?? new Uint8Array());
    assert.ok(header);
    const parameters = mp3ParametersOf(header);
    assert.equal(parameters.codecString, codecString);
    assert.equal(parameters.sampleEntry === undefined, codecString === undefined);
    if (parameters.sampleEntry !== undefined)
      assert.deepEqual(mp3Codec.parametersFromSampleEntry(parameters.sampleEntry), parameters);
    const { encoding, clockRate, channels } = formatFor(parameters, 97);
    assert.deepEqual([encoding, clockRate, channels], ['MPA', 90000, undefined]);
  }
});

const FORMAT = completeFormat({
  media: 'audio',
  encoding: 'MPA',
  clockRate: 90000,
  payloadType: 14,
  fmtp: new Map<string, string>(),
});

/** A header, and what makes up the frame. */
function frame(header: string, fill: number): Uint8Array {
  const head = bytesOfHex(header) ?? new Uint8Array();
  const bytes = new Uint8Array(parseMpegAudioHeader(head)?.frameBytes ?? 0).fill(fill);
  bytes.set(head);
  return bytes;
}

function packet(offset: number, pieces: readonly Uint8Array[], ticks: number): RtpPayload {
  const payload = Uint8Array.from([0, 0, offset >> 8, offset & 255, ...pieces.flatMap((piece) => [...piece])]);
  return { payload, marker: false, ticks, lostBefore: 0 };
}
