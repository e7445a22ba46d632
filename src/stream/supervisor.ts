/**
 * Keeps a stream's source going: runs attempt after attempt, waits between them, opens an on-demand source while somebody needs it, and
 * says what state the stream is in and why.
 *
 *     idle ──wanted──▶ connecting ──first packet──▶ live
 *      ▲                 ▲    │ failed                │ ended
 *      │ nobody left     │    ▼                       ▼
 *      └──────────────── └── down (error, next attempt) ◀
 */
import assert from 'node:assert/strict';
import { aborted, delay } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import { GOOD_MEDIA_MS, retryMs } from './back-off.ts';
import { SourceOutage } from './source-outage.ts';
import { SourceRunner } from './source-runner.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { RelayAttempt } from './relay.ts';
import type { Source } from './source.ts';
import type { StartLimiter } from './start-limiter.ts';
import type { SourceStatus, StateChange, StreamState } from './stream.ts';

/** An on-demand source is closed so long after its last user. */
export const IDLE_STOP_MS = 10_000;

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

/** A source from the moment that it was given until it was stopped and has ended. */
interface Task {
  readonly source: Source;
  readonly runner: SourceRunner;
  readonly outage: SourceOutage;
  readonly onDemand: boolean;
  /** Ends the task. */
  readonly abort: AbortController;
  /** Ends the attempt, or the wait for the next, since nobody needs an on-demand source any more. */
  pause: AbortController;
  phase: Phase;
  done: Promise<void>;
}

type Phase =
  /** Nobody needs it, `wake` is for who does. */
  | { readonly kind: 'unwanted'; readonly wake: () => void }
  /** Until the attempt's first packet. */
  | { readonly kind: 'opening' }
  | { readonly kind: 'live'; readonly sinceMs: number }
  /** For the next attempt; undefined: without end, where trying again makes no sense. */
  | { readonly kind: 'waiting'; readonly untilUtcMs: number | undefined };

/** Whether anybody needs an on-demand source. */
type Demand =
  | { readonly kind: 'wanted' }
  /** The last user left a moment ago. */
  | { readonly kind: 'ending'; readonly timer: Timer }
  | { readonly kind: 'none' };

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  #task: Task | undefined;
  #state: StateChange;
  #demand: Demand = { kind: 'none' };

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#state = { state: 'idle', utcMs: options.clock.utcMs(), error: undefined };
  }

  get state(): StateChange {
    return this.#state;
  }

  get source(): SourceStatus | undefined {
    if (this.#task === undefined) return undefined;
    const { source, runner, phase } = this.#task;
    const { kind, label } = source;
    const nextAttemptUtcMs = phase.kind === 'waiting' ? phase.untilUtcMs : undefined;
    return { kind, label, attempts: runner.attempts, nextAttemptUtcMs, faults: runner.faults };
  }

  /** Runs `source` again and again, until `stop`. Nothing else runs. */
  pull(source: Source, onDemand: boolean): void {
    void this.#begin(source, onDemand, (task) => this.#pull(task));
  }

  /** Runs a publisher's source once; resolves when it is over, with why, if it did not end by itself. Nothing else runs. */
  async publish(source: Source): Promise<WeirError | undefined> {
    let error: WeirError | undefined;
    await this.#begin(source, false, async (task) => {
      this.#change('connecting', undefined);
      error = await task.runner.attempt(task.abort.signal);
      if (task.abort.signal.aborted) return;
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
    task?.abort.abort();
    await task?.done;
    if (this.#task !== task) return;
    this.#task = undefined;
    if (error === undefined) this.#change('idle', undefined);
    else this.#change('down', error);
  }

  /** Whether anybody needs an on-demand source. */
  want(wanted: boolean): void {
    if (wanted === (this.#demand.kind === 'wanted')) return;
    if (!wanted) {
      const timer = this.#clock.after(IDLE_STOP_MS, () => {
        this.#demand = { kind: 'none' };
        if (this.#task?.onDemand === true) this.#task.pause.abort();
      });
      this.#demand = { kind: 'ending', timer };
      return;
    }
    if (this.#demand.kind === 'ending') this.#demand.timer.cancel();
    this.#demand = { kind: 'wanted' };
    if (this.#task?.phase.kind !== 'unwanted') return;
    // At once, so that who asks next sees that it is worth waiting.
    this.#change('connecting', undefined);
    this.#task.phase.wake();
  }

  /** The first packet of the running attempt came. */
  media(): void {
    const task = this.#task;
    if (task === undefined || task.abort.signal.aborted) return;
    task.phase = { kind: 'live', sinceMs: this.#clock.monoMs() };
    task.outage.back();
    this.#change('live', undefined);
  }

  #begin(source: Source, onDemand: boolean, work: (task: Task) => Promise<void>): Promise<void> {
    assert(this.#task === undefined, 'a stream has one source at a time');
    const { stream, clock, log, begin } = this.#options;
    const task: Task = {
      source,
      runner: new SourceRunner({ stream, source, clock, log, begin }),
      outage: new SourceOutage(stream, clock, log),
      onDemand,
      abort: new AbortController(),
      pause: new AbortController(),
      phase: { kind: 'opening' },
      done: Promise.resolve(),
    };
    this.#task = task;
    task.done = work(task);
    return task.done;
  }

  async #pull(task: Task): Promise<void> {
    const { signal } = task.abort;
    while (!signal.aborted) {
      task.pause = new AbortController();
      const until = AbortSignal.any([signal, task.pause.signal]);
      if (task.onDemand) await this.#untilWanted(task);
      if (signal.aborted) return;
      task.phase = { kind: 'opening' };
      this.#change('connecting', this.#state.error);
      await this.#options.limiter.take(until);
      const error = until.aborted ? undefined : await task.runner.attempt(until);
      if (until.aborted) task.outage.forget();
      else await this.#waitAfter(task, error ?? new WeirError('source-closed', 'The source ended'), until);
    }
  }

  /** The wait between two attempts; without end where trying again makes no sense. */
  async #waitAfter(task: Task, error: WeirError, signal: AbortSignal): Promise<void> {
    const { phase, outage } = task;
    if (phase.kind === 'live' && this.#clock.monoMs() - phase.sinceMs >= GOOD_MEDIA_MS) outage.forget();
    const { random } = this.#options;
    const ms = outage.failed(error, (failures) =>
      error.row.retry ? retryMs(failures, error.code, random()) : undefined,
    );
    task.phase = {
      kind: 'waiting',
      untilUtcMs: ms === undefined ? undefined : Math.round(this.#clock.utcMs() + ms),
    };
    this.#change('down', error);
    if (ms === undefined) await aborted(signal);
    else await delay(this.#clock, ms, signal);
  }

  async #untilWanted(task: Task): Promise<void> {
    if (this.#demand.kind === 'wanted') return;
    const { promise, resolve } = Promise.withResolvers<void>();
    task.phase = { kind: 'unwanted', wake: resolve };
    this.#change('idle', undefined);
    await Promise.race([promise, aborted(task.abort.signal)]);
  }

  #change(state: StreamState, error: WeirError | undefined): void {
    if (state === this.#state.state && error === this.#state.error) return;
    this.#state = { state, utcMs: this.#clock.utcMs(), error };
    this.#options.changed(this.#state);
  }
}
