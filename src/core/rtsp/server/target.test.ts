import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { locationOf } from './redirect.ts';
import { baseUri, contentBase, parseTarget, withoutUserinfo, MAX_URI_LENGTH } from './target.ts';

type Row = readonly [uri: string, stream: string, track?: number | undefined, start?: string];

const rows: readonly Row[] = [
  ['rtsp://host/yard', 'yard'],
  ['rtsp://host:8554/yard/', 'yard'],
  ['RTSP://host/yard//', 'yard'],
  ['rtsps://host/yard', 'yard'],
  ['rtsp://[::1]:8554/a/b/c', 'a/b/c'],
  ['rtsp://user:p@ss@host/yard', 'yard'],
  ['/yard', 'yard'],
  ['rtsp://host', ''],
  ['rtsp://host/', ''],
  ['rtsp://host/yard/trackID=0', 'yard', 0],
  ['rtsp://host/yard/trackID=12/', 'yard', 12],
  ['rtsp://host/yard/streamid=1', 'yard', 1],
  ['rtsp://host/yard/stream=1', 'yard', 1],
  ['rtsp://host/yard/track=1', 'yard', 1],
  ['rtsp://host/yard/TrackID=1', 'yard', 1],
  ['rtsp://host/yard?start=gop', 'yard', undefined, 'gop'],
  ['rtsp://host/yard/?start=key', 'yard', undefined, 'key'],
  ['rtsp://host/yard?start=gop/trackID=3', 'yard', 3, 'gop'],
  ['rtsp://host/yard/trackID=3?start=gop', 'yard', 3, 'gop'],
  ['rtsp://host/yard?a=b&start=live&c=d/trackID=0', 'yard', 0, 'live'],
  ['rtsp://host/yard?start=gop/', 'yard', undefined, 'gop'],
  ['rtsp://host/yard?start=later', 'yard'],
  ['rtsp://host/yard?restart=gop', 'yard'],
  ['rtsp://host/yard?trackID=1', 'yard'],
  ['rtsp://host/y%61rd', 'yard'],
  ['rtsp://host/trackID=1', '', 1],
];

describe('parseTarget', () => {
  for (const [uri, stream, track, start] of rows) {
    it(uri, () => assert.deepEqual(parseTarget(uri), { stream, track, start }));
  }
  for (const uri of [
    '*',
    '',
    'yard',
    'http://host/yard',
    'rtsp://host/%zz',
    `rtsp://host/${'a'.repeat(MAX_URI_LENGTH)}`,
  ]) {
    it(`not ${uri.slice(0, 40)}`, () => assert.equal(parseTarget(uri), undefined));
  }
});

describe('contentBase and baseUri', () => {
  for (const [uri, content, base] of [
    ['rtsp://host/yard', 'rtsp://host/yard/', 'rtsp://host/yard'],
    ['rtsp://host/yard/', 'rtsp://host/yard/', 'rtsp://host/yard'],
    ['rtsp://u:p@host/yard/trackID=0', 'rtsp://host/yard/', 'rtsp://host/yard'],
    ['rtsp://host/yard?start=gop', 'rtsp://host/yard/?start=gop', 'rtsp://host/yard'],
    ['rtsp://host/yard?start=gop/trackID=0', 'rtsp://host/yard/?start=gop', 'rtsp://host/yard'],
    ['rtsp://host/yard/trackID=0?start=gop', 'rtsp://host/yard/?start=gop', 'rtsp://host/yard'],
  ] as const) {
    it(uri, () => {
      assert.equal(contentBase(uri), content);
      assert.equal(baseUri(uri), base);
      assert.deepEqual(parseTarget(content), { ...parseTarget(uri), track: undefined });
      assert.deepEqual(parseTarget(`${content}/trackID=5`), { ...parseTarget(uri), track: 5 });
      assert.equal(parseTarget(new URL('trackID=5', content).href)?.track, 5);
    });
  }
});

it('withoutUserinfo takes all of it', () => {
  assert.equal(withoutUserinfo('rtsp://user:p@s:s@host:8554/a@b?c=@'), 'rtsp://host:8554/a@b?c=@');
  assert.equal(withoutUserinfo('rtsp://host/a@b'), 'rtsp://host/a@b');
});

describe('locationOf keeps what was asked for', () => {
  const to = 'rtsp://other:8554/court';
  for (const [target, uri, expected] of [
    [to, 'rtsp://host/yard', to],
    [to, '/yard', to],
    [to, 'rtsp://host/yard?start=gop', `${to}?start=gop`],
    [to, 'rtsp://host/yard/?start=gop', `${to}?start=gop`],
    [to, 'rtsp://host/yard/?start=gop/trackID=0', `${to}?start=gop`],
    [to, 'rtsp://host/yard/trackID=0?start=gop&a=b', `${to}?start=gop&a=b`],
    [`${to}?x=y`, 'rtsp://host/yard?start=gop', `${to}?x=y`],
  ] as const) {
    it(`${uri} at ${target}`, () => assert.equal(locationOf(target, uri), expected));
  }
});
