/** One of the sources of a stream: its attempts, its failures, and when it may be asked again. */
import { WeirError } from '../core/errors.ts';
import { retryMs } from './back-off.ts';
import { SourceOutage } from './source-outage.ts';
import { SourceRunner } from './source-runner.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { RelayAttempt } from './relay.ts';
import type { Source } from './source.ts';
import type { SourceMemberStatus } from './stream.ts';

export interface SourceMemberOptions {
  readonly stream: string;
  readonly source: Source;
  /** In order of preference; 0 is preferred to all others. */
  readonly index: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** An attempt under way. */
export interface SourceRun {
  readonly member: SourceMember;
  /** As SourceRunner.attempt. */
  readonly ended: Promise<WeirError | undefined>;
  end(): void;
}

export class SourceMember {
  readonly source: Source;
  readonly index: number;
  readonly #options: SourceMemberOptions;
  readonly #runner: SourceRunner;
  readonly #outage: SourceOutage;
  /** Why its last attempt failed, until media comes again. */
  #error: WeirError | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #failures = 0;

  constructor(options: SourceMemberOptions) {
    const { stream, source, index, clock, log } = options;
    this.source = source;
    this.index = index;
    this.#options = options;
    this.#runner = new SourceRunner({ stream, source, clock, log });
    this.#outage = new SourceOutage(stream, clock, log);
  }

  get attempts(): number {
    return this.#runner.attempts;
  }

  get faults(): Readonly<Record<string, number>> {
    return this.#runner.faults;
  }

  /** Monotonic; infinite where trying again makes no sense. */
  get notBeforeMs(): number {
    return this.#notBeforeMs;
  }

  /** Of whatever cause, since it was last well. */
  get failures(): number {
    return this.#failures;
  }

  status(inUse: boolean): SourceMemberStatus {
    const { kind, label } = this.source;
    return { kind, label, inUse, attempts: this.attempts, error: this.#error };
  }

  open(signal: AbortSignal, begin: () => RelayAttempt): SourceRun {
    const abort = new AbortController();
    const ended = this.#runner.attempt(AbortSignal.any([signal, abort.signal]), begin);
    return { member: this, ended, end: () => abort.abort() };
  }

  failed(error: WeirError): void {
    const { clock, random } = this.#options;
    this.#error = error;
    this.#failures++;
    const ms = this.#outage.failed(error, (failures) =>
      error.row.retry ? retryMs(failures, error.code, random()) : undefined,
    );
    this.#notBeforeMs = ms === undefined ? Number.POSITIVE_INFINITY : clock.monoMs() + ms;
  }

  /** Media comes. */
  back(): void {
    this.#error = undefined;
    this.#outage.back();
  }

  /** Media came for so long that the next failure counts as the first; or nobody wants it for now. */
  forget(): void {
    this.#failures = 0;
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    this.#outage.forget();
  }
}
