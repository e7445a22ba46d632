import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, unitSeed } from '../../test/harness/seeded-random.ts';
import { RATE_SLOPES, RATE_WINDOW_MS, RtpRate } from './rtp-rate.ts';

interface Row {
  readonly title: string;
  /** Milliseconds of media by the sender's stamps at a true time. */
  readonly media: (ms: number) => number;
  readonly arrival?: (ms: number, random: () => number) => number;
  readonly forMs?: number;
  readonly scale: number;
  readonly told: number;
}

const ROWS: readonly Row[] = [
  { title: 'a true clock', media: (ms) => ms, scale: 1, told: 0 },
  { title: 'a bad crystal', media: (ms) => ms * 1.001, scale: 1, told: 0 },
  {
    title: 'jitter of half a second',
    media: (ms) => ms,
    arrival: (ms, random) => ms + 500 * random() ** 3,
    scale: 1,
    told: 0,
  },
  { title: '25 pictures announced, 21 sent (open-nvr#229)', media: (ms) => (ms * 21) / 25, scale: 25 / 21, told: 1 },
  { title: 'a night mode: 6 of 25 pictures', media: (ms) => (ms * 6) / 25, scale: 25 / 6, told: 1 },
  { title: '1.42 times too fast (lightNVR#608)', media: (ms) => ms * 1.42, scale: 1 / 1.42, told: 1 },
  { title: 'right again after a minute', media: (ms) => Math.min(ms, 60_000) * 0.42 + ms, scale: 1, told: 2 },
  { title: 'a file sent as fast as it goes', media: (ms) => ms * 40, scale: 1, told: 0 },
  {
    title: 'a link that stalls for 15 s each minute, and catches up',
    media: (ms) => ms,
    arrival: (ms) => (ms % 60_000 < 15_000 ? ms - (ms % 60_000) + 15_000 + (ms % 60_000) / 100 : ms),
    scale: 1,
    told: 0,
  },
  {
    title: 'a link that gets slower for half a minute, until the camera skips',
    media: (ms) => ms,
    arrival: (ms) => ms + (ms > 60_000 && ms < 90_000 ? (ms - 60_000) * 0.1 : 0),
    scale: 1,
    told: 0,
  },
];

describe('RtpRate', () => {
  for (const { title, media, arrival = (ms: number) => ms, forMs = 300_000, scale, told } of ROWS) {
    it(title, () => {
      const random = seededRandom(unitSeed());
      const rate = new RtpRate();
      let changes = 0;
      let arrivedMs = 0;
      for (let ms = 0; ms < forMs; ms += 40) {
        arrivedMs = Math.max(arrivedMs, arrival(ms, random));
        if (rate.push(media(ms), arrivedMs)) changes++;
      }
      assert.equal(changes, told);
      assert.ok(Math.abs(rate.scale / scale - 1) < 1e-4, `${rate.scale}`);
    });
  }

  it('is sure after a minute', () => {
    const rate = new RtpRate();
    let ms = 0;
    while (!rate.push(ms * 1.2, ms)) ms += 40;
    assert.ok(ms >= RATE_SLOPES * RATE_WINDOW_MS && ms < 60_000, `${ms}`);
  });
});
