/**
 * Keeps a stream's source going: runs attempt after attempt, waits between them, opens an on-demand source while somebody needs it, and
 * says what state the stream is in and why. Of several sources one is in use: another follows when it fails (source-choice.ts), and those
 * that are preferred to it come back by themselves (source-return.ts).
 *
 *     idle ──wanted──▶ connecting ──first packet──▶ live ◀─┐ a preferred source is back
 *      ▲                 ▲   ▲ │ failed               │ └──┘
 *      │ nobody left     │   │ ▼                      │ ended
 *      └──────────────── │   └ down (error, next attempt) ◀
 *                        └────── another source may be asked at once
 */
import assert from 'node:assert/strict';
import { aborted, delay } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import { GOOD_MEDIA_MS } from './back-off.ts';
import { nextSource } from './source-choice.ts';
import { SourceMember } from './source-member.ts';
import { sourceReturn } from './source-return.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { RelayAttempt } from './relay.ts';
import type { SourceRun } from './source-member.ts';
import type { Source } from './source.ts';
import type { StartLimiter } from './start-limiter.ts';
import type { SourceStatus, StateChange, StreamState } from './stream.ts';

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

/** Sources from the moment that they were given until they were stopped and have ended. */
interface Task {
  /** In order of preference; one at least. */
  readonly members: readonly SourceMember[];
  /** The one in use, or asked next. */
  current: SourceMember;
  /** Whose media came last. */
  used: SourceMember;
  /** On demand: how long they stay open after the last user. Undefined: always. */
  readonly idleMs: number | undefined;
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
    const { members, current, phase } = this.#task;
    const { kind, label, transport, skipped } = current.source;
    return {
      kind,
      label,
      attempts: members.reduce((sum, { attempts }) => sum + attempts, 0),
      nextAttemptUtcMs: phase.kind === 'waiting' ? phase.untilUtcMs : undefined,
      faults: sumOf(members.map(({ faults }) => faults)),
      ...(transport !== undefined && { transport }),
      ...(skipped !== undefined && { skipped }),
      ...(members.length > 1 && { members: members.map((member) => member.status(member === current)) }),
    };
  }

  /**
   * Runs the sources, of which the first is preferred, again and again until `stop`. `idleMs`: they are opened while somebody needs them, and
   * closed so long after the last; undefined: always open. Nothing else runs.
   */
  pull(sources: readonly Source[], idleMs: number | undefined): void {
    void this.#begin(sources, idleMs, (task) => this.#pull(task));
  }

  /** Runs a publisher's source once; resolves when it is over, with why, if it did not end by itself. Nothing else runs. */
  async publish(source: Source): Promise<WeirError | undefined> {
    let error: WeirError | undefined;
    await this.#begin([source], undefined, async (task) => {
      this.#change('connecting', undefined);
      error = await task.current.open(task.abort.signal, this.#options.begin).ended;
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
    if (!wanted) return this.#unwanted();
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
    task.current.back();
    if (task.current !== task.used) {
      const { stream, log } = this.#options;
      log.info({ stream, source: task.current.source.label }, 'Another source of the stream is in use now');
    }
    task.used = task.current;
    this.#change('live', undefined);
  }

  #unwanted(): void {
    const idleMs = this.#task?.idleMs;
    if (idleMs === undefined) {
      this.#demand = { kind: 'none' };
      return;
    }
    const timer = this.#clock.after(idleMs, () => {
      this.#demand = { kind: 'none' };
      if (this.#task?.idleMs !== undefined) this.#task.pause.abort();
    });
    this.#demand = { kind: 'ending', timer };
  }

  #begin(sources: readonly Source[], idleMs: number | undefined, work: (task: Task) => Promise<void>): Promise<void> {
    assert(this.#task === undefined, 'a stream is given its sources once');
    const members = sources.map((source, index) => this.#member(source, index, sources.length > 1));
    const [current] = members;
    assert(current !== undefined, 'a stream has a source');
    const task: Task = {
      members,
      current,
      used: current,
      idleMs,
      abort: new AbortController(),
      pause: new AbortController(),
      phase: { kind: 'opening' },
      done: Promise.resolve(),
    };
    this.#task = task;
    task.done = work(task);
    return task.done;
  }

  #member(source: Source, index: number, several: boolean): SourceMember {
    const { stream, clock, log, random } = this.#options;
    const named = several ? log.child({ source: source.label }) : log;
    return new SourceMember({ stream, source, index, clock, log: named, random });
  }

  async #pull(task: Task): Promise<void> {
    const { signal } = task.abort;
    while (!signal.aborted) {
      task.pause = new AbortController();
      const until = AbortSignal.any([signal, task.pause.signal]);
      if (task.idleMs !== undefined) await this.#untilWanted(task);
      if (signal.aborted) return;
      task.phase = { kind: 'opening' };
      this.#change('connecting', this.#state.error);
      await this.#options.limiter.take(task.current.source.host, until);
      const error = until.aborted ? undefined : await this.#run(task, until);
      if (until.aborted) forgetAll(task);
      else await this.#afterFailure(task, error ?? new WeirError('source-closed', 'The source ended'), until);
    }
  }

  /** From an attempt at the current source on, until the one that is in use by then has ended; resolves with why. */
  async #run(task: Task, until: AbortSignal): Promise<WeirError | undefined> {
    let run = task.current.open(until, this.#options.begin);
    for (;;) {
      const successor = await this.#successor(task, run, until);
      if (successor === undefined) return run.ended;
      run.end();
      await run.ended;
      run = successor;
    }
  }

  /** Resolves with the attempt at a preferred source that took over, or with undefined once `run` has ended. */
  async #successor(task: Task, run: SourceRun, until: AbortSignal): Promise<SourceRun | undefined> {
    if (run.member.index === 0) return run.ended.then(() => undefined);
    const { clock, limiter } = this.#options;
    const over = new AbortController();
    const preferred = task.members.slice(0, run.member.index);
    const adopt = (member: SourceMember): RelayAttempt => {
      task.current = member;
      return this.#options.begin();
    };
    const signal = AbortSignal.any([until, over.signal]);
    const found = sourceReturn({ clock, limiter, preferred, adopt, until }, signal);
    await Promise.race([run.ended, found]);
    over.abort();
    return found;
  }

  /** The wait between two attempts; without end where trying again makes no sense. None where another source may be asked at once. */
  async #afterFailure(task: Task, error: WeirError, signal: AbortSignal): Promise<void> {
    const { phase, current: failed } = task;
    const nowMs = this.#clock.monoMs();
    if (phase.kind === 'live' && nowMs - phase.sinceMs >= GOOD_MEDIA_MS) failed.forget();
    failed.failed(error);
    task.current = nextSource(task.members, failed, error.code, phase.kind === 'live', nowMs);
    const ms = Math.max(0, task.current.notBeforeMs - nowMs);
    if (ms === 0) return this.#change('connecting', phase.kind === 'live' ? error : this.#state.error);
    const ever = ms < Number.POSITIVE_INFINITY;
    task.phase = { kind: 'waiting', untilUtcMs: ever ? Math.round(this.#clock.utcMs() + ms) : undefined };
    this.#change('down', error);
    if (ever) await delay(this.#clock, ms, signal);
    else await aborted(signal);
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

/** Nobody needs them: who comes next asks the preferred one first. */
function forgetAll(task: Task): void {
  for (const member of task.members) member.forget();
  task.current = task.members[0] ?? task.current;
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const one of counts) for (const [name, count] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
