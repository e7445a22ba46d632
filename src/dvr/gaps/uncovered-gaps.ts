import { MIN_GAP_MS } from '../../state/gap-store.ts';
import type { RecordedGap, RecordedSpan } from '../../stream/archive.ts';

/**
 * Gaps less what is recorded after all: a crash is noted before a disk that was away, or a lost index, tells what it held. Spans in order of
 * their start.
 */
export function uncoveredGaps(gaps: readonly RecordedGap[], spans: readonly RecordedSpan[]): readonly RecordedGap[] {
  return gaps.flatMap((gap) => uncovered(gap, spans));
}

function uncovered(gap: RecordedGap, spans: readonly RecordedSpan[]): readonly RecordedGap[] {
  const endUtcMs = gap.endUtcMs ?? Infinity;
  const pieces: RecordedGap[] = [];
  let at = gap.startUtcMs;
  for (const span of spans) {
    if (span.endUtcMs <= at) continue;
    if (span.startUtcMs >= endUtcMs) break;
    if (span.startUtcMs - at >= MIN_GAP_MS) pieces.push({ ...gap, startUtcMs: at, endUtcMs: span.startUtcMs });
    at = span.endUtcMs;
  }
  if (endUtcMs - at >= MIN_GAP_MS) pieces.push({ ...gap, startUtcMs: at });
  return pieces;
}
