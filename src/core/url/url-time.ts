/**
 * Moments and lengths as they stand in the URLs of a stream.
 *
 *     1767261600        1767261600.25        Unix seconds, decimals allowed
 *     20260101T100000Z  20260101T100000.25Z  UTC, the form of RTSP's clock ranges (RFC 2326 §3.7)
 *     60  0.5                                a length: seconds, decimals allowed
 */

/** What a moment looks like, for the rows of the URL table: no capturing groups. */
export const TIME_SHAPE = String.raw`(?:\d{1,11}(?:\.\d{1,9})?|\d{8}T\d{6}(?:\.\d{1,9})?Z)`;
export const DURATION_SHAPE = String.raw`\d{1,10}(?:\.\d{1,9})?`;

/** UTC milliseconds of a moment, rounded; undefined if it is not one (no such day, other form). */
export function parseUrlTime(text: string): number | undefined {
  if (/^\d{1,11}(?:\.\d{1,9})?$/.test(text)) return Math.round(Number(text) * 1000);
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (year < 1970 || hour > 23 || minute > 59 || second > 60) return undefined;
  const seconds = ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
  return seconds * 1000 + Math.round(Number(match[7] ?? 0) * 1000);
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

function daysInMonth(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

/** Days from 1970-01-01 in the Gregorian calendar; years are counted from March, so that the leap day is a year's last. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const marchMonth = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}
