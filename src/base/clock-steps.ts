/** Says when the system clock was set: what is recorded and listed then jumps with it, and who reads the log is to know why. */
import type { Clock, Timer } from './clock.ts';
import type { Log } from './log.ts';

/** How often it is looked at. */
export const LOOK_MS = 1000;
/** Less between two looks is the slow setting that time services do, which streams follow without a jump. */
export const STEP_MS_MIN = 1000;

/** Looks until it is cancelled. A machine that slept looks the same: its clock went on, ours did not. */
export function watchClockSteps(clock: Clock, log: Log): Timer {
  const offset = (): number => clock.utcMs() - clock.monoMs();
  let beforeMs = offset();
  return clock.every(LOOK_MS, () => {
    const nowMs = offset();
    const stepMs = Math.round(nowMs - beforeMs);
    beforeMs = nowMs;
    if (Math.abs(stepMs) <= STEP_MS_MIN) return;
    log.warn(
      { stepMs },
      `The system clock was set ${stepMs > 0 ? 'forwards' : 'back'}: streams and recordings follow it`,
    );
  });
}
