import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseTicks } from '../../core/mp4/recording/patch.ts';
import type { Fragment } from '../../stream/fragment.ts';
import { FakeStream } from '../fake-stream.ts';
import { baseUtcMsOf, fitsFile, needsNewFile, staggered, type GrowingFile } from './rotation.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const RULES = { minMs: 60_000, minBytes: 16_000_000, maxMs: 300_000 };

function firstPart(): Fragment {
  const [fragment] = new FakeStream({ startUtcMs: T0 }).make().fragments;
  assert.ok(fragment);
  return fragment;
}

function file(changes: Partial<GrowingFile> & { readonly end?: number } = {}): GrowingFile {
  const { end = -Infinity } = changes;
  return { baseUtcMs: T0, length: 1, init: firstPart().init, endTicks: () => end, ...changes };
}

const CASES: readonly (readonly [string, GrowingFile, boolean])[] = [
  ['young and small', file({ baseUtcMs: T0 - 30_000 }), false],
  ['a minute old, small', file({ baseUtcMs: T0 - 100_000 }), false],
  ['large, young', file({ baseUtcMs: T0 - 30_000, length: 50_000_000 }), false],
  ['a minute old and large', file({ baseUtcMs: T0 - 60_000, length: 16_000_000 }), true],
  ['five minutes old', file({ baseUtcMs: T0 - 300_000 }), true],
  ['of another init', file({ init: { hash: 'another' } }), true],
  ['beginning after the segment', file({ baseUtcMs: T0 + 1 }), true],
  ['with media that ends after the segment begins', file({ baseUtcMs: T0 - 30_000, end: T0 * 90 + 1 }), true],
  ['with media that ends where the segment begins', file({ baseUtcMs: T0 - 30_000, end: T0 * 48 }), false],
];
for (const [name, growing, expected] of CASES) {
  test(`a new file after one ${name}: ${expected}`, () =>
    assert.equal(needsNewFile(growing, firstPart(), RULES), expected));
}

test('streams do not close their files together, and none later than the rules say', () => {
  const all = Array.from({ length: 100 }, (_, i) => staggered(RULES, `cam/${i}`));
  assert.ok(new Set(all.map((rules) => Math.round(rules.maxMs / 1000))).size > 30);
  for (const rules of all)
    assert.ok(rules.minMs >= 60_000 && rules.minMs < 75_000 && rules.maxMs > 240_000 && rules.maxMs <= 300_000);
});

test('a file counts from the earliest decode time of any track', () => {
  const first = firstPart();
  const [video] = first.tracks;
  assert.ok(video);
  const withTracks = (...tracks: Fragment['tracks']): Fragment => ({ ...first, tracks });
  const audio = { ...video, trackId: 2, timescale: 48_000, startTicks: (T0 - 40) * 48 + 13 };
  assert.equal(
    baseUtcMsOf(withTracks(video, audio), () => undefined),
    T0 - 40,
  );
  assert.equal(
    baseUtcMsOf(withTracks(video), () => (T0 - 70) * 48),
    T0 - 70,
    'audio goes on from before',
  );
  const unheard = baseUtcMsOf(withTracks(video), () => undefined);
  assert.ok(unheard < T0 && unheard >= T0 - 2000, 'audio not heard yet has room');
  assert.ok(fitsFile(withTracks(video, audio), T0 - 40));
  assert.ok(!fitsFile(withTracks(video, audio), T0 - 39));
  assert.equal(baseTicks(T0, 90_000), T0 * 90);
});
