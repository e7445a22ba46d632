/**
 * Moments and lengths as they stand in the URLs of a stream.
 *
 *     1767261600        1767261600.25        Unix seconds, decimals allowed
 *     20260101T100000Z  20260101T100000.25Z  UTC, the form of RTSP's clock ranges (RFC 2326 §3.7)
 *     60  0.5                                a length: seconds, decimals allowed
 */
import { parseCompactUtc } from '../time/civil.ts';

/** What is meant to be a moment or a length, for the rows of the URL table: no capturing groups. Whether it is one, parsing says. */
export const TIME_SHAPE = String.raw`\d[\dTZ.]{0,39}`;
export const DURATION_SHAPE = String.raw`\d[\d.]{0,39}`;

/** UTC milliseconds of a moment, rounded; undefined if it is not one (no such day, other form). */
export function parseUrlTime(text: string): number | undefined {
  if (/^\d{1,11}(?:\.\d{1,9})?$/.test(text)) return Math.round(Number(text) * 1000);
  const utcMs = parseCompactUtc(text);
  return utcMs === undefined || utcMs < 0 ? undefined : utcMs;
}

/** Unix seconds with as many decimals as the milliseconds need: the inverse of `parseUrlTime`. */
export function formatUrlTime(utcMs: number): string {
  return formatUrlDuration(utcMs);
}

/** Milliseconds, rounded; undefined if it is not a length. */
export function parseUrlDuration(text: string): number | undefined {
  return /^\d{1,10}(?:\.\d{1,9})?$/.test(text) ? Math.round(Number(text) * 1000) : undefined;
}

/** Seconds with as many decimals as the milliseconds need. */
export function formatUrlDuration(ms: number): string {
  return String(Math.round(ms) / 1000);
}
