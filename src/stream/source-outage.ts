/**
 * The failures of one source since it was last well: how many of each cause, for the back-off, and what of them is worth a line. A camera
 * that is off for a night fails thousands of times and is told a few.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ErrorCode, WeirError } from '../core/errors.ts';

/** Failures of one cause are said when they begin, and then so often, with their number. */
export const REPEAT_MS = 300_000;

interface Cause {
  failures: number;
  /** Since the last line. */
  unsaid: number;
  /** Monotonic, of the last line. */
  saidMs: number;
}

export class SourceOutage {
  readonly #stream: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #causes = new Map<ErrorCode, Cause>();
  /** Monotonic; undefined: it is not away. */
  #awaySinceMs: number | undefined;

  constructor(stream: string, clock: Clock, log: Log) {
    this.#stream = stream;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * An attempt failed. `retryMs` tells from the number of failures of this cause since the source was last well how long to wait, without
   * end if undefined; it is returned.
   */
  failed(error: WeirError, retryMs: (failures: number) => number | undefined): number | undefined {
    this.#awaySinceMs ??= this.#clock.monoMs();
    const cause = this.#causes.get(error.code) ?? { failures: 0, unsaid: 0, saidMs: Number.NEGATIVE_INFINITY };
    this.#causes.set(error.code, cause);
    cause.failures++;
    const ms = retryMs(cause.failures);
    this.#say(error, cause, ms);
    return ms;
  }

  /** Media comes. */
  back(): void {
    if (this.#awaySinceMs === undefined) return;
    const awayMs = Math.round(this.#clock.monoMs() - this.#awaySinceMs);
    this.#log.info({ stream: this.#stream, awayMs }, 'The source is back');
    this.#awaySinceMs = undefined;
    for (const cause of this.#causes.values()) Object.assign(cause, { unsaid: 0, saidMs: Number.NEGATIVE_INFINITY });
  }

  /** Media came for so long that the next failure counts as the first; or nobody wants it for now. */
  forget(): void {
    this.#causes.clear();
    this.#awaySinceMs = undefined;
  }

  #say(error: WeirError, cause: Cause, ms: number | undefined): void {
    const { code, row } = error;
    const { failures, unsaid } = cause;
    const retryMs = ms === undefined ? undefined : Math.round(ms);
    const fields = { stream: this.#stream, code, remedy: row.remedy, failures, retryMs };
    const nowMs = this.#clock.monoMs();
    if (nowMs - cause.saidMs < REPEAT_MS) {
      cause.unsaid++;
      this.#log.debug(fields, error.describe());
      return;
    }
    cause.saidMs = nowMs;
    cause.unsaid = 0;
    this.#log.warn(unsaid === 0 ? fields : { ...fields, repeated: unsaid }, error.describe());
  }
}
