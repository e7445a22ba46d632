import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrackFormat } from '../core/codec/track-format.ts';
import { mainIndex, matchTracks } from './track-order.ts';

function format(media: TrackFormat['media'], encoding: string, clockRate: number, channels?: number): TrackFormat {
  const rest = channels === undefined ? {} : { channels };
  return { media, encoding, clockRate, payloadType: 96, fmtp: new Map(), parameters: undefined, ...rest };
}

const H264 = format('video', 'H264', 90_000);
const JPEG = format('video', 'JPEG', 90_000);
const AAC = format('audio', 'MPEG4-GENERIC', 48_000, 2);
const PCMA = format('audio', 'PCMA', 8000);
const META = format('application', 'VND.ONVIF.METADATA', 90_000);

test('which track each format goes on', () => {
  const rows: readonly (readonly [readonly TrackFormat[], readonly TrackFormat[], readonly number[] | undefined])[] = [
    [
      [H264, AAC],
      [H264, AAC],
      [0, 1],
    ],
    [
      [H264, AAC],
      [AAC, H264],
      [1, 0],
    ],
    [
      [H264, AAC, H264],
      [H264, H264, AAC],
      [0, 2, 1],
    ],
    [[PCMA], [{ ...PCMA, channels: 1, payloadType: 8 }], [0]],
    [[AAC], [{ ...AAC, channels: 1 }], undefined],
    [[AAC], [{ ...AAC, clockRate: 44_100 }], undefined],
    [[H264, AAC], [H264], undefined],
    [[H264], [H264, AAC], undefined],
    [[H264, AAC], [H264, H264], undefined],
  ];
  for (const [tracks, formats, order] of rows) assert.deepEqual(matchTracks(tracks, formats), order);
});

test('which track leads', () => {
  const rows: readonly (readonly [readonly TrackFormat[], number])[] = [
    [[AAC, H264], 1],
    [[JPEG, H264], 1],
    [[AAC, JPEG], 1],
    [[META, PCMA, AAC], 2],
    [[META, PCMA], 1],
    [[META], 0],
    [[], 0],
  ];
  for (const [formats, index] of rows)
    assert.equal(mainIndex(formats), index, formats.map(({ encoding }) => encoding).join());
});
