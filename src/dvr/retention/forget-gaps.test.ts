import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../../test/harness/settled.ts';
import { FakeStream } from '../fake-stream.ts';
import { FORGET_GAPS_MS } from '../dvr.ts';
import { House, recordedAll, T0 } from '../house.table.ts';

const DAY = 86_400_000;

test('gaps are forgotten by age, and all of a stream that has no recordings and is not to have any', async () => {
  await using house = new House();
  house.keep = { ageMs: DAY, bytes: undefined, free: undefined };
  const dvr = await house.open();
  const { gaps } = house.state;
  const add = (stream: string, startUtcMs: number, endUtcMs: number | undefined) =>
    gaps.add({ stream, startUtcMs, endUtcMs, reason: 'network' }).written;
  const many = Array.from({ length: 1200 }, (_, i) => add('gone', T0 - i * 1000 - 500, T0 - i * 1000));
  await Promise.all([
    ...many,
    add('gone', T0, undefined),
    add('lobby', T0 - 2 * DAY, T0 - DAY),
    add('lobby', T0 - DAY, T0),
  ]);
  await dvr.rebuilt();
  const stream = new FakeStream();
  dvr.record(stream, { storage: 'main' });
  stream.give(1);
  await recordedAll(dvr, stream);
  house.clock.advance(FORGET_GAPS_MS);
  await settled(() => gaps.streams('', 9).join() === 'lobby' && gaps.between('lobby', 0, 1e14).length === 1);
  assert.deepEqual(
    gaps.between('lobby', 0, 1e14).map(({ startUtcMs }) => startUtcMs - T0),
    [-DAY],
  );
});

test('a storage that is away may hold recordings: no gap is forgotten for their absence', async () => {
  await using house = new House();
  house.other.fail('check');
  await house.open();
  const { gaps } = house.state;
  await gaps.add({ stream: 'gone', startUtcMs: T0, endUtcMs: T0 + 1000, reason: 'network' }).written;
  house.clock.advance(FORGET_GAPS_MS);
  await house.dvr.close();
  assert.deepEqual(gaps.streams('', 9), ['gone']);
});
