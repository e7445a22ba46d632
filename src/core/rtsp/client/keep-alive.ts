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

/** The method to try when this one was rejected or did not help. */
export function nextKeepAlive(method: KeepAliveMethod): KeepAliveMethod {
  return KEEP_ALIVE_METHODS[(KEEP_ALIVE_METHODS.indexOf(method) + 1) % KEEP_ALIVE_METHODS.length] ?? 'OPTIONS';
}

/** A session that played that long and was then cut, was probably cut because nothing kept it alive. */
export function cutByTimeout(playedMs: number, timeoutS: number | undefined): boolean {
  const timeoutMs = (timeoutS ?? DEFAULT_SESSION_TIMEOUT_S) * 1000;
  return playedMs >= 0.75 * timeoutMs && playedMs <= 1.5 * timeoutMs;
}
