/**
 * Unbroken spans of a stream, each named by the number of its first segment. Numbers order them, not time: after a step of the clock
 * back two spans overlap, and stay two. Pure: `recording-index.ts` writes the changes.
 */
import type { RecordedSpan } from '../../stream/archive.ts';
import { joins, type Run } from './indexed-segment.ts';

export interface SpanChange {
  readonly removed: readonly number[];
  readonly put: readonly RecordedSpan[];
}

/** Adds a run between the spans before and after it (by number): joined to those that it continues. */
export function addRun(before: RecordedSpan | undefined, after: RecordedSpan | undefined, run: Run): SpanChange {
  const joinsBefore = before !== undefined && joins(before.endUtcMs, run.startUtcMs);
  const joinsAfter = after !== undefined && joins(run.endUtcMs, after.startUtcMs);
  const span: RecordedSpan = {
    id: joinsBefore ? before.id : run.number,
    startUtcMs: joinsBefore ? before.startUtcMs : run.startUtcMs,
    endUtcMs: joinsAfter ? after.endUtcMs : run.endUtcMs,
  };
  return { removed: joinsAfter ? [after.id] : [], put: [span] };
}

/** Takes a run out of the span it lies in: what is left before it keeps the name, what follows is named by `nextNumber`. */
export function removeRun(span: RecordedSpan, run: Run, nextNumber: number | undefined): SpanChange {
  const left = run.startUtcMs - span.startUtcMs > 0.5;
  const right = span.endUtcMs - run.endUtcMs > 0.5;
  const put: RecordedSpan[] = [];
  if (left) put.push({ ...span, endUtcMs: run.startUtcMs });
  if (right) {
    const id = left ? nextNumber : span.id;
    if (id !== undefined) put.push({ id, startUtcMs: run.endUtcMs, endUtcMs: span.endUtcMs });
  }
  return { removed: left ? [] : [span.id], put };
}
