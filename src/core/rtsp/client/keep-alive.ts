/**
 * Keeping a session alive (RFC 2326 §12.37): by requests, since not all servers count RTCP over TCP. Which request a server wants differs:
 * live555 dies of GET_PARAMETER, GW4089IP wants SET_PARAMETER, VLC's server counts GET_PARAMETER only, C520WS rejects SET_PARAMETER (ret#133).
 */
import { DEFAULT_SESSION_TIMEOUT_S } from '../wire/session.ts';

export const KEEP_ALIVE_METHODS = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER'] as const;
export type KeepAliveMethod = (typeof KEEP_ALIVE_METHODS)[number];

/** Half the time-out, however short it is (there are sessions of 5 s); more than a minute is not believed. */
export function keepAlivePeriodMs(timeoutS: number | undefined): number {
  const seconds = Math.min(timeoutS ?? DEFAULT_SESSION_TIMEOUT_S, DEFAULT_SESSION_TIMEOUT_S);
  return (seconds * 1000) / 2;
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
