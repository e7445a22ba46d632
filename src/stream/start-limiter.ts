/** Spreads the starts of sources over time: 200 cameras asked at once half time out (mtx#4210). One for all streams. */
import { delay } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';

export const START_SPACING_MS = 50;

export class StartLimiter {
  readonly #clock: Clock;
  #freeAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is this caller's turn, or when `signal` aborts. */
  async take(signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monoMs();
    const turnMs = Math.max(nowMs, this.#freeAtMs);
    this.#freeAtMs = turnMs + START_SPACING_MS;
    if (turnMs > nowMs) await delay(this.#clock, turnMs - nowMs, signal);
  }
}
