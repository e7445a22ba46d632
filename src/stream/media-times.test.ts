/**
 * From a sender's RTP times to server UTC, over minutes and days: what cameras and networks do to it, and how far sound and picture are apart
 * for it. A simulation: a frame is a few sums.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, unitSeed } from '../../test/harness/seeded-random.ts';
import { RtpTimeRepair } from './rtp-time-repair.ts';
import { StreamClock } from './stream-clock.ts';

const UTC = Date.UTC(2026, 0, 1, 10);
const [VIDEO, AUDIO] = [0, 1];
const RATES = [90_000, 48_000] as const;
/** How late the network is at best. */
const LATENCY_MS = 20;
const MINUTE = 60_000;

interface Sent {
  /** Its true time, from the start. */
  readonly ms: number;
  /** What its time stamp says, from the start. */
  readonly stampMs: number;
}

interface Scenario {
  readonly title: string;
  readonly forMs: number;
  /** Between two pictures; default 40. */
  readonly pictureMs?: number;
  /** Between two packets of sound; default 100. */
  readonly soundMs?: number;
  readonly videoStamp?: (sent: number, index: number) => number;
  readonly audioStamp?: (sent: number) => number;
  /** When what was sent at `ms` is here; default LATENCY_MS later. */
  readonly arrival?: (ms: number, random: () => number) => number;
  /** NTP time and RTP time that a report at `ms` says of a track; undefined: none. Every 5 s. */
  readonly report?: (track: number, ms: number, random: () => number) => { ntpMs: number; stampMs: number } | undefined;
  /** From then on the bounds hold. */
  readonly settledMs?: number;
  /** Sound and picture apart. */
  readonly skewMsMax?: number;
  /** From the true time, LATENCY_MS taken off. */
  readonly errorMsMax?: number;
  /** Cuts, once settled. */
  readonly cutsMax?: number;
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a day: the sensor 60 ppm slow, the sound card 20 ppm fast, jitter; the picture wraps at 2^32 twice',
    forMs: 24 * 60 * MINUTE,
    pictureMs: 1000,
    soundMs: 1000,
    videoStamp: (ms) => ms * (1 - 60e-6),
    audioStamp: (ms) => ms * (1 + 20e-6),
    arrival: (ms, random) => ms + LATENCY_MS + 60 * random() ** 3,
  },
  {
    title:
      'a day with reports by the camera’s own clock, which is 50 ppm fast and set twice, between the reports of picture and sound',
    forMs: 24 * 60 * MINUTE,
    pictureMs: 1000,
    soundMs: 1000,
    report: (track, ms) => ({ ntpMs: UTC + ms * (1 + 50e-6) + setMs(ms + (track === AUDIO ? 6000 : 0)), stampMs: ms }),
  },
  {
    title: '"25 fps" that delivers 21 (open-nvr#229)',
    forMs: 10 * MINUTE,
    pictureMs: 1000 / 21,
    videoStamp: (_, index) => index * 40,
    settledMs: 70_000,
  },
  {
    title: '"25 fps" that delivers 21, with reports and jitter (open-nvr#229)',
    forMs: 10 * MINUTE,
    pictureMs: 1000 / 21,
    videoStamp: (_, index) => index * 40,
    arrival: (ms, random) => ms + LATENCY_MS + 50 * random() ** 3,
    report: (track, ms) => ({ ntpMs: UTC + ms, stampMs: track === VIDEO ? (ms * 21) / 25 : ms }),
    settledMs: 70_000,
  },
  {
    title: 'a picture whose time passes 1.42 times too fast (lightNVR#608)',
    forMs: 10 * MINUTE,
    videoStamp: (ms) => ms * 1.42,
    settledMs: 70_000,
  },
  {
    title: 'a picture that is 1.42 times too fast, and right after five minutes',
    forMs: 10 * MINUTE,
    videoStamp: (ms) => Math.min(ms, 5 * MINUTE) * 1.42 + Math.max(0, ms - 5 * MINUTE),
    settledMs: 6.5 * MINUTE,
  },
  {
    title: 'a burst of five seconds at PLAY (mtx#5550)',
    forMs: MINUTE,
    arrival: (ms) => Math.max(ms, 5000) + LATENCY_MS,
  },
  {
    title: 'TCP that stalls for 20 seconds, and catches up',
    forMs: 3 * MINUTE,
    arrival: (ms) => (ms > MINUTE && ms < MINUTE + 20_000 ? MINUTE + 20_000 + (ms - MINUTE) / 100 : ms + LATENCY_MS),
  },
  {
    title: 'single pictures hours off (Intelbras, mtx#6255)',
    forMs: 3 * MINUTE,
    videoStamp: (ms, index) => (index % 333 === 332 ? ms - 9_800_000 : index % 500 === 499 ? ms + 37_600_000 : ms),
    // What they are off by is an interval that is guessed.
    errorMsMax: 45,
  },
  {
    title: 'a picture whose clock goes back three seconds, and then ahead by a minute',
    forMs: 3 * MINUTE,
    videoStamp: (ms) => (ms > 2 * MINUTE ? ms + 57_000 : ms > MINUTE ? ms - 3000 : ms),
    errorMsMax: 60,
  },
  {
    title: 'time stamps that stay 0 (Huawei, Uniview; zlm#3363)',
    forMs: 3 * MINUTE,
    videoStamp: () => 0,
    settledMs: 15_000,
  },
  {
    title: 'no reports: sound and picture are in step by arrival',
    forMs: MINUTE,
    audioStamp: (ms) => ms - 80,
  },
  {
    title: 'reports of an unknown SSRC (Tapo C320WS): RTP times that mean nothing',
    forMs: 3 * MINUTE,
    report: (track, ms, random) => ({ ntpMs: UTC + ms, stampMs: track === VIDEO ? ms : random() * 4e7 }),
  },
  {
    title: 'reports from 1970, in step all the same',
    forMs: 3 * MINUTE,
    report: (_, ms) => ({ ntpMs: ms, stampMs: ms }),
  },
  {
    title: 'reports of the two tracks by clocks an hour apart (Xenon: bogus reports)',
    forMs: 3 * MINUTE,
    report: (track, ms) => ({ ntpMs: UTC + ms + (track === VIDEO ? 3_600_000 : 0), stampMs: ms }),
  },
  {
    title: 'reports that come for a minute and then no more',
    forMs: 5 * MINUTE,
    report: (_, ms) => (ms < MINUTE ? { ntpMs: UTC + ms, stampMs: ms } : undefined),
  },
];

describe('media times', () => {
  for (const scenario of SCENARIOS) {
    it(scenario.title, () => {
      const seed = unitSeed();
      const { skewMsMax = 100, errorMsMax = 60, cutsMax = 0 } = scenario;
      const { skewMs, errorMs, cuts, steepest } = simulate(scenario, seededRandom(seed));
      assert.ok(skewMs < skewMsMax, `sound and picture ${skewMs} ms apart, WEIR_SEED=${seed}`);
      assert.ok(errorMs < errorMsMax, `${errorMs} ms from the true time, WEIR_SEED=${seed}`);
      assert.ok(cuts <= cutsMax, `${cuts} cuts`);
      // Of media, which a scaled clock may be some thousandths off for.
      assert.ok(steepest <= 505e-6, `slewed by ${steepest * 1e6} ppm`);
    });
  }
});

/** What a camera's clock is off by after it was set, once by a little and once by an hour. */
function setMs(ms: number): number {
  if (ms > 6e7) return 3_600_000;
  return ms > 3e7 ? -400 : 0;
}

interface Outcome {
  readonly skewMs: number;
  readonly errorMs: number;
  readonly cuts: number;
  /** Milliseconds of correction a millisecond. */
  readonly steepest: number;
}

function simulate(scenario: Scenario, random: () => number): Outcome {
  const { forMs, settledMs = 10_000, arrival = (ms) => ms + LATENCY_MS } = scenario;
  const clock = new StreamClock(RATES, VIDEO);
  const repairs = RATES.map((rate, i) => new RtpTimeRepair(rate, 1000 * i));
  const starts = [2 ** 32 - 5_000_000, 7_000_000];
  const timestamp = (track: number, stampMs: number): number =>
    ((((starts[track] ?? 0) + Math.round((stampMs * (RATES[track] ?? 1)) / 1000)) % 2 ** 32) + 2 ** 32) % 2 ** 32;
  const errors = [0, 0];
  const before: ({ readonly offsetMs: number; readonly ms: number } | undefined)[] = [];
  const outcome = { skewMs: 0, errorMs: 0, cuts: 0, steepest: 0 };
  let epoch: number | undefined;
  let arrivedMs = 0;
  let reportedMs = 0;

  const take = (track: number, { ms, stampMs }: Sent): void => {
    const repair = repairs[track];
    if (repair === undefined) return;
    // TCP: nothing overtakes.
    arrivedMs = Math.max(arrivedMs, arrival(ms, random));
    const rates = repair.faults.wrongRate;
    const ticks = repair.push(timestamp(track, stampMs), arrivedMs, true);
    if (repair.faults.wrongRate !== rates) clock.rateChanged(track, arrivedMs);
    clock.observe(track, ticks, arrivedMs, UTC + arrivedMs);
    const utcMs = clock.track(track)?.utcMs(ticks);
    if (utcMs === undefined || !clock.anchored || ms < settledMs) return;
    errors[track] = utcMs - UTC - ms - LATENCY_MS;
    const now = clock.track(track)?.epochAt(ticks)?.epoch;
    if (track === VIDEO && epoch !== undefined && now !== epoch) outcome.cuts++;
    if (track === VIDEO) epoch = now;
    outcome.errorMs = Math.max(outcome.errorMs, Math.abs(errors[track] ?? 0));
    outcome.skewMs = Math.max(outcome.skewMs, Math.abs((errors[VIDEO] ?? 0) - (errors[AUDIO] ?? 0)));
    noteSlew(track, ms);
  };

  const noteSlew = (track: number, ms: number): void => {
    const offsetMs = clock.track(track)?.offsetMs ?? 0;
    const last = before[track];
    before[track] = { offsetMs, ms };
    if (last !== undefined && ms > last.ms && outcome.cuts === 0)
      outcome.steepest = Math.max(outcome.steepest, Math.abs(offsetMs - last.offsetMs) / (ms - last.ms));
  };

  const report = (ms: number): void => {
    for (const track of [VIDEO, AUDIO]) {
      const said = scenario.report?.(track, ms, random);
      const ticks = said === undefined ? undefined : repairs[track]?.ticksOf(timestamp(track, said.stampMs));
      if (said !== undefined && ticks !== undefined) clock.senderReport(track, said.ntpMs, ticks);
    }
  };

  const { pictureMs = 40, soundMs = 100, videoStamp = (ms) => ms, audioStamp = (ms) => ms } = scenario;
  let sound = 0;
  for (let picture = 0; picture * pictureMs < forMs; picture++) {
    const ms = picture * pictureMs;
    take(VIDEO, { ms, stampMs: videoStamp(ms, picture) });
    for (; sound * soundMs <= ms; sound++) take(AUDIO, { ms: sound * soundMs, stampMs: audioStamp(sound * soundMs) });
    if (ms - reportedMs < 5000) continue;
    reportedMs = ms;
    report(ms);
  }
  return outcome;
}
