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
    if (this.#running.size >= this.#maxRunning) {
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
      this.#waiting.shift()?.();
    }
  }

  get operations(): number {
    return this.#running.size + this.#waiting.length;
  }

  /** How long the oldest operation has been running: 0 if none is. */
  oldestMs(): number {
    const [oldest] = this.#running;
    return oldest === undefined ? 0 : this.#clock.monoMs() - oldest.sinceMs;
  }
}
