/**
 * How fast a sender's RTP clock really runs, where that is far from what it says: cameras that announce 25 pictures a second, deliver 21
 * and stamp them 40 ms apart (open-nvr#229), or whose time passes 1.42 times too fast (lightNVR#608). A crystal is off by some hundred parts in a
 * million, and the network by some hundred milliseconds: neither looks like per cents, window after window.
 *
 *     arrival − media │ ·.
 *                     │   ·.        least of each window: how late the network is at best;
 *                     │     ·.      its slope is what the clock is wrong by
 *                     └────────────▶ arrival
 */

/** One point of the line. */
export const RATE_WINDOW_MS = 10_000;
/** So many slopes in a row have to agree. A link that is too narrow for its camera looks the same, for as long as the camera's buffer takes. */
export const RATE_SLOPES = 4;
/** Less is left to those who follow the offset (track-clock.ts). */
export const RATE_WRONG = 0.03;
/** Slopes agree that differ by less, or by less than a quarter of what the clock is off by. */
const RATE_SPREAD = 0.01;
/** What is faster is no clock: a file that is sent as fast as it goes. */
const FAST_MAX = 2;
/** A night mode that sends two pictures of 25, and counts those alone, is slower by that. */
const SLOW_MAX = 12.5;
/** A clock that is right again is right, not nearly. */
const RATE_RIGHT = 0.01;
/** Nothing for so long: what comes then is measured anew. */
const SILENCE_MS = 2 * RATE_WINDOW_MS;
/** Ten minutes: jitter of 100 ms is 200 parts in a million then. */
const POINTS_MAX = 60;

interface Point {
  readonly arrivalMs: number;
  readonly offsetMs: number;
}

export class RtpRate {
  /** By which the sender's time is multiplied to be true. */
  scale = 1;
  #points: readonly Point[] = [];
  #windowStartMs: number | undefined;
  #least: Point | undefined;
  #lastMs = 0;

  /** What comes next has nothing to do with what came before. */
  restart(): void {
    this.#points = [];
    this.#windowStartMs = undefined;
    this.#least = undefined;
  }

  /**
   * Media that the sender says is of `mediaMs` (not scaled) came at `arrivalMs`. Returns whether the clock turned out to run at another rate
   * than was believed; smaller corrections of `scale` are not told.
   */
  push(mediaMs: number, arrivalMs: number): boolean {
    if (arrivalMs - this.#lastMs > SILENCE_MS) this.restart();
    this.#lastMs = arrivalMs;
    this.#windowStartMs ??= arrivalMs;
    const over = arrivalMs - this.#windowStartMs >= RATE_WINDOW_MS;
    const point = this.#least;
    if (over) {
      this.#windowStartMs = arrivalMs;
      this.#least = undefined;
    }
    const offsetMs = arrivalMs - mediaMs;
    if (this.#least === undefined || offsetMs < this.#least.offsetMs) this.#least = { arrivalMs, offsetMs };
    return over && point !== undefined && this.#judge(point);
  }

  #judge(point: Point): boolean {
    this.#points = [...this.#points, point].slice(-POINTS_MAX);
    const newest = this.#points.slice(-RATE_SLOPES - 1);
    const [first, last] = [newest[0], newest.at(-1)];
    if (newest.length <= RATE_SLOPES || first === undefined || last === undefined) return false;
    const rate = rateBetween(first, last);
    const spread = Math.max(RATE_SPREAD, Math.abs(rate - 1) / 4);
    const agree = newest.slice(1).every((to, i) => Math.abs(rateBetween(newest[i] ?? to, to) - rate) <= spread);
    if (!agree || rate <= 0) return false;
    if (Math.abs(rate * this.scale - 1) > RATE_WRONG) return this.#believe(rate, newest);
    // The longer it is watched, the better it is known.
    const oldest = this.#points[0];
    if (this.scale !== 1 && oldest !== undefined) this.scale = 1 / rateBetween(oldest, last);
    return false;
  }

  #believe(rate: number, points: readonly Point[]): boolean {
    const scale = Math.abs(rate - 1) < RATE_RIGHT ? 1 : 1 / rate;
    if (scale > SLOW_MAX || scale < 1 / FAST_MAX) return false;
    this.#points = points;
    this.scale = scale;
    return true;
  }
}

/** Milliseconds of media a millisecond of arrival. */
function rateBetween(from: Point, to: Point): number {
  const passedMs = to.arrivalMs - from.arrivalMs;
  return passedMs <= 0 ? 1 : 1 - (to.offsetMs - from.offsetMs) / passedMs;
}
