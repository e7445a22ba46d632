import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseViewPath } from './url-table.ts';

test('a media path is a stream and a view', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['/lobby/index.m3u8', 'lobby', 'live-list'],
    ['/lobby/low/seg-7.m4s', 'lobby/low', 'segment'],
    ['/lobby%2Flow/seg-7.m4s', 'lobby/low', 'segment'],
    ['/a/b/c/20260101T100000Z.jpg', 'a/b/c', 'still-at'],
    ['/~x-1.y/preview.mp4', '~x-1.y', 'preview'],
  ];
  for (const [path, stream, kind] of rows) {
    const found = parseViewPath(path);
    assert.deepEqual([found?.stream, found?.view.kind], [stream, kind], path);
  }
});

test('everything else is not', () => {
  const paths = [
    '',
    '/',
    '/index.m3u8',
    'lobby/index.m3u8',
    '//index.m3u8',
    '/lobby',
    '/lobby/',
    '/lobby/other.html',
    '/lobby/%E0%A4%A.jpg',
  ];
  paths.push(
    '/api/index.m3u8',
    '/../index.m3u8',
    '/lobby/../x/index.m3u8',
    '/.hidden/index.m3u8',
    '/lob by/index.m3u8',
    '/a/seg-1.m4s/index.m3u8',
  );
  for (const path of paths) assert.equal(parseViewPath(path), undefined, path);
});

test('a wrong time in a right path says so', () => {
  assert.throws(() => parseViewPath('/lobby/20269901T000000Z.jpg'), { code: 'time-invalid' });
});
