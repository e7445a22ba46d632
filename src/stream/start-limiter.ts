/**
 * Spreads the starts of sources over time: 200 cameras asked at once half time out (mtx#4210), and a recorder with 64 channels, or a small
 * server, is one host that is asked for all of them. One for all streams.
 */
import { delay } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';

/** Between two starts, whatever the host. */
export const START_SPACING_MS = 50;
/** Between two starts at one host. */
export const HOST_SPACING_MS = 100;
/** So many hosts are remembered before those that are free are forgotten. */
const HOSTS_MAX = 1000;

export class StartLimiter {
  readonly #clock: Clock;
  #freeAtMs = Number.NEGATIVE_INFINITY;
  readonly #hostFreeAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is this caller's turn, or when `signal` aborts. `host`: who is asked; undefined: nobody over the network. */
  async take(host: string | undefined, signal: AbortSignal): Promise<void> {
    if (host !== undefined) await this.#until(this.#hostTurnMs(host), signal);
    if (signal.aborted) return;
    const turnMs = Math.max(this.#clock.monoMs(), this.#freeAtMs);
    this.#freeAtMs = turnMs + START_SPACING_MS;
    await this.#until(turnMs, signal);
  }

  #hostTurnMs(host: string): number {
    const nowMs = this.#clock.monoMs();
    const turnMs = Math.max(nowMs, this.#hostFreeAtMs.get(host) ?? nowMs);
    if (this.#hostFreeAtMs.size >= HOSTS_MAX)
      for (const [other, freeAtMs] of this.#hostFreeAtMs) if (freeAtMs <= nowMs) this.#hostFreeAtMs.delete(other);
    this.#hostFreeAtMs.set(host, turnMs + HOST_SPACING_MS);
    return turnMs;
  }

  async #until(turnMs: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monoMs();
    if (turnMs > nowMs) await delay(this.#clock, turnMs - nowMs, signal);
  }
}
