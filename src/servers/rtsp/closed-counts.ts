/** How many connections were closed because of what their peers did, by the code of the reason: for metrics. */
import type { ErrorCode } from '../../core/errors.ts';

export class ClosedCounts {
  readonly #counts = new Map<ErrorCode, number>();

  count(code: ErrorCode): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }

  all(): ReadonlyMap<ErrorCode, number> {
    return this.#counts;
  }
}
