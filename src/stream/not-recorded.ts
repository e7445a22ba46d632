import { WeirError } from '../core/errors.ts';
import type { NearestTimes } from './archive.ts';

/** `not-recorded`, with recorded moments around the one that was asked for: whole milliseconds that can be asked for instead. */
export class NotRecordedError extends WeirError {
  readonly beforeUtcMs: number | undefined;
  readonly afterUtcMs: number | undefined;

  constructor(message: string, found: NearestTimes) {
    // A span does not hold its end, and what begins within a millisecond is asked for by that millisecond.
    const beforeUtcMs = found.beforeUtcMs === undefined ? undefined : Math.floor(found.beforeUtcMs - 1);
    const afterUtcMs = found.afterUtcMs === undefined ? undefined : Math.floor(found.afterUtcMs);
    const times = [beforeUtcMs, afterUtcMs].filter((time) => time !== undefined);
    const nearest = `the nearest recorded time${times.length === 1 ? '' : 's'}`;
    const expected = `${times.map((time) => new Date(time).toISOString()).join(' or ')}, ${nearest}`;
    super('not-recorded', message, times.length === 0 ? {} : { expected });
    this.beforeUtcMs = beforeUtcMs;
    this.afterUtcMs = afterUtcMs;
  }
}
