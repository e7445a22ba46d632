/**
 * Which of a stream's sources is asked next, after one failed. Pure: failures and times in, a source out.
 *
 *     it was live, and closed the connection     the same again: a camera that changes its settings is back in a second
 *     it never was, fell silent, failed twice,   whichever may be asked first, of several the preferred one
 *     or has to wait long (a refused password)
 */
import type { ErrorCode } from '../core/errors.ts';

/** With this much to wait for the same source, another is asked first. */
export const SAME_SOURCE_WAIT_MS_MAX = 10_000;

export interface Candidate {
  /** Monotonic; infinite where trying again makes no sense. */
  readonly notBeforeMs: number;
  /** Since it was last well. */
  readonly failures: number;
}

/** `candidates` stand in order of preference; `failed` is one of them, with `code`, and `wasLive` says whether its media had come. */
export function nextSource<T extends Candidate>(
  candidates: readonly T[],
  failed: T,
  code: ErrorCode,
  wasLive: boolean,
  nowMs: number,
): T {
  const waitMs = failed.notBeforeMs - nowMs;
  const same = wasLive && failed.failures === 1 && code !== 'source-silent' && waitMs <= SAME_SOURCE_WAIT_MS_MAX;
  if (same) return failed;
  const dueMs = ({ notBeforeMs }: T): number => Math.max(notBeforeMs, nowMs);
  return candidates.reduce((best, one) => (dueMs(one) < dueMs(best) ? one : best));
}
