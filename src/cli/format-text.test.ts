import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileText } from './format-text.ts';

test('profiles and levels in words', () => {
  const rows: readonly (readonly [string | undefined, string | undefined])[] = [
    ['avc1.64001f', 'High 3.1'],
    ['avc1.42c01e', 'Constrained Baseline 3.0'],
    ['avc1.42001e', 'Baseline 3.0'],
    ['avc1.4d4028', 'Main 4.0'],
    ['avc1.2c0028', 'profile 44 4.0'],
    ['hvc1.1.6.L93.B0', 'Main 3.1'],
    ['hev1.2.4.H153.B0', 'Main 10 5.1 high tier'],
    ['mp4a.40.2', 'LC'],
    ['mp4a.40.29', 'HE v2'],
    ['mp4a.6B', undefined],
    ['opus', undefined],
    [undefined, undefined],
  ];
  for (const [codecString, text] of rows) assert.equal(profileText(codecString), text, String(codecString));
});
