/** A moment as playlists write it: ISO 8601 in UTC with milliseconds, '2026-01-01T10:00:00.123Z' (RFC 8216 §4.3.2.6). */
export function utcText(utcMs: number): string {
  const ms = Math.round(utcMs);
  const days = Math.floor(ms / DAY_MS);
  const rest = ms - days * DAY_MS;
  const [year, month, day] = civil(days);
  const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
  const hour = digits(Math.floor(rest / 3_600_000), 2);
  const minute = digits(Math.floor(rest / 60_000) % 60, 2);
  const second = digits(Math.floor(rest / 1000) % 60, 2);
  return `${date}T${hour}:${minute}:${second}.${digits(rest % 1000, 3)}Z`;
}

const DAY_MS = 86_400_000;

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/**
 * Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar: core has no `Date`. Counts in eras of 400 years
 * (146,097 days) and in years that begin with March, so that the leap day comes last.
 */
function civil(days: number): readonly [number, number, number] {
  const sinceMarch0000 = days + 719_468;
  const era = Math.floor(sinceMarch0000 / 146_097);
  const dayOfEra = sinceMarch0000 - era * 146_097;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return [era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day];
}
