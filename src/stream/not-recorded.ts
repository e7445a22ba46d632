import { WeirError } from '../core/errors.ts';
import type { NearestTimes } from './archive.ts';

/** `not-recorded`, with recorded moments around the one that was asked for: whole milliseconds that can be asked for instead. */
export class NotRecordedError extends WeirError {
  readonly beforeUtcMs: number | undefined;
  readonly afterUtcMs: number | undefined;

  constructor(message: string, nearest: NearestTimes) {
    // A span does not hold its end, and what begins within a millisecond is asked for by that millisecond.
    const beforeUtcMs = nearest.beforeUtcMs === undefined ? undefined : Math.floor(nearest.beforeUtcMs - 1);
    const afterUtcMs = nearest.afterUtcMs === undefined ? undefined : Math.floor(nearest.afterUtcMs);
    const times = [beforeUtcMs, afterUtcMs].filter((time) => time !== undefined);
    const expected = times.map((time) => new Date(time).toISOString()).join(' or ');
    super('not-recorded', message, times.length === 0 ? {} : { expected });
    this.beforeUtcMs = beforeUtcMs;
    this.afterUtcMs = afterUtcMs;
  }
}
