/**
 * The clocks of all tracks of a stream, kept together: when they are anchored, how they follow the server's UTC, and how the
 * tracks stay in step with each other (DESIGN §4).
 *
 *     anchoring ──2 s of the main track──▶ steady ──a window of 10 s at a time──▶ hold | slew | jump
 *         ▲                                  │
 *         └────────── a new attempt ─────────┘
 *
 * The anchor is the smallest (arrival − media time), since packets come late (bursts at PLAY, TCP) but never early. An attempt that ends
 * sooner is anchored by what came.
 */
import { AttemptSeam } from './attempt-seam.ts';
import { ReportShift } from './report-shift.ts';
import { TrackClock } from './track-clock.ts';
import type { Pace } from './sender-advice.ts';
import type { ClockEpoch } from './track-clock.ts';

export const ANCHOR_MS = 2000;
export const WINDOW_MS = 10_000;
/** More than this off is a jump and a new epoch, less is slewed. */
export const JUMP_MS = 1000;
/** The same, once after a track's clock was found to run at another rate: what it drifted by until then is put right. */
export const RATE_JUMP_MS = 100;
/** Less than this off is left alone: jitter. */
export const TOLERANCE_MS = 20;
/** Sender reports that put a track further than this from where arrival puts it are not believed (bogus SR: gsl#1099). */
export const SENDER_SKEW_MS_MAX = 1000;

/** More is the network's doing, not the sender's. */
const LATENESS_MS_MAX = 500;

const USUAL_WINDOW: Window = { lengthMs: WINDOW_MS, jumpMs: JUMP_MS };

type ClockState =
  /** The main track is awaited. */
  | { readonly kind: 'empty' }
  /** Arrival of the main track's first packet, and of the newest of all. */
  | { readonly kind: 'anchoring'; readonly sinceMs: number; readonly lastMs: number }
  | { readonly kind: 'steady'; readonly windowStartMs: number; readonly window: Window };

interface Window {
  readonly lengthMs: number;
  /** More than this off at its end is a jump. */
  readonly jumpMs: number;
}

export class StreamClock {
  readonly #tracks: readonly TrackClock[];
  readonly #main: number;
  /** By how much the first packets of a track's attempt are likely to arrive later than its offset says, by track. */
  readonly #latenessMs: number[] = [];
  /** What reports add to the clocks. */
  readonly #shift = new ReportShift();
  readonly #seam: AttemptSeam;
  /**
   * Offsets by which reports go until the anchor, by track: those of the attempt before, which the line was laid to fit, or in a first
   * attempt the best guess at the first report.
   */
  #saidOffsetsMs: (number | undefined)[] = [];
  #state: ClockState = { kind: 'empty' };
  #epoch: ClockEpoch = { epoch: 0, span: 0 };
  /** Of the main track: the first packet of the attempt, and when the newest came. */
  #passed: { readonly firstTicks: number; readonly firstMs: number; lastMs: number } | undefined;
  /** UTC − monotonic time at the last packet. */
  #utcOffsetMs: number | undefined;

  /** `main` is the index of the track that leads: the picture, where there is one. `before`: of the tracks that the stream had until now. */
  constructor(clockRates: readonly number[], main: number, before?: StreamClock) {
    this.#tracks = clockRates.map((rate) => new TrackClock(rate));
    this.#main = main;
    this.#seam = before === undefined ? new AttemptSeam(main) : AttemptSeam.after(before.#seam, main);
    if (before === undefined) return;
    this.#epoch = before.#epoch;
    this.#utcOffsetMs = before.#utcOffsetMs;
  }

  get anchored(): boolean {
    return this.#state.kind === 'steady';
  }

  /** The clock of a track; there is one for every track. */
  track(index: number): TrackClock | undefined {
    return this.#tracks[index];
  }

  /** What this attempt has brought of the main track; undefined before its first packet. */
  get pace(): Pace | undefined {
    const main = this.#tracks[this.#main];
    if (this.#passed === undefined || main?.lastTicks === undefined) return undefined;
    const { firstTicks, firstMs, lastMs } = this.#passed;
    return { mediaMs: ((main.lastTicks - firstTicks) * 1000) / main.clockRate, passedMs: lastMs - firstMs };
  }

  /** UTC of a monotonic moment by the offset in force at the last packet; undefined before the first. */
  utcAt(monoMs: number): number | undefined {
    return this.#utcOffsetMs === undefined ? undefined : monoMs + this.#utcOffsetMs;
  }

  /** The first packet of a frame came. Both times are of the same moment: monotonic, and UTC. */
  observe(index: number, ticks: number, arrivalMs: number, arrivalUtcMs: number, key = false): void {
    const track = this.#tracks[index];
    if (track === undefined) return;
    this.#followSystemClock(arrivalUtcMs - arrivalMs);
    track.observe(ticks, arrivalUtcMs);
    if (index === this.#main) {
      this.#passed ??= { firstTicks: ticks, firstMs: arrivalMs, lastMs: arrivalMs };
      this.#passed.lastMs = arrivalMs;
    }
    switch (this.#state.kind) {
      case 'empty':
      case 'anchoring':
        this.#seam.saw(index, ticks, key);
        this.#anchoring(this.#state, index, arrivalMs);
        return;
      case 'steady':
        if (!track.anchored) track.anchor(arrivalUtcMs - (ticks * 1000) / track.clockRate, this.#epoch);
        if (key) this.#latenessMs[index] = lateness(arrivalUtcMs - (track.utcMs(ticks) ?? arrivalUtcMs));
        // Early is never the network's doing: the sender's clock runs ahead, and no window need end before we know.
        if ((track.utcMs(ticks) ?? arrivalUtcMs) - arrivalUtcMs > JUMP_MS) this.#jump(arrivalMs);
        else if (arrivalMs - this.#state.windowStartMs >= this.#state.window.lengthMs)
          this.#judge(arrivalMs, this.#state.window);
        return;
      default:
        this.#state satisfies never;
    }
  }

  /** The line of a track has another slope from now on: its offset is judged anew, and soon. */
  rateChanged(index: number, arrivalMs: number): void {
    this.#tracks[index]?.forgetReport();
    if (this.#state.kind === 'steady') this.#startWindow(arrivalMs, { lengthMs: ANCHOR_MS, jumpMs: RATE_JUMP_MS });
  }

  senderReport(index: number, ntpUtcMs: number, ticks: number): void {
    this.#tracks[index]?.senderReport(ntpUtcMs, ticks);
  }

  /**
   * The time on a track's line at a moment of UTC, as sender reports say it: whole ticks. Before the anchor the best guess so far;
   * undefined before the first packet.
   */
  ticksAt(index: number, utcMs: number): number | undefined {
    const track = this.#tracks[index];
    if (track === undefined) return undefined;
    const offsetMs = this.#reportedOffsetMs(track, index, utcMs);
    if (!track.anchored) this.#saidOffsetsMs[index] = offsetMs;
    return track.ticksAt(utcMs, offsetMs);
  }

  /**
   * Where the line of a track stands whose packet of a new attempt arrives at `utcMs`. What comes late by its sender's reports (audio
   * that is packed several frames at a time), or as a key frame (others are sent ahead of their time, for B-frames), is taken to come
   * as late again.
   */
  ticksOfArrival(index: number, utcMs: number): number | undefined {
    return this.ticksAt(index, utcMs - (this.#latenessMs[index] ?? 0));
  }

  /**
   * The attempt is over: what came of it has its place in UTC, however short it was. `intervalTicks` is the usual distance of two frames,
   * by track.
   */
  endAttempt(intervalTicks: readonly number[]): void {
    if (this.#state.kind === 'anchoring') this.#anchor(this.#state.lastMs);
    this.#tracks.forEach((track, i) => {
      const { lastTicks } = track;
      if (!track.anchored || lastTicks === undefined) return;
      const endMs = track.utcMs(lastTicks + (intervalTicks[i] ?? 0));
      if (endMs !== undefined) this.#seam.end(i, endMs, this.#epoch.span);
    });
  }

  /**
   * The first packet of a new attempt is here, at `utcMs` (undefined: of the first one): its times are a line of their own, to be
   * anchored anew.
   */
  restart(utcMs: number | undefined): void {
    this.#state = { kind: 'empty' };
    this.#epoch = { epoch: this.#epoch.epoch + 1, span: this.#epoch.span };
    this.#saidOffsetsMs = this.#tracks.map((track, i) =>
      track.anchored && utcMs !== undefined ? this.#reportedOffsetMs(track, i, utcMs) : this.#saidOffsetsMs[i],
    );
    this.#shift.clear();
    this.#seam.restart();
    this.#passed = undefined;
    for (const track of this.#tracks) track.forget();
  }

  #anchoring(state: Exclude<ClockState, { kind: 'steady' }>, index: number, arrivalMs: number): void {
    if (state.kind === 'empty' && index !== this.#main) return;
    const sinceMs = state.kind === 'empty' ? arrivalMs : state.sinceMs;
    this.#state = { kind: 'anchoring', sinceMs, lastMs: arrivalMs };
    if (arrivalMs - sinceMs >= ANCHOR_MS) this.#anchor(arrivalMs);
  }

  #anchor(arrivalMs: number): void {
    const targets = this.#tracks.map((track, i) => this.#targetOf(track, i));
    const laterMs = this.#seam.shiftMs(this.#epoch.span, (i, ticks) => {
      const [track, target] = [this.#tracks[i], targets[i]];
      return track === undefined || target === undefined ? undefined : (ticks * 1000) / track.clockRate + target;
    });
    this.#tracks.forEach((track, i) => {
      const offsetMs = targets[i];
      if (offsetMs === undefined) return;
      track.anchor(offsetMs + laterMs, this.#epoch);
      if (i !== this.#main) this.#latenessMs[i] = lateness((track.leastOffsetMs ?? offsetMs) - offsetMs);
    });
    const offMs = this.#tracks.map(({ offsetMs }, i) => difference(this.#saidOffsetsMs[i], offsetMs));
    this.#shift.begin(arrivalMs + (this.#utcOffsetMs ?? 0), offMs, this.#main);
    this.#startWindow(arrivalMs);
  }

  /** A window is over: each track has at least one offset that the network did not delay much. */
  #judge(arrivalMs: number, { jumpMs }: Window): void {
    let worst = 0;
    this.#tracks.forEach((track, i) => {
      const off = this.#errorOf(track, i);
      if (off !== undefined) worst = Math.max(worst, Math.abs(off));
    });
    if (worst > jumpMs) return this.#jump(arrivalMs);
    this.#tracks.forEach((track, i) => {
      const target = this.#targetOf(track, i);
      const off = this.#errorOf(track, i);
      if (target === undefined || off === undefined) return;
      if (i !== this.#main) this.#latenessMs[i] = lateness((track.leastOffsetMs ?? target) - target);
      if (Math.abs(off) > TOLERANCE_MS) track.slewTowards(target, WINDOW_MS);
      else track.hold();
    });
    this.#startWindow(arrivalMs);
  }

  /** All tracks at once, so that they stay in step. */
  #jump(arrivalMs: number): void {
    this.#shift.clear();
    this.#epoch = { epoch: this.#epoch.epoch + 1, span: this.#epoch.span };
    this.#tracks.forEach((track, i) => {
      const target = this.#targetOf(track, i);
      if (target !== undefined && track.lastTicks !== undefined) track.jump(track.lastTicks, target, this.#epoch);
    });
    this.#startWindow(arrivalMs);
  }

  /** The system clock was set: a step of more than a second is taken over at once, by all tracks alike. */
  #followSystemClock(utcOffsetMs: number): void {
    const before = this.#utcOffsetMs;
    this.#utcOffsetMs = utcOffsetMs;
    if (before === undefined || Math.abs(utcOffsetMs - before) <= JUMP_MS) return;
    const stepMs = utcOffsetMs - before;
    this.#shift.clear();
    this.#epoch = { epoch: this.#epoch.epoch + 1, span: this.#epoch.span + (stepMs < 0 ? 1 : 0) };
    for (const track of this.#tracks) {
      const { offsetMs, lastTicks } = track;
      track.startWindow();
      if (!track.anchored || offsetMs === undefined || lastTicks === undefined) continue;
      track.jump(lastTicks + 1, offsetMs + stepMs, this.#epoch);
    }
  }

  /** UTC − media time as reports say it. */
  #reportedOffsetMs(track: TrackClock, index: number, utcMs: number): number | undefined {
    if (!track.anchored) return this.#saidOffsetsMs[index] ?? this.#targetOf(track, index);
    return track.offsetMs === undefined ? undefined : track.offsetMs + this.#shift.at(index, utcMs);
  }

  /** Where a track's offset should be: by its sender's reports in step with the main track, or by its own arrival. */
  #targetOf(track: TrackClock, index: number): number | undefined {
    const own = track.leastOffsetMs;
    const main = this.#tracks[this.#main];
    if (index === this.#main || main === undefined) return own;
    const mainOffset = main.leastOffsetMs ?? main.offsetMs;
    if (mainOffset === undefined || track.senderOffsetMs === undefined || main.senderOffsetMs === undefined) return own;
    const inStep = mainOffset + track.senderOffsetMs - main.senderOffsetMs;
    return own === undefined || Math.abs(inStep - own) > SENDER_SKEW_MS_MAX ? own : inStep;
  }

  #errorOf(track: TrackClock, index: number): number | undefined {
    const target = this.#targetOf(track, index);
    return target === undefined || track.offsetMs === undefined ? undefined : target - track.offsetMs;
  }

  #startWindow(arrivalMs: number, window = USUAL_WINDOW): void {
    this.#state = { kind: 'steady', windowStartMs: arrivalMs, window };
    for (const track of this.#tracks) track.startWindow();
  }
}

function difference(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : from - to;
}

/** Within reason: a key frame that the network held up says nothing. */
function lateness(ms: number): number {
  return Math.min(Math.max(0, ms), LATENESS_MS_MAX);
}
