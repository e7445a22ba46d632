/** Begins a recording; where that fails (a database that cannot be read for a moment) again after a while, until it is called off. */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { WeirError } from '../../core/errors.ts';

export const BEGIN_AGAIN_MS = 5_000;

/** That a recording could not begin, and since when. */
export interface FailedStart {
  readonly error: WeirError;
  readonly sinceMs: number;
  readonly sinceUtcMs: number;
}

export interface RecordingStartOptions {
  readonly stream: string;
  /** Is told of the attempts before, if they failed. */
  readonly begin: (failed: FailedStart | undefined) => void;
  readonly clock: Clock;
  readonly log: Log;
}

type StartState =
  | { readonly kind: 'waiting' | 'over' }
  | { readonly kind: 'failing'; readonly failed: FailedStart; readonly timer: Timer };

export class RecordingStart {
  readonly #options: RecordingStartOptions;
  #state: StartState = { kind: 'waiting' };

  constructor(options: RecordingStartOptions) {
    this.#options = options;
  }

  get failed(): FailedStart | undefined {
    return this.#state.kind === 'failing' ? this.#state.failed : undefined;
  }

  attempt(): void {
    if (this.#state.kind === 'over') return;
    const { stream, begin, clock, log } = this.#options;
    const before = this.failed;
    try {
      begin(before);
      this.#state = { kind: 'over' };
    } catch (cause) {
      const error = cause instanceof WeirError ? cause : new WeirError('internal', 'a recording failed', { cause });
      const failed = {
        error,
        sinceMs: before?.sinceMs ?? clock.monoMs(),
        sinceUtcMs: before?.sinceUtcMs ?? clock.utcMs(),
      };
      this.#state = { kind: 'failing', failed, timer: clock.after(BEGIN_AGAIN_MS, () => this.attempt()) };
      const fields = { stream, code: error.code, remedy: error.row.remedy, error };
      if (before === undefined) log.error(fields, 'a recording could not begin: it is tried again');
    }
  }

  callOff(): void {
    if (this.#state.kind === 'failing') this.#state.timer.cancel();
    this.#state = { kind: 'over' };
  }
}
