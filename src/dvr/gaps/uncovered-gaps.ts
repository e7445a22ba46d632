import { MIN_GAP_MS } from '../../state/gap-store.ts';
import type { RecordedGap, RecordedSpan } from '../../stream/archive.ts';

/**
 * Gaps less what is recorded after all, each second in one of them: a crash is noted before a disk that was away, or a lost index, tells
 * what it held, and a clock that is set back passes the same time twice. Both in order of their start.
 */
export function uncoveredGaps(gaps: readonly RecordedGap[], spans: readonly RecordedSpan[]): readonly RecordedGap[] {
  let accountedUtcMs = -Infinity;
  return gaps.flatMap((gap) => {
    const pieces = uncovered(gap, Math.max(gap.startUtcMs, accountedUtcMs), spans);
    accountedUtcMs = Math.max(accountedUtcMs, gap.endUtcMs ?? Infinity);
    return pieces;
  });
}

function uncovered(gap: RecordedGap, fromUtcMs: number, spans: readonly RecordedSpan[]): readonly RecordedGap[] {
  const endUtcMs = gap.endUtcMs ?? Infinity;
  const pieces: RecordedGap[] = [];
  let at = fromUtcMs;
  for (const span of spans) {
    if (span.endUtcMs <= at) continue;
    if (span.startUtcMs >= endUtcMs) break;
    if (span.startUtcMs - at >= MIN_GAP_MS) pieces.push({ ...gap, startUtcMs: at, endUtcMs: span.startUtcMs });
    at = span.endUtcMs;
  }
  if (endUtcMs - at >= MIN_GAP_MS) pieces.push({ ...gap, startUtcMs: at });
  return pieces;
}
