import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MediaKind } from '../core/codec/track-format.ts';
import { uncarriedMedia } from './uncarried-media.ts';

test('what keeps the timeline of a stream empty', () => {
  const rows: readonly (readonly [tracks: string, uncarried: string | undefined])[] = [
    ['', undefined],
    ['video H264', undefined],
    ['video AV1, audio OPUS', undefined],
    ['video VP9, audio PCMA', undefined],
    ['video VP8', 'VP8'],
    ['video VP8, audio MPEG4-GENERIC', 'VP8'],
    ['video JPEG, video H265', undefined],
    ['video JPEG, video MP4V-ES', 'JPEG, MP4V-ES'],
    ['audio MP4A-LATM', undefined],
    ['audio PCMU', 'PCMU'],
    ['application VND.ONVIF.METADATA', 'VND.ONVIF.METADATA'],
    ['video H264, application VND.ONVIF.METADATA', undefined],
  ];
  for (const [text, uncarried] of rows) {
    const tracks = text === '' ? [] : text.split(', ').map(trackOf);
    assert.equal(uncarriedMedia(tracks), uncarried, text);
  }
});

function trackOf(text: string): Parameters<typeof uncarriedMedia>[0][number] {
  const [media = '', encoding = ''] = text.split(' ');
  const kind = media as MediaKind;
  const format = { media: kind, encoding, clockRate: 90_000, payloadType: 96, fmtp: new Map<string, string>() };
  return { format: { ...format, parameters: undefined } };
}
