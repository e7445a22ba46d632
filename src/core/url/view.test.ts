import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatUrlTime, parseUrlTime } from './url-time.ts';
import { VIEW_ROWS, parseView, viewName } from './view.ts';
import type { View } from './view.ts';

const UTC = Date.UTC(2026, 0, 1, 10);

const VIEWS: readonly (readonly [string, View, 'read' | 'playback', string?])[] = [
  ['index.m3u8', { kind: 'live-list' }, 'read'],
  ['media-3.m3u8', { kind: 'media-list', generation: 3 }, 'read'],
  ['seg-1767261600.m4s', { kind: 'segment', number: 1_767_261_600 }, 'read'],
  ['init-0a9f.mp4', { kind: 'init', hash: '0a9f' }, 'read'],
  ['archive-1767261600-60.m3u8', { kind: 'archive-list', fromUtcMs: UTC, durationMs: 60_000 }, 'playback'],
  [
    'archive-1767261600.5-0.25-media.m3u8',
    { kind: 'archive-media-list', fromUtcMs: UTC + 500, durationMs: 250 },
    'playback',
  ],
  [
    'archive-20260101T100000Z-60.m3u8',
    { kind: 'archive-list', fromUtcMs: UTC, durationMs: 60_000 },
    'playback',
    'archive-1767261600-60.m3u8',
  ],
  ['recording_status.json', { kind: 'recording-status' }, 'playback'],
  ['preview.jpg', { kind: 'preview', format: 'jpg' }, 'read'],
  ['preview.mp4', { kind: 'preview', format: 'mp4' }, 'read'],
  ['1767261600.123.jpg', { kind: 'still-at', utcMs: UTC + 123, format: 'jpg' }, 'playback'],
  ['1767261600-preview.mp4', { kind: 'still-at', utcMs: UTC, format: 'mp4' }, 'playback'],
  ['1767261600-preview.jpg', { kind: 'still-at', utcMs: UTC, format: 'jpg' }, 'playback', '1767261600.jpg'],
  ['20260101T100000.5Z.jpg', { kind: 'still-at', utcMs: UTC + 500, format: 'jpg' }, 'playback', '1767261600.5.jpg'],
];

test('a view is read from its name and written back', () => {
  for (const [name, view, right, canonical = name] of VIEWS) {
    assert.deepEqual(parseView(name), { view, right }, name);
    assert.equal(viewName(view), canonical);
    assert.deepEqual(parseView(viewName(view)), { view, right });
  }
});

test('every row of the table has a sample here', () => {
  for (const row of VIEW_ROWS)
    assert.ok(
      VIEWS.some(([name]) => row.shape.test(name)),
      row.form,
    );
});

test('other names are no views', () => {
  const names = [
    '',
    'lobby',
    'index.m3u8x',
    'xindex.m3u8',
    'media-.m3u8',
    'seg--1.m4s',
    'seg-1.m4s/',
    'init-.mp4',
    'init-a.b.mp4',
  ];
  names.push(
    'archive-1-2',
    'archive--1-2.m3u8',
    'archive-1-x.m3u8',
    'preview.png',
    'x'.repeat(500),
    `seg-${'1'.repeat(300)}.m4s`,
  );
  for (const name of names) assert.equal(parseView(name), undefined, name);
});

test('a view whose time is no time says so', () => {
  const names = [
    'archive-20260231T100000Z-60.m3u8',
    'archive-1767261600-99999999999.m3u8',
    'archive-1767261600-1.2.3-media.m3u8',
    'archive-176726160000000-60.m3u8',
    '20261301T000000Z.jpg',
    '20260101T250000Z-preview.mp4',
    '20260101T10.jpg',
    '1.2.3.jpg',
  ];
  for (const name of names) {
    assert.throws(() => parseView(name), { code: 'time-invalid' }, name);
  }
});

test('no cut of a name is mistaken for a view with other numbers', () => {
  for (const [name] of VIEWS) {
    for (let end = 0; end < name.length; end++)
      assert.equal(parseView(name.slice(0, end)), undefined, name.slice(0, end));
  }
});

test('moments: leap days, edges and the calendar of the language', () => {
  assert.equal(parseUrlTime('20240229T235959Z'), Date.UTC(2024, 1, 29, 23, 59, 59));
  assert.equal(parseUrlTime('20250229T000000Z'), undefined);
  assert.equal(parseUrlTime('20000229T000000.001Z'), Date.UTC(2000, 1, 29) + 1);
  assert.equal(parseUrlTime('21000229T000000Z'), undefined);
  assert.equal(parseUrlTime('19691231T235959Z'), undefined);
  assert.equal(formatUrlTime(UTC + 1), '1767261600.001');
  for (let day = 0; day < 60_000; day += 17) {
    const date = new Date(day * 86_400_000 + 3_723_000);
    const text = date.toISOString().replaceAll(/[-:]|\.000/g, '');
    assert.equal(parseUrlTime(text), date.getTime(), text);
  }
});
