/**
 * The Range header (RFC 2326 §3.6, §3.7, §12.29), also the value of SDP's `a=range`.
 *
 *     npt=now-   npt=0.000-596.48   npt=0:01:30-   clock=20261124T101500.25Z-20261124T102500Z
 */
export type RtspRange =
  | { readonly kind: 'npt'; readonly fromS: number | 'now'; readonly toS: number | undefined }
  | { readonly kind: 'clock'; readonly fromUtcMs: number; readonly toUtcMs: number | undefined };

/** Undefined for what is neither (smpte, junk). `npt=-20` counts from the start. */
export function parseRange(value: string): RtspRange | undefined {
  const match = /^\s*(npt|clock)\s*=\s*([^;-]*)-([^;]*)/i.exec(value);
  if (match === null) return undefined;
  const [, kind = '', from = '', to = ''] = match.map((part) => part.trim());
  return kind.toLowerCase() === 'npt' ? parseNptRange(from, to) : parseClockRange(from, to);
}

export function serialiseRange(range: RtspRange): string {
  if (range.kind === 'npt') {
    const from = range.fromS === 'now' ? 'now' : range.fromS.toFixed(3);
    return `npt=${from}-${range.toS === undefined ? '' : range.toS.toFixed(3)}`;
  }
  return `clock=${serialiseUtc(range.fromUtcMs)}-${range.toUtcMs === undefined ? '' : serialiseUtc(range.toUtcMs)}`;
}

function parseNptRange(from: string, to: string): RtspRange | undefined {
  const fromS = from === '' ? 0 : parseNpt(from);
  const toS = to === '' ? undefined : parseNpt(to);
  if (fromS === undefined || toS === 'now' || (to !== '' && toS === undefined)) return undefined;
  return { kind: 'npt', fromS, toS };
}

/** §3.6: seconds, or hours:minutes:seconds. */
function parseNpt(text: string): number | 'now' | undefined {
  if (text.toLowerCase() === 'now') return 'now';
  const match = /^(?:(\d{1,7}):(\d{1,2}):)?(\d{1,12}(?:\.\d*)?)$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1] ?? 0) * 3600 + Number(match[2] ?? 0) * 60 + Number(match[3]);
}

function parseClockRange(from: string, to: string): RtspRange | undefined {
  const fromUtcMs = parseUtc(from);
  const toUtcMs = to === '' ? undefined : parseUtc(to);
  if (fromUtcMs === undefined || (to !== '' && toUtcMs === undefined)) return undefined;
  return { kind: 'clock', fromUtcMs, toUtcMs };
}

/** §3.7: `YYYYMMDDThhmmss[.fraction]Z` to UTC milliseconds. */
function parseUtc(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/i.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  const seconds = daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  return seconds * 1000 + Math.round(Number(match[7] ?? 0) * 1000);
}

function serialiseUtc(utcMs: number): string {
  const ms = Math.round(utcMs);
  const days = Math.floor(ms / 86_400_000);
  const [year, month, day] = dateOf(days);
  const inDay = ms - days * 86_400_000;
  const time = two(inDay / 3_600_000) + two((inDay / 60_000) % 60) + two((inDay / 1000) % 60);
  const fraction = inDay % 1000 === 0 ? '' : `.${String(inDay % 1000).padStart(3, '0')}`;
  return `${String(year).padStart(4, '0')}${two(month)}${two(day)}T${time}${fraction}Z`;
}

/** Two digits of a whole part. */
function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

/** Days of the Gregorian calendar, counted in eras of 400 years that begin on 1 March (so that the leap day is the last). */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

function dateOf(days1970: number): readonly [number, number, number] {
  const days = days1970 + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1];
}
