import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertStreamName, isStreamName, streamNameFault } from './stream-name.ts';
import { comparePrecedence, compilePattern, patternFault } from './stream-pattern.ts';

test('names that are allowed', () => {
  for (const name of [
    'lobby',
    'lobby/low',
    '~a',
    '-a',
    '_',
    'a.b',
    'a/b/c/d',
    'Cam-01',
    'x/api',
    'segment',
    'media',
    'seg',
    'video',
    'lobby.mp4x',
  ]) {
    assert.equal(streamNameFault(name), undefined, name);
  }
});

test('names that are not, with the reason', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /empty/],
    ['/a', /empty/],
    ['a//b', /empty/],
    ['a/', /empty/],
    ['.a', /dot/],
    ['a/../b', /dot/],
    ['a b', /characters/],
    ['ä', /characters/],
    ['a%2Fb', /characters/],
    ['api', /server itself/],
    ['vod/x', /server itself/],
    ['lobby/index.m3u8', /view/],
    ['preview.jpg', /view/],
    ['frames', /view/],
    ['a/stills/b', /view/],
    ['seg-1.m4s', /view/],
    ['trackID=1', /characters/],
    ['1767261600.jpg', /view/],
    ['20260101T100000Z-preview.mp4', /view/],
    ['archive-1-now.m3u8', /view/],
    ['mono.m3u8', /view/],
    ['x'.repeat(201), /longer/],
  ];
  for (const [name, reason] of rows) {
    assert.match(streamNameFault(name) ?? 'allowed', reason, name);
    assert.equal(isStreamName(name), false);
    assert.throws(() => assertStreamName(name), { code: 'name-invalid' });
  }
});

test('patterns', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['lobby', 'lobby', true],
    ['lobby', 'lobby2', false],
    ['drone/*', 'drone/1', true],
    ['drone/*', 'drone/1/low', false],
    ['drone/*', 'drone', false],
    ['drone/**', 'drone/1/low', true],
    ['**', 'a/b', true],
    ['*', 'a/b', false],
    ['cam*/low', 'cam12/low', true],
    ['a.b*', 'axb', false],
  ];
  for (const [pattern, name, expected] of rows)
    assert.equal(compilePattern(pattern)(name), expected, `${pattern} ${name}`);
  assert.equal(patternFault('drone/**'), undefined);
  for (const wrong of ['***', 'api/*', 'a//*', '*/*/*/*/*', '**/index.m3u8'])
    assert.notEqual(patternFault(wrong), undefined, wrong);
  assert.deepEqual(['**', 'a/**', 'b/*', 'a/longer/**', 'z', 'aa'].toSorted(comparePrecedence), [
    'aa',
    'z',
    'a/longer/**',
    'a/**',
    'b/*',
    '**',
  ]);
});
