/**
 * Runs the attempts of one source, one at a time. An attempt that is told to end and does not is left behind; the next waits for it a
 * while and then goes on beside it, but never beside two: a disk that hangs must not take a thread for each attempt.
 */
import { aborted, delay } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { RelayAttempt } from './relay.ts';
import type { Source } from './source.ts';

/** A source that is told to end and does not is left behind after so long. */
export const STOP_MS_MAX = 2000;
/** So long the next attempt waits for what was left behind. */
export const LEFT_BEHIND_WAIT_MS = 10_000;
/** With so many left behind, attempts fail without a start. */
export const LEFT_BEHIND_MAX = 2;

export interface SourceRunnerOptions {
  readonly stream: string;
  readonly source: Source;
  readonly clock: Clock;
  readonly log: Log;
}

export class SourceRunner {
  readonly #options: SourceRunnerOptions;
  /** Runs that were told to end and have not. */
  readonly #leftBehind = new Set<Promise<void>>();
  #attempts = 0;
  #leftBehindSoFar = 0;

  constructor(options: SourceRunnerOptions) {
    this.#options = options;
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** The source's own, and the runs that were left behind. */
  get faults(): Readonly<Record<string, number>> {
    const faults = this.#options.source.faults ?? {};
    return this.#leftBehindSoFar === 0 ? faults : { ...faults, runsLeftBehind: this.#leftBehindSoFar };
  }

  /**
   * One attempt, whose way in `begin` opens; resolves with why it ended, or with undefined if it was told to or ended by itself.
   */
  async attempt(signal: AbortSignal, begin: () => RelayAttempt): Promise<WeirError | undefined> {
    const hung = await this.#formerEnded(signal);
    if (signal.aborted) return undefined;
    this.#attempts++;
    if (hung !== undefined) return hung;
    const attempt = begin();
    try {
      await this.#bounded(this.#options.source.run(attempt.sink, signal), signal);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof WeirError) return error;
      return new WeirError('source-protocol', `The source failed: ${String(error)}`, { cause: error });
    } finally {
      attempt.end();
    }
  }

  /** Waits for what was left behind, but not for ever; resolves with why there can be no attempt, if so. */
  async #formerEnded(signal: AbortSignal): Promise<WeirError | undefined> {
    if (this.#leftBehind.size === 0) return undefined;
    const { clock, log, stream } = this.#options;
    const over = new AbortController();
    const late = delay(clock, LEFT_BEHIND_WAIT_MS, AbortSignal.any([signal, over.signal]));
    await Promise.race([Promise.all(this.#leftBehind), late]);
    over.abort();
    const left = this.#leftBehind.size;
    if (left === 0 || signal.aborted) return undefined;
    if (left >= LEFT_BEHIND_MAX)
      return new WeirError('source-timeout', `${left} former attempts were told to end and have not`);
    log.error({ stream, leftBehind: left }, 'The former attempt still has not ended; another begins beside it');
    return undefined;
  }

  /** Waits for a run to end, but not for ever once it was told to. */
  async #bounded(run: Promise<void>, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const late = aborted(signal)
      .then(() => delay(this.#options.clock, STOP_MS_MAX, over.signal))
      .then(() => {
        if (!over.signal.aborted) this.#leaveBehind(run);
      });
    try {
      await Promise.race([run, late]);
    } finally {
      over.abort();
    }
  }

  #leaveBehind(run: Promise<void>): void {
    const { log, stream, source } = this.#options;
    log.error({ stream, source: source.kind, ms: STOP_MS_MAX }, 'A source did not end when it was told to');
    this.#leftBehindSoFar++;
    const ended = run
      .catch(() => undefined)
      .then(() => {
        this.#leftBehind.delete(ended);
      });
    this.#leftBehind.add(ended);
  }
}
