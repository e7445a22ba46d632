/**
 * Slows down guessing: after a few wrong passwords for one name from one address, that pair is refused for a while, right
 * password or not. The pair, not the address alone: behind a proxy or NAT one stale player must not lock out everybody.
 */
import type { Clock } from '../base/clock.ts';

export const WRONG_PASSWORDS_MAX = 10;
export const WRONG_PASSWORDS_WINDOW_MS = 60_000;
/** Pairs remembered; past it the oldest is forgotten. */
const MAX_PAIRS = 10_000;

export class WrongPasswordLimiter {
  readonly #clock: Clock;
  readonly #pairs = new Map<string, { count: number; readonly sinceMs: number }>();
  #refused = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Refusals so far, for metrics. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether a password for this name from this address is looked at at all. */
  allows(address: string, name: string): boolean {
    const key = keyOf(address, name);
    const pair = this.#pairs.get(key);
    if (pair === undefined) return true;
    if (this.#clock.monoMs() - pair.sinceMs >= WRONG_PASSWORDS_WINDOW_MS) {
      this.#pairs.delete(key);
      return true;
    }
    if (pair.count < WRONG_PASSWORDS_MAX) return true;
    this.#refused++;
    return false;
  }

  /** A password was wrong. Requests without credentials are not counted: clients begin that way. */
  wrong(address: string, name: string): void {
    const key = keyOf(address, name);
    const pair = this.#pairs.get(key);
    if (pair !== undefined && this.#clock.monoMs() - pair.sinceMs < WRONG_PASSWORDS_WINDOW_MS) {
      pair.count++;
      return;
    }
    this.#pairs.delete(key);
    this.#pairs.set(key, { count: 1, sinceMs: this.#clock.monoMs() });
    if (this.#pairs.size <= MAX_PAIRS) return;
    const oldest = this.#pairs.keys().next();
    if (oldest.done !== true) this.#pairs.delete(oldest.value);
  }
}

/** An IPv6 customer has a whole /64 to come from. */
function keyOf(address: string, name: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const network = mapped ?? (address.includes(':') ? prefix64(address) : address);
  return `${network} ${name.slice(0, MAX_NAME_LENGTH)}`;
}

const MAX_NAME_LENGTH = 128;

function prefix64(address: string): string {
  const [head = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  return [0, 1, 2, 3].map((index) => groups[index] ?? '0').join(':');
}
