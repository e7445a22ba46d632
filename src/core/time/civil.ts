/**
 * The Gregorian calendar and the clock of UTC: core has no `Date`. Days are counted from 1970-01-01, in eras of 400 years (146,097
 * days) and in years that begin with March, so that the leap day comes last.
 */
export interface CivilTime {
  /** 0 to 9999. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 60: a leap second, which is the first of the next minute. */
  readonly second: number;
}

const DAY_MS = 86_400_000;
const DAYS_MARCH_0000_TO_1970 = 719_468;
const ERA_DAYS = 146_097;
const COMPACT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/;

/** UTC milliseconds; undefined if there is no such day or time. */
export function utcMsFromCivil({ year, month, day, hour, minute, second }: CivilTime): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  return daysSince1970(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
}

/** Of a moment, its milliseconds apart. */
export function civilFromUtcMs(utcMs: number): CivilTime & { readonly millisecond: number } {
  const ms = Math.round(utcMs);
  const days = Math.floor(ms / DAY_MS);
  const inDay = ms - days * DAY_MS;
  const [year, month, day] = dateOf(days);
  return {
    year,
    month,
    day,
    hour: Math.floor(inDay / 3_600_000),
    minute: Math.floor(inDay / 60_000) % 60,
    second: Math.floor(inDay / 1000) % 60,
    millisecond: inDay % 1000,
  };
}

/** `YYYYMMDDThhmmss[.fraction]Z` (RFC 2326 §3.7) to UTC milliseconds, rounded; undefined if it is not that, or no such day. */
export function parseCompactUtc(text: string): number | undefined {
  const match = COMPACT.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const wholeMs = utcMsFromCivil({ year, month, day, hour, minute, second });
  return wholeMs === undefined ? undefined : wholeMs + Math.round(Number(match[7] ?? 0) * 1000);
}

/** The inverse of `parseCompactUtc`, with milliseconds where there are any. */
export function compactUtc(utcMs: number): string {
  const { year, month, day, hour, minute, second, millisecond } = civilFromUtcMs(utcMs);
  const fraction = millisecond === 0 ? '' : `.${digits(millisecond, 3)}`;
  const date = `${digits(year, 4)}${digits(month, 2)}${digits(day, 2)}`;
  return `${date}T${digits(hour, 2)}${digits(minute, 2)}${digits(second, 2)}${fraction}Z`;
}

/** ISO 8601 in UTC with milliseconds: '2026-01-01T10:00:00.123Z'. */
export function isoUtc(utcMs: number): string {
  const { year, month, day, hour, minute, second, millisecond } = civilFromUtcMs(utcMs);
  const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
  return `${date}T${digits(hour, 2)}:${digits(minute, 2)}:${digits(second, 2)}.${digits(millisecond, 3)}Z`;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function daysInMonth(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * ERA_DAYS + dayOfEra - DAYS_MARCH_0000_TO_1970;
}

function dateOf(days1970: number): readonly [year: number, month: number, day: number] {
  const days = days1970 + DAYS_MARCH_0000_TO_1970;
  const era = Math.floor(days / ERA_DAYS);
  const dayOfEra = days - era * ERA_DAYS;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return [era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day];
}
