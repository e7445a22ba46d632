/**
 * Whether the system clock may be believed when recordings are judged by their age: a clock that is a year ahead, set by mistake or after
 * a start without a battery, must not delete a year of recordings in a minute. It is held against the last moment at which it was
 * trusted, which outlives the process. One that is too far ahead of that is doubted for an hour of running: until time synchronization
 * has set it, or somebody had the time to notice.
 *
 *     trusted ──ahead──▶ doubted ──set back, or an hour later──▶ trusted
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { WeirError } from '../../core/errors.ts';
import type { TrustedTimes } from '../../state/trusted-times.ts';

/** While weir runs, UTC may not get further ahead of monotonic time than this. */
const CLOCK_JUMP_MS = 3_600_000;
/** At a start, UTC may not be further ahead of what the last run knew: most boards are off for less. */
const START_JUMP_MS = 86_400_000;
export const CLOCK_DOUBT_MS = 3_600_000;
/** The trusted moment is written down so often. */
const STORE_MS = 600_000;

export interface ClockTrustOptions {
  readonly storage: string;
  readonly times: Pick<TrustedTimes, 'get' | 'set'>;
  /** Where its recordings end, for a storage of which no trusted moment is known. */
  readonly newestEndUtcMs: () => number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** The moment at which the clock was trusted last. */
interface Known {
  readonly utcMs: number;
  readonly monoMs: number;
  /** Ahead of it by more is too far. */
  readonly toleranceMs: number;
}

type Trust = { readonly kind: 'trusted' } | { readonly kind: 'doubted'; readonly untilMs: number };

export class ClockTrust {
  readonly #options: ClockTrustOptions;
  #known: Known | undefined;
  #trust: Trust = { kind: 'trusted' };
  #storedUtcMs: number | undefined;

  constructor(options: ClockTrustOptions) {
    this.#options = options;
    const { storage, times, newestEndUtcMs, clock } = options;
    this.#storedUtcMs = times.get(storage);
    const utcMs = this.#storedUtcMs ?? newestEndUtcMs();
    if (utcMs !== undefined) this.#known = { utcMs, monoMs: clock.monoMs(), toleranceMs: START_JUMP_MS };
  }

  /** Looks at the clock, in every round. Returns whether it is trusted. */
  look(): boolean {
    const { clock, log, storage } = this.#options;
    const [monoMs, utcMs] = [clock.monoMs(), clock.utcMs()];
    const known = this.#known;
    const aheadMs = known === undefined ? 0 : utcMs - known.utcMs - (monoMs - known.monoMs);
    const isAhead = known !== undefined && aheadMs > known.toleranceMs;
    if (!isAhead || (this.#trust.kind === 'doubted' && monoMs >= this.#trust.untilMs)) {
      this.#trust = { kind: 'trusted' };
      this.#known = { utcMs, monoMs, toleranceMs: CLOCK_JUMP_MS };
      this.#store(utcMs);
    } else if (this.#trust.kind === 'trusted') {
      this.#trust = { kind: 'doubted', untilMs: monoMs + CLOCK_DOUBT_MS };
      log.error(
        { storage, aheadMs, sinceUtcMs: known.utcMs },
        'the system clock is far ahead of what was known: nothing is deleted by age for an hour',
      );
    }
    return this.#trust.kind === 'trusted';
  }

  #store(utcMs: number): void {
    const { times, storage, log } = this.#options;
    if (this.#storedUtcMs !== undefined && Math.abs(utcMs - this.#storedUtcMs) < STORE_MS) return;
    this.#storedUtcMs = utcMs;
    times.set(storage, utcMs).catch((error: unknown) => {
      const code = error instanceof WeirError ? error.code : 'index-failed';
      log.error({ storage, code, error }, 'the time could not be written down');
    });
  }
}
