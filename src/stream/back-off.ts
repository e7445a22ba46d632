/** How long to wait before the next attempt. Pure: failures and a random number in, milliseconds out. */
import type { ErrorCode } from '../core/errors.ts';

export const RETRY_MS_MIN = 1000;
export const RETRY_MS_MAX = 30_000;
/** After a refused password: cameras lock accounts that fail too often. */
export const RETRY_UNAUTHORIZED_MS = 30_000;
/**
 * A camera that reboots does not answer, then refuses connections, for a minute: asking costs it nothing, and it is to be back within 5 s
 * of its return.
 */
export const RETRY_UNREACHABLE_MS_MAX = 4000;
/** So many of them in a row are no reboot. */
const REBOOT_FAILURES_MAX = 60;
/** Good media for so long, and the next failure counts as the first. */
export const GOOD_MEDIA_MS = 30_000;

/** `failures` of this cause since the source was last well, this one included; `random` in [0, 1). */
export function retryMs(failures: number, code: ErrorCode, random: number): number {
  const doubled = RETRY_MS_MIN * 2 ** Math.min(failures - 1, 10);
  const away = code === 'source-unreachable' || code === 'source-timeout';
  const most = away && failures <= REBOOT_FAILURES_MAX ? RETRY_UNREACHABLE_MS_MAX : RETRY_MS_MAX;
  const base = Math.min(doubled, most);
  if (code === 'source-unauthorized') return RETRY_UNAUTHORIZED_MS + base * random;
  // Jitter downwards, so that the limits hold; not below the least.
  return Math.max(RETRY_MS_MIN, base * (1 - random / 2));
}
