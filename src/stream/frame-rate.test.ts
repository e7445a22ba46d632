import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameRate } from './frame-rate.ts';

test('frames a second, as they come', () => {
  const rows: readonly {
    readonly name: string;
    readonly arrivals: (n: number) => number;
    readonly frames: number;
    readonly nowMs: number;
    readonly expected: number | undefined;
  }[] = [
    {
      name: '25 announced, 21 sent (open-nvr#229)',
      arrivals: (n) => (n * 1000) / 21,
      frames: 400,
      nowMs: 19_100,
      expected: 21,
    },
    { name: 'in bursts of five', arrivals: (n) => Math.floor(n / 5) * 200, frames: 400, nowMs: 16_000, expected: 25 },
    { name: 'too few to say', arrivals: (n) => n * 40, frames: 100, nowMs: 4000, expected: undefined },
    { name: 'one every 3 s', arrivals: (n) => n * 3000, frames: 10, nowMs: 28_000, expected: 1 / 3 },
    { name: 'stopped', arrivals: (n) => n * 40, frames: 400, nowMs: 40_000, expected: 0 },
    {
      name: 'back after a minute',
      arrivals: (n) => n * 40 + (n < 400 ? 0 : 60_000),
      frames: 700,
      nowMs: 88_000,
      expected: 25,
    },
  ];
  for (const { name, arrivals, frames, nowMs, expected } of rows) {
    const rate = new FrameRate();
    for (let n = 0; n < frames; n++) rate.frame(arrivals(n));
    assert.equal(rate.frames, frames);
    const measured = rate.perSecond(nowMs);
    assert.equal(
      measured === undefined ? undefined : Math.round(measured * 100),
      expected === undefined ? undefined : Math.round(expected * 100),
      name,
    );
  }
});
