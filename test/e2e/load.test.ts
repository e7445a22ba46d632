/** The load of `npm run load` in small: many readers and cameras at once, and nothing is lost. How late the event loop is depends on the machine: it is said, not judged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLoad } from '../../bench/support/load.ts';

const SHAPE = { readers: 50, sources: 10, seconds: 5 };

test('50 readers of one stream and 10 cameras lose nothing', async (context) => {
  const { readers, sources, lagMs } = await runLoad(SHAPE);
  context.diagnostic(`event loop: p99 ${lagMs.p99.toFixed(1)} ms, worst ${lagMs.max.toFixed(1)} ms`);
  assert.deepEqual([readers.lost, readers.gone, readers.strays], [0, 0, 0]);
  assert.ok(readers.fewest > 0, 'every reader got packets');
  assert.deepEqual([sources.live, sources.lost, sources.attempts], [SHAPE.sources, 0, SHAPE.sources]);
});
