import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOOK_MS, watchClockSteps } from './clock-steps.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryLog } from './memory-log.ts';

test('a clock that is set says so once, by how much; one that is slewed does not', () => {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const watch = watchClockSteps(clock, log);
  const said = (stepMs: number): readonly unknown[] => {
    clock.stepUtc(stepMs);
    clock.advance(LOOK_MS);
    clock.advance(10 * LOOK_MS);
    return log.lines.splice(0).map(({ level, fields, message }) => [level, fields['stepMs'], message]);
  };
  const follow = 'streams and recordings follow it';
  assert.deepEqual(said(0), []);
  assert.deepEqual(said(999), []);
  assert.deepEqual(said(-999), []);
  assert.deepEqual(said(3_600_000), [['warn', 3_600_000, `The system clock was set forwards: ${follow}`]]);
  assert.deepEqual(said(-1500), [['warn', -1500, `The system clock was set back: ${follow}`]]);
  for (let second = 0; second < 100; second++) assert.deepEqual(said(50), []);
  watch.cancel();
  assert.deepEqual(said(5000), []);
});
