import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { batchOf } from './fake-stream.ts';
import { HELD_BYTES, HeldStart } from './held-start.ts';

const WHOLE = Buffer.alloc(HELD_BYTES);
/** A quarter of what may be held, and a little more. */
const QUARTER = WHOLE.subarray(0, HELD_BYTES / 4 + 1);

function held(): HeldStart<number> {
  const start = new HeldStart<number>();
  start.begin([{ ...batchOf(0, 1, true), buffer: WHOLE }, batchOf(0, 2, false)], [1, 2]);
  return start;
}

function take(start: HeldStart<number>, ticks: number, key = false): void {
  assert.equal(start.take({ ...batchOf(0, ticks, key), buffer: QUARTER }, ticks, key), true);
}

const NONE = { overflows: 0, batches: 0, bytes: 0 };

describe('what is held before the reply to PLAY', () => {
  it('is what it begins with, whose bytes are not counted, and what comes', () => {
    const start = held();
    for (const ticks of [3, 4, 5]) take(start, ticks);
    assert.deepEqual(
      start.batches?.map(({ ticks }) => ticks),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual([start.part(2), start.end(), start.losses], [3, [1, 2, 3, 4, 5], NONE]);
    assert.deepEqual([start.batches, start.take(batchOf(0, 6, true), 6, true)], [undefined, false]);
  });

  it('past its bytes it all goes, and what comes up to the next key frame', () => {
    const start = held();
    for (const ticks of [3, 4, 5, 6, 7]) take(start, ticks);
    assert.deepEqual([start.batches, start.losses.overflows, start.losses.batches], [[], 1, 7]);
    for (const ticks of [8, 9]) take(start, ticks, ticks === 8);
    assert.deepEqual(start.end(), [8, 9]);
  });

  it('never more of it, whatever comes', () => {
    const start = held();
    for (let ticks = 3; ticks < 100; ticks++) {
      take(start, ticks, true);
      const bytes = start.batches?.reduce((sum, { buffer }) => sum + buffer.length, 0) ?? 0;
      assert.ok(bytes <= 2 * HELD_BYTES + 200);
    }
    start.begin([], []);
    assert.deepEqual(start.end(), []);
  });
});
