import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { recordingLog } from '../../state/recording-log.table.ts';
import { CLOCK_DOUBT_MS, ClockTrust } from './clock-trust.ts';

const T0 = Date.UTC(2026, 0, 1, 10);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Start {
  /** What the last run wrote down, and where the recordings end. */
  readonly stored?: number;
  readonly newest?: number;
}
/** Monotonic milliseconds that pass, what the clock is set by, and whether it is trusted then. */
type Step = readonly [passMs: number, stepMs: number, trusted: boolean];

const CASES: readonly (readonly [string, Start, readonly Step[]])[] = [
  ['nothing is known', {}, [[0, 0, true]]],
  [
    'it goes on',
    { stored: T0 - MINUTE },
    [
      [0, 0, true],
      [10 * HOUR, 0, true],
    ],
  ],
  ['weir was off for half a day', { stored: T0 - 12 * HOUR }, [[0, 0, true]]],
  [
    'it is a month ahead at a start',
    { stored: T0 - 30 * DAY },
    [
      [0, 0, false],
      [CLOCK_DOUBT_MS - 1, 0, false],
      [1, 0, true],
    ],
  ],
  [
    'the same, told by the recordings alone',
    { newest: T0 - 30 * DAY },
    [
      [0, 0, false],
      [CLOCK_DOUBT_MS, 0, true],
    ],
  ],
  ['recordings were made under a clock that was ahead', { stored: T0 - 30 * DAY, newest: T0 }, [[0, 0, false]]],
  [
    'it is set back while it is doubted',
    { stored: T0 - 30 * DAY },
    [
      [0, 0, false],
      [MINUTE, -30 * DAY, true],
      [MINUTE, 0, true],
    ],
  ],
  [
    'it is set ahead while weir runs',
    {},
    [
      [0, 0, true],
      [MINUTE, 2 * HOUR, false],
      [CLOCK_DOUBT_MS, 0, true],
      [MINUTE, 0, true],
    ],
  ],
  [
    'it is set ahead by little',
    {},
    [
      [0, 0, true],
      [MINUTE, HOUR / 2, true],
    ],
  ],
  [
    'it is set back',
    {},
    [
      [0, 0, true],
      [MINUTE, -DAY, true],
      [MINUTE, DAY, false],
    ],
  ],
];

for (const [name, { stored, newest }, steps] of CASES) {
  test(`whether the clock is trusted: ${name}`, () => {
    const clock = new ManualClock(T0);
    const { log } = recordingLog();
    const times = { get: () => stored, set: () => Promise.resolve() };
    const trust = new ClockTrust({ storage: 'main', times, newestEndUtcMs: () => newest, clock, log });
    for (const [passMs, stepMs, trusted] of steps) {
      clock.advance(passMs);
      clock.stepUtc(stepMs);
      assert.equal(trust.look(), trusted, `${passMs} ${stepMs}`);
    }
  });
}

test('a clock that is doubted is doubted again by the next run, though it recorded meanwhile', () => {
  const { log, lines } = recordingLog();
  const written: number[] = [T0 - 400 * DAY];
  const times = {
    get: () => written.at(-1),
    set: (_: string, utcMs: number) => Promise.resolve(void written.push(utcMs)),
  };
  for (let run = 0; run < 3; run++) {
    const clock = new ManualClock(T0 + run * HOUR);
    const trust = new ClockTrust({ storage: 'main', times, newestEndUtcMs: () => T0 + run * HOUR, clock, log });
    for (let minute = 0; minute < 30; minute++) {
      assert.equal(trust.look(), false);
      clock.advance(MINUTE);
    }
  }
  assert.equal(written.length, 1);
  assert.equal(lines.length, 3);
});

test('the trusted moment is written down now and then', () => {
  const clock = new ManualClock(T0);
  const written: number[] = [];
  const times = {
    get: () => undefined,
    set: (_: string, utcMs: number) => Promise.resolve(void written.push(utcMs - T0)),
  };
  const trust = new ClockTrust({
    storage: 'main',
    times,
    newestEndUtcMs: () => undefined,
    clock,
    log: recordingLog().log,
  });
  for (let minute = 0; minute < 25; minute++) {
    trust.look();
    clock.advance(MINUTE);
  }
  assert.deepEqual(written, [0, 10 * MINUTE, 20 * MINUTE]);
});
