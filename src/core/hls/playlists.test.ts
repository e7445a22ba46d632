import assert from 'node:assert/strict';
import { test } from 'node:test';
import hlsParser from 'hls-parser';
import type { MediaPlaylist } from './media-playlist.ts';
import { renderMediaPlaylist, targetDuration } from './media-playlist.ts';
import { renderMultivariant } from './multivariant-playlist.ts';
import type { PlaylistSegment } from './segment-tags.ts';

hlsParser.setOptions({ strictMode: true });

const START = Date.UTC(2026, 0, 1, 10);

function segment(n: number, more: Partial<PlaylistSegment> = {}): PlaylistSegment {
  return {
    uri: `seg-${n}.m4s`,
    durationMs: 2000,
    startUtcMs: START + 2000 * n,
    discontinuity: false,
    mapUri: 'init-0a.mp4',
    ...more,
  };
}

const LIVE: MediaPlaylist = {
  targetDurationS: 2,
  mediaSequence: 1_795_507_200,
  discontinuitySequence: 0,
  ended: false,
  segments: [segment(0), segment(1, { durationMs: 2033.333_3 })],
};

const TABLE: readonly { readonly name: string; readonly playlist: MediaPlaylist; readonly lines: readonly string[] }[] =
  [
    {
      name: 'live',
      playlist: LIVE,
      lines: [
        '#EXTM3U',
        '#EXT-X-VERSION:6',
        '#EXT-X-TARGETDURATION:2',
        '#EXT-X-MEDIA-SEQUENCE:1795507200',
        '#EXT-X-DISCONTINUITY-SEQUENCE:0',
        '#EXT-X-MAP:URI="init-0a.mp4"',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:00.000Z',
        '#EXTINF:2.00000,',
        'seg-0.m4s',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:02.000Z',
        '#EXTINF:2.03333,',
        'seg-1.m4s',
      ],
    },
    {
      name: 'live, after a break with another init',
      playlist: {
        ...LIVE,
        discontinuitySequence: 3,
        segments: [
          segment(0),
          segment(1),
          segment(2, { discontinuity: true, mapUri: 'init-0b.mp4', startUtcMs: START + 9999.6 }),
          segment(3, { discontinuity: true, mapUri: 'init-0b.mp4' }),
        ],
      },
      lines: [
        '#EXTM3U',
        '#EXT-X-VERSION:6',
        '#EXT-X-TARGETDURATION:2',
        '#EXT-X-MEDIA-SEQUENCE:1795507200',
        '#EXT-X-DISCONTINUITY-SEQUENCE:3',
        '#EXT-X-MAP:URI="init-0a.mp4"',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:00.000Z',
        '#EXTINF:2.00000,',
        'seg-0.m4s',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:02.000Z',
        '#EXTINF:2.00000,',
        'seg-1.m4s',
        '#EXT-X-DISCONTINUITY',
        '#EXT-X-MAP:URI="init-0b.mp4"',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:10.000Z',
        '#EXTINF:2.00000,',
        'seg-2.m4s',
        '#EXT-X-DISCONTINUITY',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:06.000Z',
        '#EXTINF:2.00000,',
        'seg-3.m4s',
      ],
    },
    {
      name: 'archive, starting inside a segment',
      playlist: {
        targetDurationS: 2,
        mediaSequence: 0,
        discontinuitySequence: 0,
        type: 'VOD',
        ended: true,
        startOffsetS: 1.25,
        segments: [segment(4)],
      },
      lines: [
        '#EXTM3U',
        '#EXT-X-VERSION:6',
        '#EXT-X-TARGETDURATION:2',
        '#EXT-X-PLAYLIST-TYPE:VOD',
        '#EXT-X-MEDIA-SEQUENCE:0',
        '#EXT-X-DISCONTINUITY-SEQUENCE:0',
        '#EXT-X-START:TIME-OFFSET=1.250,PRECISE=YES',
        '#EXT-X-MAP:URI="init-0a.mp4"',
        '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T10:00:08.000Z',
        '#EXTINF:2.00000,',
        'seg-4.m4s',
        '#EXT-X-ENDLIST',
      ],
    },
    {
      name: 'live, nothing yet',
      playlist: { ...LIVE, segments: [] },
      lines: [
        '#EXTM3U',
        '#EXT-X-VERSION:6',
        '#EXT-X-TARGETDURATION:2',
        '#EXT-X-MEDIA-SEQUENCE:1795507200',
        '#EXT-X-DISCONTINUITY-SEQUENCE:0',
      ],
    },
  ];

for (const { name, playlist, lines } of TABLE) {
  test(`media playlist: ${name}`, () => {
    const text = renderMediaPlaylist(playlist);
    assert.deepEqual(text.split('\n'), [...lines, '']);
    const parsed = hlsParser.parse(text);
    assert.ok(!parsed.isMasterPlaylist);
    assert.equal(parsed.mediaSequenceBase, playlist.mediaSequence);
    assert.equal(parsed.discontinuitySequenceBase, playlist.discontinuitySequence);
    assert.equal(parsed.endlist, playlist.ended);
    assert.deepEqual(
      parsed.segments.map(({ uri, discontinuity }) => ({ uri, discontinuity: discontinuity === true })),
      playlist.segments.map(({ uri, discontinuity }) => ({ uri, discontinuity })),
    );
  });
}

test('multivariant playlist', () => {
  const text = renderMultivariant([
    {
      uri: 'media-0.m3u8',
      codecs: ['avc1.64001f', 'mp4a.40.2'],
      resolution: { width: 1280, height: 720 },
      frameRate: 30_000 / 1001,
      bandwidth: 1_200_000.4,
      averageBandwidth: 900_000,
    },
    {
      uri: 'low/media-0.m3u8',
      codecs: ['mp4a.40.2'],
      resolution: undefined,
      frameRate: undefined,
      bandwidth: 0,
      averageBandwidth: undefined,
    },
  ]);
  assert.deepEqual(text.split('\n'), [
    '#EXTM3U',
    '#EXT-X-VERSION:6',
    '#EXT-X-STREAM-INF:BANDWIDTH=1200001,AVERAGE-BANDWIDTH=900000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970',
    'media-0.m3u8',
    '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"',
    'low/media-0.m3u8',
    '',
  ]);
  const parsed = hlsParser.parse(text);
  assert.ok(parsed.isMasterPlaylist);
  assert.deepEqual(
    parsed.variants.map(({ uri, bandwidth }) => ({ uri, bandwidth })),
    [
      { uri: 'media-0.m3u8', bandwidth: 1_200_001 },
      { uri: 'low/media-0.m3u8', bandwidth: 1 },
    ],
  );
});

test('the target is the longest segment, rounded', () => {
  const table: readonly [readonly number[], number][] = [
    [[], 1],
    [[300], 1],
    [[2000, 2499], 2],
    [[2000, 2500], 3],
  ];
  for (const [durations, target] of table) {
    assert.equal(targetDuration(durations.map((durationMs) => ({ durationMs }))), target);
  }
});
