import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TimelineHead } from '../stream/timeline.ts';
import { FAKE_FIRST_NUMBER, fakeSegment } from './fake-segment.ts';
import { listWindow, playlistSegment } from './list-window.ts';

interface Row {
  readonly name: string;
  /** Index of each segment of the head; negative zero-based breaks are listed apart. */
  readonly head: readonly number[];
  readonly breaks?: readonly number[];
  readonly breaksBefore?: number;
  readonly durationMs?: number;
  readonly targetDurationS?: number;
  readonly firstBefore?: number;
  readonly listed: readonly number[];
  readonly discontinuitySequence?: number;
}

const TO_11 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

const ROWS: readonly Row[] = [
  { name: 'nothing', head: [], listed: [], breaksBefore: 3, discontinuitySequence: 3 },
  { name: 'one', head: [0], listed: [0] },
  { name: 'the newest six', head: TO_11, listed: [6, 7, 8, 9, 10, 11] },
  {
    name: 'three target durations, where six segments are shorter',
    head: TO_11,
    targetDurationS: 6,
    listed: [3, 4, 5, 6, 7, 8, 9, 10, 11],
  },
  {
    name: 'six, where they are longer',
    head: TO_11,
    targetDurationS: 6,
    durationMs: 6000,
    listed: [6, 7, 8, 9, 10, 11],
  },
  { name: 'all, where the head holds fewer', head: [0, 1, 2], targetDurationS: 6, listed: [0, 1, 2] },
  { name: 'nothing that was dropped before', head: TO_11, firstBefore: 8, listed: [8, 9, 10, 11] },
  { name: 'nothing before a hole in the numbers', head: [0, 1, 2, 3, 64, 65], listed: [64, 65] },
  {
    name: 'a break in the list is not in its number',
    head: TO_11,
    breaks: [9],
    listed: [6, 7, 8, 9, 10, 11],
    discontinuitySequence: 0,
  },
  { name: 'a break at its start is', head: TO_11, breaks: [6], listed: [6, 7, 8, 9, 10, 11], discontinuitySequence: 1 },
  {
    name: 'breaks before it are',
    head: TO_11,
    breaks: [0, 3],
    breaksBefore: 4,
    listed: [6, 7, 8, 9, 10, 11],
    discontinuitySequence: 6,
  },
];

describe('listWindow', () => {
  for (const row of ROWS) {
    it(`lists ${row.name}`, () => {
      const head: TimelineHead = {
        version: 1,
        generation: { number: 1, targetDurationS: row.targetDurationS ?? 2 },
        segments: row.head.map((index) => {
          const discontinuity = row.breaks?.includes(index) ?? false;
          return fakeSegment({ index, discontinuity, durationMs: row.durationMs ?? 2000 });
        }),
        discontinuitiesBefore: row.breaksBefore ?? 0,
        live: true,
      };
      const window = listWindow(head, FAKE_FIRST_NUMBER + (row.firstBefore ?? 0));
      assert.deepEqual(
        window.segments.map(({ number }) => number - FAKE_FIRST_NUMBER),
        row.listed,
      );
      assert.equal(window.discontinuitySequence, row.discontinuitySequence ?? 0);
    });
  }

  it('keeps the discontinuity number of each segment while the list slides over breaks', () => {
    const segments = Array.from({ length: 30 }, (_, index) => fakeSegment({ index, discontinuity: index % 4 === 0 }));
    const numbers = new Map<number, number>();
    for (let end = 1; end <= segments.length; end++) {
      const start = Math.max(0, end - 12);
      const discontinuitiesBefore = segments.slice(0, start).filter(({ discontinuity }) => discontinuity).length;
      const generation = { number: 1, targetDurationS: 2 };
      const window = listWindow(
        { version: end, generation, segments: segments.slice(start, end), discontinuitiesBefore, live: true },
        0,
      );
      let current = window.discontinuitySequence;
      for (const [i, segment] of window.segments.entries()) {
        if (playlistSegment(segment, i === 0).discontinuity) current++;
        assert.equal(numbers.get(segment.number) ?? current, current);
        numbers.set(segment.number, current);
      }
    }
    assert.equal(numbers.size, 30);
  });
});
