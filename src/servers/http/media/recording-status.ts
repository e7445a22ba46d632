/**
 * Recorded spans and gaps in the form that Flussonic's clients read (and with it what they do not: gaps with reasons).
 *
 *     [{"stream":"s","ranges":[{"from":1483970675,"duration":3687,"opened_at":1483970675120,"closed_at":1483974361320}],"gaps":[…]}]
 *
 * `from` and `duration` are whole seconds, rounded outwards: clients with typed parsers read integers, and who asks for that range of
 * the archive gets all that is recorded in it. `opened_at` and `closed_at` are in milliseconds.
 */
import { WeirError } from '../../../core/errors.ts';
import { parseUrlTime } from '../../../core/url/url-time.ts';
import type { Archive, GapReason } from '../../../stream/archive.ts';

export interface RecordingStatus {
  readonly stream: string;
  readonly ranges: readonly StatusRange[];
  readonly gaps: readonly StatusGap[];
}

interface StatusRange {
  readonly from: number;
  readonly duration: number;
  readonly opened_at: number;
  readonly closed_at: number;
}

interface StatusGap extends StatusRange {
  readonly reason: GapReason;
  /** It still lasts: `closed_at` is now, or the end of the range. */
  readonly open: boolean;
}

/** Of the range that `from` and `to` give: Unix seconds, 20260101T100000Z, `now`; from the beginning until now if left out. Throws `time-invalid`. */
export async function recordingStatus(
  archive: Archive,
  stream: string,
  query: URLSearchParams,
  nowUtcMs: number,
): Promise<RecordingStatus> {
  const from = momentOf(query, 'from', nowUtcMs) ?? 0;
  const to = momentOf(query, 'to', nowUtcMs) ?? nowUtcMs;
  if (from >= to) return { stream, ranges: [], gaps: [] };
  const [spans, gaps] = await Promise.all([archive.spans(stream, from, to), archive.gaps(stream, from, to)]);
  return {
    stream,
    ranges: spans.map(({ startUtcMs, endUtcMs }) => rangeOf(startUtcMs, endUtcMs)),
    gaps: gaps.map(({ startUtcMs, endUtcMs, reason }) => {
      const open = endUtcMs === undefined;
      return { ...rangeOf(Math.max(startUtcMs, from), Math.min(endUtcMs ?? nowUtcMs, to)), reason, open };
    }),
  };
}

function rangeOf(startUtcMs: number, endUtcMs: number): StatusRange {
  const from = Math.floor(startUtcMs / 1000);
  const duration = Math.ceil(endUtcMs / 1000) - from;
  return { from, duration, opened_at: Math.floor(startUtcMs), closed_at: Math.ceil(endUtcMs) };
}

function momentOf(query: URLSearchParams, name: string, nowUtcMs: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (text === 'now') return nowUtcMs;
  const utcMs = parseUrlTime(text);
  if (utcMs !== undefined) return utcMs;
  throw new WeirError('time-invalid', `'${text.slice(0, 40)}' is no time`, {
    place: name,
    expected: 'Unix seconds, 20260101T100000Z or now',
  });
}
