/**
 * Keeping a session alive (RFC 2326 §12.37): by requests, since not all servers count RTCP over TCP. Which request a server wants differs:
 * live555 dies of GET_PARAMETER, GW4089IP wants SET_PARAMETER, VLC's server counts GET_PARAMETER only, C520WS rejects SET_PARAMETER (ret#133).
 */
import { DEFAULT_SESSION_TIMEOUT_S } from '../wire/session.ts';

export const KEEP_ALIVE_METHODS = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER'] as const;
export type KeepAliveMethod = (typeof KEEP_ALIVE_METHODS)[number];

/** Not more often: small cameras have other things to do. */
const MIN_PERIOD_MS = 5000;
/** Sessions that would not outlive it (there are some of 5 s) are kept at half of their time-out all the same; that may be nonsense too (1 s). */
const MIN_TIMEOUT_FOR_MIN_PERIOD_S = 7;
const MIN_SHORT_PERIOD_MS = 2000;

/** Half the time-out, and not too often; more than a minute is not believed. */
export function keepAlivePeriodMs(timeoutS: number | undefined): number {
  const seconds = Math.min(timeoutS ?? DEFAULT_SESSION_TIMEOUT_S, DEFAULT_SESSION_TIMEOUT_S);
  const minMs = seconds < MIN_TIMEOUT_FOR_MIN_PERIOD_S ? MIN_SHORT_PERIOD_MS : MIN_PERIOD_MS;
  return Math.max((seconds * 1000) / 2, minMs);
}

/** The method that keeps the sessions of one server alive: one that is rejected or does not help makes room for the next. */
export class KeepAlive {
  #method: KeepAliveMethod;

  constructor(method: KeepAliveMethod) {
    this.#method = method;
  }

  get method(): KeepAliveMethod {
    return this.#method;
  }

  /** Any answer shows life, and an error is none of the session's; but another method may please more. */
  answered(status: number): void {
    if (status >= 400) this.#next();
  }

  /** A session that played about as long as its time-out and was then cut, was probably cut because nothing kept it alive. */
  ended(playedMs: number, timeoutS: number | undefined): void {
    const timeoutMs = (timeoutS ?? DEFAULT_SESSION_TIMEOUT_S) * 1000;
    if (playedMs >= 0.75 * timeoutMs && playedMs <= 1.5 * timeoutMs) this.#next();
  }

  #next(): void {
    const index = KEEP_ALIVE_METHODS.indexOf(this.#method) + 1;
    this.#method = KEEP_ALIVE_METHODS[index % KEEP_ALIVE_METHODS.length] ?? 'OPTIONS';
  }
}
