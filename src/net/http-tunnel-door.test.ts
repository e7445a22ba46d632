import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { StuckPipe } from './fake-stuck-pipe.ts';
import { MAX_UNFINISHED, TunnelDoor } from './http-tunnel-door.ts';

test('of those who do not get further each that comes gets the place of another, however long that one takes to go', () => {
  const door = new TunnelDoor({ clock: new ManualClock(), accept: () => assert.fail() });
  const pipes = Array.from({ length: 3 * MAX_UNFINISHED }, () => new StuckPipe());
  for (const pipe of pipes) door.take(pipe, Buffer.from('GET / HT'));
  const destroyed = pipes.filter(({ closed }) => closed);
  assert.deepEqual(destroyed, pipes.slice(0, 2 * MAX_UNFINISHED));
  assert.equal(door.open, 3 * MAX_UNFINISHED);
});
