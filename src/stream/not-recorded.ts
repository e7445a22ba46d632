import { WeirError } from '../core/errors.ts';
import type { NearestTimes } from './archive.ts';

/** `not-recorded`, with the recorded moments around the one that was asked for, for whoever can offer them instead. */
export class NotRecordedError extends WeirError {
  readonly nearest: NearestTimes;

  constructor(message: string, nearest: NearestTimes) {
    const times = [nearest.beforeUtcMs, nearest.afterUtcMs].filter((time) => time !== undefined);
    const expected = times.map((time) => new Date(time).toISOString()).join(' or ');
    super('not-recorded', message, times.length === 0 ? {} : { expected });
    this.nearest = nearest;
  }
}
