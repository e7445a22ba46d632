import type { Clock, Timer } from './clock.ts';

/** A clock that tests turn by hand: timers fire in order of their time, inside `advance`. */
export class ManualClock implements Clock {
  #monoMs = 1000;
  #utcOffsetMs: number;
  readonly #timers = new Set<{ at: number; every: number | undefined; call: () => void }>();

  constructor(utcMs = Date.UTC(2026, 0, 1, 10)) {
    this.#utcOffsetMs = utcMs - this.#monoMs;
  }

  monoMs(): number {
    return this.#monoMs;
  }

  utcMs(): number {
    return Math.floor(this.#monoMs + this.#utcOffsetMs);
  }

  after(ms: number, call: () => void): Timer {
    return this.#add(ms, undefined, call);
  }

  every(ms: number, call: () => void): Timer {
    return this.#add(ms, ms, call);
  }

  afterReading(call: () => void): Timer {
    return this.#add(0, undefined, call);
  }

  /** Lets `ms` pass and fires what falls due. */
  advance(ms: number): void {
    const end = this.#monoMs + ms;
    for (;;) {
      let next: { at: number; every: number | undefined; call: () => void } | undefined;
      for (const timer of this.#timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
      if (next === undefined) break;
      this.#monoMs = Math.max(this.#monoMs, next.at);
      if (next.every === undefined) this.#timers.delete(next);
      else next.at += next.every;
      next.call();
    }
    this.#monoMs = end;
  }

  /** The system clock is set: UTC jumps, monotonic time does not. */
  stepUtc(ms: number): void {
    this.#utcOffsetMs += ms;
  }

  #add(ms: number, every: number | undefined, call: () => void): Timer {
    const timer = { at: this.#monoMs + ms, every, call };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }
}
