import { delay, type Clock } from './clock.ts';

/** Waits for `work`, but no longer than `ms`: whether it came in time. Throws what it throws in time; what comes later is its owner's. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([work.then(() => true), delay(clock, ms, over.signal).then(() => false)]);
  } finally {
    over.abort();
  }
}
