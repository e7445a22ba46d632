import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HEAD_BYTES_MAX, HEAD_SEGMENTS_MAX, SegmentHead } from './timeline-head.ts';
import type { Fragment } from './fragment.ts';

const INIT = { hash: 'a', bytes: new Uint8Array(1), tracks: [] };
/** One for all: what is counted is its length. */
const BYTES = new Uint8Array(8 * 1024 * 1024);

interface Row {
  readonly name: string;
  readonly keep: number;
  readonly targetDurationS?: number;
  readonly durationMs: number;
  readonly bytes?: number;
  readonly given: number;
  readonly kept: number;
  readonly droppedEarly?: number;
}

const ROWS: readonly Row[] = [
  { name: 'all, while there are few', keep: 6, durationMs: 2000, given: 5, kept: 5 },
  { name: 'as many as are kept', keep: 6, durationMs: 2000, given: 50, kept: 6 },
  { name: 'as many as are kept, while nothing is known of the list', keep: 12, durationMs: 33, given: 50, kept: 12 },
  {
    name: 'more, where they are shorter than a list',
    keep: 6,
    targetDurationS: 6,
    durationMs: 500,
    given: 50,
    kept: 36,
  },
  {
    name: 'no more than the most of segments',
    keep: 6,
    targetDurationS: 6,
    durationMs: 33,
    given: 1000,
    kept: HEAD_SEGMENTS_MAX,
    droppedEarly: 1000 - HEAD_SEGMENTS_MAX,
  },
  {
    name: 'no more than the most of bytes',
    keep: 6,
    targetDurationS: 6,
    durationMs: 500,
    bytes: BYTES.length,
    given: 40,
    kept: HEAD_BYTES_MAX / BYTES.length,
    droppedEarly: 40 - HEAD_BYTES_MAX / BYTES.length,
  },
];

describe('SegmentHead', () => {
  for (const { name, keep, targetDurationS, durationMs, bytes = 1000, given, kept, droppedEarly = 0 } of ROWS) {
    it(`keeps ${name}`, () => {
      const head = new SegmentHead(7, keep);
      if (targetDurationS !== undefined) head.generation = { number: 1, targetDurationS };
      for (let number = 0; number < given; number++) give(head, number, durationMs, bytes);
      const { segments, discontinuitiesBefore } = head.view();
      assert.deepEqual(
        segments.map((segment) => segment.number),
        Array.from({ length: kept }, (_, i) => given - kept + i),
      );
      assert.equal(head.bytes, kept * bytes);
      assert.equal(head.droppedEarly, droppedEarly);
      assert.equal(discontinuitiesBefore, 7 + given - kept, 'each had a break');
      assert.equal(head.content(given - kept - 1), undefined);
    });
  }

  it('keeps the newest, however large', () => {
    const head = new SegmentHead(0, 6);
    for (const part of Array(HEAD_BYTES_MAX / BYTES.length + 1).keys()) head.fragment(fragment(0, part, BYTES.length));
    head.segment(entry(0, 2000));
    assert.deepEqual([head.view().segments.length, head.droppedEarly], [1, 0]);
    give(head, 1, 2000, 1000);
    assert.deepEqual(
      head.view().segments.map(({ number }) => number),
      [1],
    );
    assert.equal(head.bytes, 1000);
  });
});

function give(head: SegmentHead, number: number, durationMs: number, bytes: number): void {
  head.fragment(fragment(number, 0, bytes));
  head.segment(entry(number, durationMs));
}

function entry(number: number, durationMs: number): Parameters<SegmentHead['segment']>[0] {
  return { number, startUtcMs: number, durationMs, bytes: 0, initHash: 'a', discontinuity: true, independent: true };
}

function fragment(segment: number, part: number, bytes: number): Fragment {
  return {
    segment,
    part,
    bytes: BYTES.subarray(0, bytes),
    tfdtOffsets: [],
    startUtcMs: 0,
    durationMs: 1,
    tracks: [],
    independent: true,
    damaged: false,
    discontinuity: true,
    init: INIT,
  };
}
