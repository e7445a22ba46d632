import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AAC_FORMAT } from './fake-camera.ts';
import { AudioQueue } from './audio-queue.ts';
import type { TimedUnit } from './timed-unit.ts';

const FRAME = 1024;

test('frames last until the next one; the last waits for its successor, or has its usual length at the end of a run', () => {
  const queue = new AudioQueue(48_000);
  for (const dtsTicks of [0, FRAME, 3 * FRAME]) queue.push(frame(dtsTicks));
  assert.deepEqual(taken(queue, 10 * FRAME, false), [
    [0, FRAME],
    [FRAME, 2 * FRAME],
  ]);
  assert.deepEqual(taken(queue, 10 * FRAME, true), [[3 * FRAME, FRAME]]);
});

test('a run goes on no earlier than the one before ended, by frames that are shorter or left out', () => {
  for (const [name, at, starts, expected, dropped] of [
    ['a little early', { epoch: 2, span: 1 }, [FRAME - 16, 2 * FRAME - 16], [[FRAME, FRAME - 16]], 0],
    ['a whole frame early', { epoch: 2, span: 1 }, [0, FRAME, 2 * FRAME], [[FRAME, FRAME]], 1],
    ['a clock that was set back begins a span of its own', { epoch: 2, span: 2 }, [16, FRAME], [[16, FRAME - 16]], 0],
  ] as const) {
    const queue = new AudioQueue(48_000);
    queue.push(frame(0));
    taken(queue, FRAME, true);
    queue.dropBefore(0, 2);
    for (const dtsTicks of starts) queue.push(frame(dtsTicks, at));
    assert.deepEqual(taken(queue, 10 * FRAME, false), expected, name);
    assert.equal(queue.dropped, dropped, name);
  }
});

function frame(dtsTicks: number, at = { epoch: 1, span: 1 }): TimedUnit {
  const { parameters } = AAC_FORMAT;
  assert.ok(parameters !== undefined);
  const times = { ptsTicks: dtsTicks, dtsTicks };
  const data = [[new Uint8Array(10)]];
  return { ...times, at, unit: { ...times, key: true, damaged: false, data, byteLength: 10, parameters } };
}

function taken(queue: AudioQueue, endTicks: number, endOfRun: boolean): readonly (readonly [number, number])[] {
  const identity = AAC_FORMAT.parameters?.identity ?? '';
  return queue.take(endTicks, identity, endOfRun).map(({ dtsTicks, durationTicks }) => [dtsTicks, durationTicks]);
}
