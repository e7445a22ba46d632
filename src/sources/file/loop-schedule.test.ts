import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MovieTrack } from '../../core/mp4/read/movie.ts';
import { NO_DEFAULTS } from '../../core/mp4/read/init.ts';
import { GrowingColumns } from '../../core/mp4/read/sample-columns.ts';
import type { DueSample } from './loop-schedule.ts';
import { LoopSchedule } from './loop-schedule.ts';

interface Shape {
  readonly media?: 'video' | 'audio';
  readonly timescale: number;
  readonly durationTicks: number;
  readonly count: number;
  readonly firstTicks?: number;
  readonly shiftTicks?: number;
  /** Repeats. */
  readonly composition?: readonly number[];
}

function track(shape: Shape): MovieTrack {
  const { media = 'video', timescale, durationTicks, count, firstTicks = 0, shiftTicks = 0, composition = [0] } = shape;
  const samples = new GrowingColumns();
  for (let i = 0; i < count; i++) {
    const compositionTicks = composition[i % composition.length] ?? 0;
    const dtsTicks = firstTicks + i * durationTicks;
    samples.push({ offset: i, size: 1, dtsTicks, durationTicks, compositionTicks, key: i === 0, entry: 0 });
  }
  return { trackId: 1, timescale, media, sampleEntries: [], defaults: NO_DEFAULTS, samples, shiftTicks };
}

/** Everything due before `untilS`, by track. */
function taken(tracks: readonly { track: MovieTrack; clockRate: number }[], untilS: number): readonly DueSample[][] {
  const schedule = new LoopSchedule(tracks);
  const byTrack: DueSample[][] = tracks.map(() => []);
  let last = -1;
  for (let due = schedule.next(); due !== undefined && due.dueS < untilS; due = schedule.next()) {
    assert.ok(due.dueS >= last - 1e-9, 'in order of time');
    assert.ok(due.ptsTicks >= due.dtsTicks);
    last = due.dueS;
    byTrack[due.track]?.push(due);
  }
  return byTrack;
}

function steps(dues: readonly DueSample[] | undefined): readonly number[] {
  return [...new Set(dues?.slice(1).map((due, i) => due.dtsTicks - (dues[i]?.dtsTicks ?? 0)))];
}

test('pictures run on over the seam at their own distance', () => {
  const table: readonly [string, Shape][] = [
    ['from 0', { timescale: 12_800, durationTicks: 512, count: 25 }],
    ['from 1970', { timescale: 12_800, durationTicks: 512, count: 25, firstTicks: 1_795_507_200 * 12_800 }],
    [
      'B-frames with an edit list',
      {
        timescale: 12_800,
        durationTicks: 512,
        count: 24,
        composition: [1024, 2560, 1024, 0, 512, 1024],
        shiftTicks: -1024,
      },
    ],
    [
      'B-frames with negative offsets',
      { timescale: 12_800, durationTicks: 512, count: 24, composition: [0, 1536, 0, -1024, -512, 0] },
    ],
  ];
  for (const [name, shape] of table) {
    const [dues] = taken([{ track: track(shape), clockRate: 90_000 }], 5);
    assert.deepEqual(steps(dues), [3600], name);
    assert.equal(dues?.[0]?.dtsTicks, 0, name);
    assert.equal(dues?.at(-1)?.sample, 124 % shape.count, name);
  }
});

test('frame rates whose distance is not whole in the clock lose nothing over the rounds', () => {
  const [dues] = taken([{ track: track({ timescale: 600, durationTicks: 17, count: 37 }), clockRate: 90_000 }], 100);
  assert.equal(dues?.length, Math.ceil(100 / (17 / 600)));
  assert.equal(dues?.at(-1)?.dtsTicks, (dues?.length ?? 1) * 2550 - 2550);
});

test('audio keeps to the round of the video', () => {
  const video = { track: track({ timescale: 25, durationTicks: 1, count: 50 }), clockRate: 90_000 };
  const audio = (count: number, firstTicks = 0): { track: MovieTrack; clockRate: number } => ({
    track: track({ media: 'audio', timescale: 48_000, durationTicks: 1024, count, firstTicks }),
    clockRate: 48_000,
  });
  // Two seconds are 93.75 frames of audio.
  const table: readonly {
    name: string;
    frames: number;
    firstTicks?: number;
    total: number;
    within: readonly [number, number];
  }[] = [
    { name: 'as long', frames: 94, total: 5 * 94 - 1, within: [768, 1792] },
    { name: 'shorter', frames: 90, total: 5 * 90, within: [1024, 4864] },
    { name: 'far longer', frames: 1000, total: 5 * 94 - 1, within: [768, 1792] },
    { name: 'later', frames: 1000, firstTicks: 7000, total: 5 * 94 - 8, within: [768, 1792] },
  ];
  for (const { name, frames, firstTicks, total, within } of table) {
    const [pictures, sound] = taken([video, audio(frames, firstTicks)], 10);
    assert.equal(pictures?.length, 250, name);
    assert.deepEqual(steps(pictures), [3600], name);
    assert.ok(Math.abs((sound?.length ?? 0) - total) <= 4, `${name}: ${sound?.length} of ${total}`);
    const distances = steps(sound);
    assert.ok(
      Math.min(...distances) >= within[0] && Math.max(...distances) <= within[1],
      `${name}: ${distances.join()}`,
    );
  }
});

test('sound alone makes its own rounds', () => {
  const only = {
    track: track({ media: 'audio', timescale: 44_100, durationTicks: 1024, count: 44 }),
    clockRate: 44_100,
  };
  const [dues] = taken([only], 5);
  assert.deepEqual(steps(dues), [1024]);
});

test('one picture, or no durations: time goes on', () => {
  const [one] = taken([{ track: track({ timescale: 25, durationTicks: 0, count: 1 }), clockRate: 90_000 }], 1);
  assert.deepEqual(steps(one), [9000]);
  const [three] = taken([{ track: track({ timescale: 25, durationTicks: 0, count: 3 }), clockRate: 90_000 }], 1);
  assert.ok(steps(three).every((step) => step > 0));
});

test('once: every sample of every track, whichever is longer, and then the end', () => {
  const picture = track({ timescale: 90_000, durationTicks: 3600, count: 25 });
  const sound = track({ media: 'audio', timescale: 48_000, durationTicks: 1024, count: 100 });
  const schedule = new LoopSchedule(
    [
      { track: picture, clockRate: 90_000 },
      { track: sound, clockRate: 48_000 },
    ],
    'once',
  );
  const counts = [0, 0];
  let dues = 0;
  for (let due = schedule.next(); due !== undefined && dues < 1000; due = schedule.next(), dues++)
    counts[due.track] = (counts[due.track] ?? 0) + 1;
  assert.deepEqual(counts, [25, 100]);
  assert.equal(schedule.next(), undefined);
});
