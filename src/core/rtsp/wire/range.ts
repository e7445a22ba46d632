/**
 * The Range header (RFC 2326 §3.6, §3.7, §12.29), also the value of SDP's `a=range`.
 *
 *     npt=now-   npt=0.000-596.48   npt=0:01:30-   clock=20261124T101500.25Z-20261124T102500Z
 */
import { compactUtc, parseCompactUtc } from '../../time/civil.ts';

export type RtspRange =
  | { readonly kind: 'npt'; readonly fromS: number | 'now'; readonly toS: number | undefined }
  | { readonly kind: 'clock'; readonly fromUtcMs: number; readonly toUtcMs: number | undefined };

/** Undefined for what is neither (smpte, junk). `npt=-20` counts from the start. */
export function parseRange(value: string): RtspRange | undefined {
  const match = /^\s*(npt|clock)\s*=([^;-]*)-([^;]*)/i.exec(value);
  if (match === null) return undefined;
  const [, kind = '', from = '', to = ''] = match.map((part) => part.trim());
  return kind.toLowerCase() === 'npt' ? parseNptRange(from, to) : parseClockRange(from, to);
}

export function serialiseRange(range: RtspRange): string {
  if (range.kind === 'npt') {
    const from = range.fromS === 'now' ? 'now' : range.fromS.toFixed(3);
    return `npt=${from}-${range.toS === undefined ? '' : range.toS.toFixed(3)}`;
  }
  return `clock=${compactUtc(range.fromUtcMs)}-${range.toUtcMs === undefined ? '' : compactUtc(range.toUtcMs)}`;
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
  const fromUtcMs = parseCompactUtc(from.toUpperCase());
  const toUtcMs = to === '' ? undefined : parseCompactUtc(to.toUpperCase());
  if (fromUtcMs === undefined || (to !== '' && toUtcMs === undefined)) return undefined;
  return { kind: 'clock', fromUtcMs, toUtcMs };
}
