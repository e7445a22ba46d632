/** Runs at most so many operations at a time and lets so many wait; past that it refuses. Knows how long the oldest has been running. */
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../core/errors.ts';

export class OperationLane {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #running = new Set<{ readonly sinceMs: number }>();
  readonly #waiting: (() => void)[] = [];
  /** Places that are taken: one that comes free goes straight to who waits longest, and nobody slips in between. */
  #taken = 0;

  constructor(clock: Clock, name: string, maxRunning: number, maxWaiting: number) {
    this.#clock = clock;
    this.#name = name;
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Throws `storage-overloaded` if too many wait; otherwise what the operation throws. First come, first served. One that `mustRun` is
   * never refused: it gives something back, of which there is only so much.
   */
  async run<T>(operation: () => Promise<T>, mustRun = false): Promise<T> {
    if (this.#taken < this.#maxRunning) {
      this.#taken += 1;
    } else {
      if (this.#waiting.length >= this.#maxWaiting && !mustRun) {
        throw new WeirError('storage-overloaded', `${this.#maxWaiting} operations wait for the disk`, {
          place: this.#name,
        });
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
    const entry = { sinceMs: this.#clock.monoMs() };
    this.#running.add(entry);
    try {
      return await operation();
    } finally {
      this.#running.delete(entry);
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    }
  }

  get operations(): number {
    return this.#taken + this.#waiting.length;
  }

  /** How long the oldest operation has been running: 0 if none is. */
  oldestMs(): number {
    const [oldest] = this.#running;
    return oldest === undefined ? 0 : this.#clock.monoMs() - oldest.sinceMs;
  }
}
