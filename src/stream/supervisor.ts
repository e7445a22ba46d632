/**
 * Keeps a stream's source going: runs attempt after attempt, waits between them, opens an on-demand source while somebody needs it, and
 * says what state the stream is in and why.
 *
 *     idle ──wanted──▶ connecting ──first packet──▶ live
 *      ▲                 ▲    │ failed                │ ended
 *      │ nobody left     │    ▼                       ▼
 *      └──────────────── └── down (error, next attempt) ◀
 */
import { delay } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import { GOOD_MEDIA_MS, retryMs } from './back-off.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { RelayAttempt } from './relay.ts';
import type { Source } from './source.ts';
import type { StartLimiter } from './start-limiter.ts';
import type { SourceStatus, StateChange, StreamState } from './stream.ts';

/** An on-demand source is closed so long after its last user. */
export const IDLE_STOP_MS = 10_000;
/** A source that is told to end and does not is left behind after so long. */
export const STOP_MS_MAX = 2000;

export interface SupervisorOptions {
  readonly stream: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly limiter: StartLimiter;
  /** Opens the way in for one attempt. */
  readonly begin: () => RelayAttempt;
  readonly changed: (change: StateChange) => void;
}

/** What a supervisor was told to do. */
interface Task {
  readonly source: Source;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  #task: Task | undefined;
  #state: StreamState = 'idle';
  #sinceUtcMs: number;
  #error: WeirError | undefined;
  #attempts = 0;
  #nextAttemptUtcMs: number | undefined;
  /** When the running attempt delivered its first packet, monotonic. */
  #liveSinceMs: number | undefined;
  #wanted = false;
  #onDemand = false;
  #idleStop: Timer | undefined;
  /** Ends the running attempt of an on-demand source, or its wait. */
  #pauseDemand: AbortController | undefined;
  #wakeWanted: (() => void) | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#sinceUtcMs = options.clock.utcMs();
  }

  get state(): StateChange {
    return { state: this.#state, utcMs: this.#sinceUtcMs, error: this.#error };
  }

  get source(): SourceStatus | undefined {
    const source = this.#task?.source;
    if (source === undefined) return undefined;
    const { kind, label, faults = {} } = source;
    return { kind, label, attempts: this.#attempts, nextAttemptUtcMs: this.#nextAttemptUtcMs, faults };
  }

  /** Runs `source` again and again, until `stop`. */
  pull(source: Source, onDemand: boolean): void {
    this.#onDemand = onDemand;
    void this.#run(source, (signal) => this.#pull(source, signal));
  }

  /** Runs a publisher's source once; resolves when it is over, with why, if it did not end by itself. */
  async publish(source: Source): Promise<WeirError | undefined> {
    let error: WeirError | undefined;
    this.#onDemand = false;
    await this.#run(source, async (signal) => {
      this.#change('connecting', undefined);
      error = await this.#attempt(source, signal);
      if (signal.aborted) return;
      this.#task = undefined;
      this.#change('down', error ?? new WeirError('publisher-gone', 'The publisher left'));
    });
    return error;
  }

  /** The source cannot even be made: the stream is down with `error` until it is told otherwise. */
  refuse(error: WeirError): void {
    this.#change('down', error);
  }

  /** Ends what is running. `error`: why the stream is down from then on; none: it is idle. */
  async stop(error?: WeirError): Promise<void> {
    const task = this.#task;
    this.#task = undefined;
    task?.abort.abort();
    await task?.done;
    if (this.#task !== undefined) return;
    this.#nextAttemptUtcMs = undefined;
    if (error === undefined) this.#change('idle', undefined);
    else this.#change('down', error);
  }

  /** Whether anybody needs an on-demand source. */
  want(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) {
      this.#idleStop?.cancel();
      this.#idleStop = undefined;
      if (this.#wakeWanted === undefined) return;
      // At once, so that who asks next sees that it is worth waiting.
      this.#change('connecting', undefined);
      this.#wakeWanted();
    } else {
      this.#idleStop = this.#clock.after(IDLE_STOP_MS, () => this.#pauseDemand?.abort());
    }
  }

  /** The first packet of the running attempt came. */
  media(): void {
    this.#liveSinceMs = this.#clock.monoMs();
    this.#change('live', undefined);
  }

  #run(source: Source, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const abort = new AbortController();
    this.#attempts = 0;
    const done = work(abort.signal);
    this.#task = { source, abort, done };
    return done;
  }

  async #pull(source: Source, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const demand = new AbortController();
      this.#pauseDemand = this.#onDemand ? demand : undefined;
      const until = AbortSignal.any([signal, demand.signal]);
      if (this.#onDemand) await this.#untilWanted(signal);
      if (signal.aborted) return;
      this.#change('connecting', this.#error);
      await this.#options.limiter.take(until);
      const error = until.aborted ? undefined : await this.#attempt(source, until);
      if (until.aborted) {
        failures = 0;
        continue;
      }
      const ended = error ?? new WeirError('source-closed', 'The source ended');
      failures = this.#wasGood() ? 1 : failures + 1;
      await this.#waitAfter(ended, failures, until);
    }
  }

  /** The wait between two attempts; without end where trying again makes no sense. */
  async #waitAfter(error: WeirError, failures: number, signal: AbortSignal): Promise<void> {
    const { log, random, stream } = this.#options;
    const ms = error.row.retry ? retryMs(failures, error.code, random()) : undefined;
    this.#nextAttemptUtcMs = ms === undefined ? undefined : Math.round(this.#clock.utcMs() + ms);
    this.#change('down', error);
    const { code, row } = error;
    const fields = {
      stream,
      code,
      remedy: row.remedy,
      failures,
      retryMs: ms === undefined ? undefined : Math.round(ms),
    };
    log.warn(fields, error.describe());
    if (ms === undefined) await aborted(signal);
    else await delay(this.#clock, ms, signal);
    this.#nextAttemptUtcMs = undefined;
  }

  /** One attempt; returns why it ended, or undefined if it was told to or ended by itself. */
  async #attempt(source: Source, signal: AbortSignal): Promise<WeirError | undefined> {
    this.#liveSinceMs = undefined;
    this.#attempts++;
    const attempt = this.#options.begin();
    try {
      await this.#bounded(source.run(attempt.sink, signal), signal, source);
      return undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof WeirError) return error;
      return new WeirError('source-protocol', `The source failed: ${String(error)}`, { cause: error });
    } finally {
      attempt.end();
    }
  }

  /** Waits for a source to end, but not for ever once it was told to. */
  async #bounded(run: Promise<void>, signal: AbortSignal, source: Source): Promise<void> {
    const over = new AbortController();
    const late = aborted(signal)
      .then(() => delay(this.#clock, STOP_MS_MAX, over.signal))
      .then(() => {
        if (over.signal.aborted) return;
        const { log, stream } = this.#options;
        log.error({ stream, source: source.kind, ms: STOP_MS_MAX }, 'A source did not end when it was told to');
        run.catch(() => undefined);
      });
    try {
      await Promise.race([run, late]);
    } finally {
      over.abort();
    }
  }

  #wasGood(): boolean {
    return this.#liveSinceMs !== undefined && this.#clock.monoMs() - this.#liveSinceMs >= GOOD_MEDIA_MS;
  }

  async #untilWanted(signal: AbortSignal): Promise<void> {
    if (this.#wanted) return;
    this.#change('idle', undefined);
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#wakeWanted = wake;
    signal.addEventListener('abort', wake);
    await promise;
    signal.removeEventListener('abort', wake);
    this.#wakeWanted = undefined;
  }

  #change(state: StreamState, error: WeirError | undefined): void {
    if (state === this.#state && error === this.#error) return;
    this.#state = state;
    this.#error = error;
    this.#sinceUtcMs = this.#clock.utcMs();
    this.#options.changed(this.state);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
