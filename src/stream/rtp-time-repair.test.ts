import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, unitSeed } from '../../test/harness/seeded-random.ts';
import { RtpTimeRepair } from './rtp-time-repair.ts';

const RATE = 90_000;
const FRAME = 3600;
const START = 1000;

interface Row {
  readonly title: string;
  /** Sender's timestamps, a frame every 40 ms unless `arrivalsMs` says otherwise. */
  readonly sent: readonly number[];
  readonly arrivalsMs?: readonly number[];
  /** The relay's times, counted from START. */
  readonly expected: readonly number[];
  readonly faults?: { readonly restamped?: number; readonly newLine?: number; readonly arrivalClock?: number };
}

const BACK_9800_S = (-9800 * RATE) >>> 0;
const AHEAD_37600_S = (37_600 * RATE) >>> 0;

const ROWS: readonly Row[] = [
  { title: 'a good line', sent: [0, 1, 2, 3].map((i) => i * FRAME), expected: [0, 1, 2, 3].map((i) => i * FRAME) },
  {
    title: 'wraps at 2^32',
    sent: [2 ** 32 - 2 * FRAME, 2 ** 32 - FRAME, 0, FRAME],
    expected: [0, 1, 2, 3].map((i) => i * FRAME),
  },
  {
    title: 'B-frames go back a little',
    sent: [0, 3, 1, 2, 6, 4, 5].map((i) => i * FRAME),
    expected: [0, 3, 1, 2, 6, 4, 5].map((i) => i * FRAME),
  },
  {
    title: 'a single frame far back is re-stamped (Intelbras, mtx#6255)',
    sent: [0, FRAME, 2 * FRAME, (2 * FRAME + BACK_9800_S) >>> 0, 4 * FRAME, 5 * FRAME],
    expected: [0, 1, 2, 3, 4, 5].map((i) => i * FRAME),
    faults: { restamped: 1 },
  },
  {
    title: 'a single frame far ahead is re-stamped',
    sent: [0, FRAME, 2 * FRAME, (2 * FRAME + AHEAD_37600_S) >>> 0, 4 * FRAME, 5 * FRAME],
    expected: [0, 1, 2, 3, 4, 5].map((i) => i * FRAME),
    faults: { restamped: 1 },
  },
  {
    title: 'a jump back of three seconds is a new line',
    sent: [100, 101, ...[26, 27, 28, 29].map((i) => i + 1)].map((i) => i * FRAME),
    expected: [0, 1, 2, 3, 4, 5].map((i) => i * FRAME),
    faults: { restamped: 3, newLine: 1 },
  },
  {
    title: 'two in a row are re-stamped too',
    sent: [0, FRAME, 900_000_000, 900_000_000 + FRAME, 4 * FRAME, 5 * FRAME],
    expected: [0, 1, 2, 3, 4, 5].map((i) => i * FRAME),
    faults: { restamped: 2 },
  },
  {
    title: 'three in a row make a new line',
    sent: [0, FRAME, ...[0, 1, 2, 3, 5].map((i) => 900_000_000 + i * FRAME)],
    expected: [0, 1, 2, 3, 4, 5, 7].map((i) => i * FRAME),
    faults: { restamped: 3, newLine: 1 },
  },
  {
    title: 'three wild ones that do not belong together make none',
    sent: [0, FRAME, 900_000_000, 1_800_000_000, 300_000_000, 5 * FRAME, 6 * FRAME],
    expected: [0, 1, 2, 3, 4, 5, 6].map((i) => i * FRAME),
    faults: { restamped: 3 },
  },
  {
    title: 'a pause of the camera is time that passed',
    sent: [0, FRAME, FRAME + 20 * RATE, 2 * FRAME + 20 * RATE],
    arrivalsMs: [0, 40, 20_040, 20_080],
    expected: [0, FRAME, FRAME + 20 * RATE, 2 * FRAME + 20 * RATE],
  },
  {
    title: 'a network that stalled delivers old frames late',
    sent: [0, FRAME, 2 * FRAME, 3 * FRAME],
    arrivalsMs: [0, 40, 20_040, 20_041],
    expected: [0, FRAME, 2 * FRAME, 3 * FRAME],
  },
  {
    title: 'a burst at PLAY is ahead of the wall clock (mtx#5550)',
    sent: Array.from({ length: 200 }, (_, i) => i * FRAME),
    arrivalsMs: Array.from({ length: 200 }, () => 0),
    expected: Array.from({ length: 200 }, (_, i) => i * FRAME),
  },
];

describe('RtpTimeRepair', () => {
  for (const { title, sent, arrivalsMs, expected, faults } of ROWS) {
    it(title, () => {
      const repair = new RtpTimeRepair(RATE, START);
      const ticks = sent.map((timestamp, i) => repair.push(timestamp, arrivalsMs?.[i] ?? i * 40, true) - START);
      assert.deepEqual(ticks, expected);
      assert.deepEqual(repair.faults, { restamped: 0, newLine: 0, arrivalClock: 0, wrongRate: 0, ...faults });
    });
  }

  it('gives all packets of a frame the same time, believed or not', () => {
    const repair = new RtpTimeRepair(RATE, 0);
    repair.push(0, 0, true);
    repair.push(FRAME, 40, true);
    const wild = [0, 1, 2].map((i) => repair.push(900_000_000, 80, i === 0));
    assert.deepEqual(wild, [2 * FRAME, 2 * FRAME, 2 * FRAME]);
    assert.equal(repair.faults.restamped, 1);
  });

  it('follows arrival where the timestamp never moves (Huawei, Uniview; zlm#3363)', () => {
    const repair = new RtpTimeRepair(RATE, 0);
    const ticks = Array.from({ length: 100 }, (_, i) => repair.push(0, i * 40, true));
    assert.equal(repair.faults.arrivalClock, 1);
    const steps = ticks.slice(20).map((tick, i) => tick - (ticks[19 + i] ?? 0));
    assert.ok(steps.every((step) => step === FRAME));
  });

  it('leaves the arrival clock when the sender begins to count', () => {
    const repair = new RtpTimeRepair(RATE, 0);
    for (let i = 0; i < 30; i++) repair.push(0, i * 40, true);
    const before = repair.ticks;
    const ticks = Array.from({ length: 10 }, (_, i) => repair.push(1_000_000 + i * FRAME, (30 + i) * 40, true));
    assert.deepEqual(
      ticks.map((tick) => tick - before),
      Array.from({ length: 10 }, (_, i) => (i + 1) * FRAME),
    );
  });

  it('takes a marker on every NAL unit for what it is (Tapo, mf#352)', () => {
    const repair = new RtpTimeRepair(RATE, 0);
    const ticks: number[] = [];
    for (let i = 0; i < 50; i++) for (let nal = 0; nal < 4; nal++) ticks.push(repair.push(i * FRAME, i * 40, true));
    assert.deepEqual(
      ticks,
      Array.from({ length: 200 }, (_, i) => Math.floor(i / 4) * FRAME),
    );
  });

  it('goes on where it is told to after a restart', () => {
    const repair = new RtpTimeRepair(RATE, 0);
    repair.push(5, 0, true);
    repair.push(5 + FRAME, 40, true);
    repair.restart(50_000);
    assert.deepEqual([repair.push(77, 1000, true), repair.push(77 + FRAME, 1040, true)], [50_000, 50_000 + FRAME]);
    assert.equal(repair.ticksOf(77 + 2 * FRAME), 50_000 + 2 * FRAME);
  });

  it('never runs away from the wall clock, whatever is sent', () => {
    const seed = unitSeed();
    const random = seededRandom(seed);
    for (let round = 0; round < 200; round++) {
      const repair = new RtpTimeRepair(RATE, 0);
      let timestamp = 0;
      for (let i = 0; i < 200; i++) {
        timestamp = random() < 0.9 ? (timestamp + FRAME) >>> 0 : Math.floor(random() * 2 ** 32);
        const ticks = repair.push(timestamp, i * 40, random() < 0.9);
        // Each frame may be up to 5 s off, and be believed.
        assert.ok(Math.abs(ticks - i * FRAME) < (i + 1) * 5.2 * RATE, `WEIR_SEED=${seed}: ${ticks} at frame ${i}`);
      }
    }
  });
});
