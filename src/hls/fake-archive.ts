/** An archive for tests, told by hand what it holds. */
import { samplePieces } from '../core/codec/sample.ts';
import type { Archive, ArchivedKeyFrame, NearestTimes, RecordedGap, RecordedSpan } from '../stream/archive.ts';
import type { SegmentEntry } from '../stream/fragment.ts';
import type { SegmentContent } from '../stream/segment-content.ts';
import type { HeadSegment } from '../stream/timeline.ts';
import { fakeUnit } from './fake-segment.ts';

/** What is recorded: these segments, in order of time; a span is a run without a discontinuity. */
export class FakeArchive implements Archive {
  segmentsOf: readonly HeadSegment[] = [];
  recordedGaps: readonly RecordedGap[] = [];
  /** Spans of segments that were read. */
  readonly read: (readonly [number, number])[] = [];
  /** The files are gone though the index names them: retention is at work. */
  removed = false;

  async spans(_stream: string, fromUtcMs: number, toUtcMs: number): Promise<readonly RecordedSpan[]> {
    const spans: RecordedSpan[] = [];
    for (const { startUtcMs, durationMs, discontinuity } of this.segmentsOf) {
      const last = discontinuity ? undefined : spans.pop();
      spans.push({
        id: last?.id ?? startUtcMs,
        startUtcMs: last?.startUtcMs ?? startUtcMs,
        endUtcMs: startUtcMs + durationMs,
      });
    }
    return spans
      .filter(({ startUtcMs, endUtcMs }) => startUtcMs < toUtcMs && endUtcMs > fromUtcMs)
      .map((span) => ({
        ...span,
        startUtcMs: Math.max(span.startUtcMs, fromUtcMs),
        endUtcMs: Math.min(span.endUtcMs, toUtcMs),
      }));
  }

  async gaps(): Promise<readonly RecordedGap[]> {
    return this.recordedGaps;
  }

  async segments(_stream: string, fromUtcMs: number, toUtcMs: number, limit: number): Promise<readonly SegmentEntry[]> {
    const touches = ({ startUtcMs, durationMs }: SegmentEntry): boolean =>
      startUtcMs < toUtcMs && startUtcMs + durationMs > fromUtcMs;
    return this.segmentsOf.filter(touches).slice(0, limit);
  }

  async segment(_stream: string, number: number): Promise<SegmentContent | undefined> {
    const found = this.segmentsOf.find((segment) => segment.number === number);
    if (found === undefined) return undefined;
    const bytes = Buffer.concat(found.fragments.map((fragment) => fragment.bytes));
    const read = async (start = 0, end = bytes.length): Promise<readonly Uint8Array[] | undefined> => {
      this.read.push([start, end]);
      return this.removed ? undefined : [bytes.subarray(start, end)];
    };
    return { bytes: bytes.length, holder: {}, read };
  }

  async init(_stream: string, hash: string): Promise<Uint8Array | undefined> {
    return this.segmentsOf.find(({ initHash }) => initHash === hash)?.init.bytes;
  }

  async keyFrame(_stream: string, utcMs: number): Promise<ArchivedKeyFrame | NearestTimes> {
    const found = this.segmentsOf.findLast(({ startUtcMs }) => startUtcMs <= utcMs);
    if (found !== undefined && utcMs < found.startUtcMs + found.durationMs) return keyFrameOf(found);
    const next = this.segmentsOf.find(({ startUtcMs }) => startUtcMs > utcMs);
    return {
      kind: 'nearest',
      beforeUtcMs: found === undefined ? undefined : found.startUtcMs + found.durationMs,
      afterUtcMs: next?.startUtcMs,
    };
  }
}

function keyFrameOf({ startUtcMs, init }: HeadSegment): ArchivedKeyFrame {
  const unit = fakeUnit(init.tracks[0]?.parameters);
  return {
    kind: 'key-frame',
    utcMs: startUtcMs,
    sample: Buffer.concat(samplePieces(unit)),
    initHash: init.hash,
    parameters: unit.parameters,
  };
}
