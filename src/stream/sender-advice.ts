/** Says in the log what who runs the sender should change: key frames that are too rare, media that comes faster than time passes. */
import { OVERSHOOT_MS } from './cutting-rules.ts';
import type { Log } from '../base/log.ts';

/** Usual distances of key frames that differ by less than this share are the same, and said once. */
const GOP_CHANGE_MIN = 0.25;
/** Real time is this ratio of media to time at most, and so much ahead of it: a camera begins with seconds that it kept. */
export const PACE_MAX = 1.5;
export const AHEAD_MS_MAX = 10_000;

/** What an attempt has brought of its main track, and how long that took. */
export interface Pace {
  readonly mediaMs: number;
  readonly passedMs: number;
}

export class SenderAdvice {
  readonly #stream: string;
  readonly #log: Log;
  #gopMsSaid: number | undefined;
  #paceSaid = false;

  constructor(stream: string, log: Log) {
    this.#stream = stream;
    this.#log = log;
  }

  /** A segment was cut inside a GOP, which a hiccup may do; `gopMs` is the usual one, undefined until it was measured. */
  cutByTime(gopMs: number | undefined, targetMs: number): void {
    if (gopMs === undefined) return;
    if (gopMs <= targetMs + OVERSHOOT_MS) {
      this.#gopMsSaid = undefined;
      return;
    }
    const said = this.#gopMsSaid;
    if (said !== undefined && Math.abs(gopMs - said) < said * GOP_CHANGE_MIN) return;
    this.#gopMsSaid = gopMs;
    this.#log.warn(
      { stream: this.#stream, gopMs: Math.round(gopMs) },
      'The camera sends key frames too rarely: segments are cut between them. Set its key frame interval to 1 or 2 seconds.',
    );
  }

  /** Said once: who publishes a file that way does so each time. */
  pace(pace: Pace | undefined): void {
    if (pace === undefined || this.#paceSaid) return;
    const { mediaMs, passedMs } = pace;
    if (mediaMs - passedMs <= AHEAD_MS_MAX || mediaMs <= passedMs * PACE_MAX) return;
    this.#paceSaid = true;
    this.#log.warn(
      { stream: this.#stream, mediaMs: Math.round(mediaMs), passedMs: Math.round(passedMs) },
      'The stream comes faster than real time: not all of it is recorded and shown. Send it in real time (ffmpeg: -re before -i).',
    );
  }
}
