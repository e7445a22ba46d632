import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../../test/harness/seeded-random.ts';
import { DecodeTimes } from './decode-times.ts';
import type { PictureTimes } from './decode-times.ts';
import type { VideoSetup } from './video-setup.ts';

const FRAME = 3600;
/** Display places of a GOP in decode order. */
const PLAIN = [0, 1, 2, 3, 4, 5, 6, 7];
const ONE_B = [0, 2, 1, 4, 3, 6, 5, 7];
const PYRAMID = [0, 4, 2, 1, 3, 8, 6, 5, 7];
const DEEP = [0, 8, 4, 2, 1, 3, 6, 5, 7, 16, 12, 10, 9, 11, 14, 13, 15];
/** As PYRAMID, but the second anchor's pictures come in another order. */
const UNEVEN = [0, 4, 2, 1, 3, 5, 7, 6, 8];

test('a depth that the sets say: the smallest presentation time not yet used, exactly', () => {
  const rows: readonly (readonly [name: string, gop: readonly number[], depth: number])[] = [
    ['no reordering', PLAIN, 0],
    ['one B-frame', ONE_B, 1],
    ['pyramid', PYRAMID, 2],
    ['deep pyramid', DEEP, 3],
    ['more depth than needed', ONE_B, 3],
  ];
  for (const [name, gop, depth] of rows) {
    const times = run(gop, 4, setupOf(depth));
    const expected = times.map((_, i) => (i - depth) * FRAME);
    assert.deepEqual(
      times.map((time) => time.dtsTicks),
      expected,
      name,
    );
    assertPromises(times, displayTimes(gop, 4), name);
  }
});

test('a depth that is learnt: promises kept from the first picture, exact from the second GOP', () => {
  for (const step of [1, 2]) {
    for (const [name, gop] of Object.entries({ PLAIN, ONE_B, PYRAMID, DEEP, UNEVEN })) {
      const label = `${name}, step ${step}`;
      const depth = depthOf(gop);
      const times = run(gop, 6, setupOf(undefined), step);
      const unmoved = step === 2 ? displayTimes(gop, 6) : undefined;
      assertPromises(times, unmoved, label);
      for (let i = 2 * gop.length; i < times.length; i++) {
        assert.equal(times[i]?.dtsTicks, (i - depth) * FRAME, `${label}, picture ${i}`);
      }
    }
  }
});

test('counts that leap without reordering (pictures left out by the encoder) cost nothing', () => {
  const pts = [0, 1, 2, 6, 7, 8, 12, 13, 14, 15, 16].map((place) => place * FRAME);
  const times = feed(
    pts.map((ptsTicks, i) => ({ ptsTicks, key: i === 0, order: (2 * ptsTicks) / FRAME })),
    setupOf(undefined),
  );
  assertPromises(times, pts, 'leaps');
  assert.equal(times.at(-1)?.dtsTicks, times.at(-1)?.ptsTicks);
});

test('a hole: nothing from before it serves as a decode time after it', () => {
  const before = displayTimes(PYRAMID, 1);
  const after = before.map((ticks) => ticks + 90000 * 60);
  const pictures = [...before, ...after].map((ptsTicks, i) => ({
    ptsTicks,
    key: i % PYRAMID.length === 0,
    order: undefined,
  }));
  const times = feed(pictures, setupOf(2));
  assertPromises(times, [...before, ...after], 'hole');
  assert.equal(times[PYRAMID.length]?.dtsTicks, 90000 * 60 - 2 * FRAME);
});

test('sets that promise reordering which never comes are found out', () => {
  const pictures = Array.from({ length: 300 }, (_, i) => ({
    ptsTicks: i * FRAME,
    key: i % 25 === 0,
    order: (i % 25) * 2,
  }));
  const times = feed(pictures, setupOf(2));
  assertPromises(
    times,
    pictures.map(({ ptsTicks }) => ptsTicks),
    'unused',
  );
  assert.equal(times[10]?.dtsTicks, 8 * FRAME);
  assert.equal(times.at(-1)?.dtsTicks, 299 * FRAME);
});

test('sets that deny reordering which does come are found out', () => {
  const times = run(PYRAMID, 6, setupOf(0));
  assertPromises(times, undefined, 'denied');
  const settled = times.slice(3 * PYRAMID.length);
  assert.deepEqual(
    settled.map((time) => time.ptsTicks),
    displayTimes(PYRAMID, 6).slice(3 * PYRAMID.length),
  );
});

test('a presentation time that runs backwards gives way, and is counted', () => {
  const decodeTimes = new DecodeTimes(90000, { next: () => undefined });
  const setup = setupOf(0);
  const times = [5000, 4000, 6000].map((ptsTicks) =>
    decodeTimes.next({ ptsTicks, key: false, firstSlice: NONE, setup }),
  );
  assert.deepEqual(times, [
    { ptsTicks: 5000, dtsTicks: 5000 },
    { ptsTicks: 5001, dtsTicks: 5001 },
    { ptsTicks: 6000, dtsTicks: 6000 },
  ]);
  assert.equal(decodeTimes.moved, 1);
});

test('whatever comes: decode ≤ presentation, strictly increasing', () => {
  for (const seed of [1, 2, 3, 4]) {
    const random = seededRandom(seed);
    const below = (end: number): number => Math.floor(random() * end);
    for (const depth of [undefined, 0, 1, 2, 16]) {
      const pictures = Array.from({ length: 500 }, (_, i) => ({
        ptsTicks: i * FRAME + (random() < 0.1 ? below(90000 * 20) - 90000 * 10 : below(6) * FRAME),
        key: random() < 0.05,
        order: random() < 0.1 ? undefined : below(64) - 8,
      }));
      assertPromises(feed(pictures, setupOf(depth)), undefined, `seed ${seed}, depth ${depth}`);
    }
  }
});

const NONE = new Uint8Array();

interface FedPicture {
  readonly ptsTicks: number;
  readonly key: boolean;
  readonly order: number | undefined;
}

function run(gop: readonly number[], gops: number, setup: VideoSetup, step = 2): readonly PictureTimes[] {
  const times = displayTimes(gop, gops);
  return feed(
    times.map((ptsTicks, i) => ({ ptsTicks, key: i % gop.length === 0, order: step * (gop[i % gop.length] ?? 0) })),
    setup,
  );
}

function feed(pictures: readonly FedPicture[], setup: VideoSetup): readonly PictureTimes[] {
  let order: number | undefined;
  const decodeTimes = new DecodeTimes(90000, { next: () => order });
  return pictures.map((picture) => {
    order = picture.order;
    return decodeTimes.next({ ptsTicks: picture.ptsTicks, key: picture.key, firstSlice: NONE, setup });
  });
}

function displayTimes(gop: readonly number[], gops: number): readonly number[] {
  return Array.from({ length: gops * gop.length }, (_, i) => {
    const start = i - (i % gop.length);
    return (start + (gop[i % gop.length] ?? 0)) * FRAME;
  });
}

/** H.264 §E.2.1: the most that precede one in decoding and follow it in output. */
function depthOf(gop: readonly number[]): number {
  return Math.max(...gop.map((place, i) => gop.slice(0, i).filter((before) => before > place).length));
}

function assertPromises(times: readonly PictureTimes[], pts: readonly number[] | undefined, name: string): void {
  for (const [i, time] of times.entries()) {
    assert.ok(time.dtsTicks <= time.ptsTicks, `${name}, picture ${i}: ${time.dtsTicks} ≤ ${time.ptsTicks}`);
    const before = times[i - 1];
    if (before !== undefined)
      assert.ok(time.dtsTicks > before.dtsTicks, `${name}, picture ${i} after ${before.dtsTicks}`);
    if (pts !== undefined) assert.equal(time.ptsTicks, pts[i], `${name}, picture ${i}`);
  }
}

function setupOf(reorderDepth: number | undefined): VideoSetup {
  const shape = { media: 'video', width: 16, height: 16, aspect: [1, 1], frameRate: 25 } as const;
  const parameters = {
    codec: 'h264',
    identity: '',
    codecString: '',
    sampleEntry: NONE,
    parameterSets: [],
    shape,
  } as const;
  return { parameters, reorderDepth };
}
