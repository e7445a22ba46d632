/** Recordings that cannot begin, or cannot end: each is its own, and no other waits for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../test/harness/settled.ts';
import { WeirError } from '../core/errors.ts';
import { CLOSE_LIMIT_MS, SILENT_ALARM_MS } from './dvr.ts';
import { FakeStream } from './fake-stream.ts';
import { assertArchived, House, recordedAll, T0 } from './house.table.ts';
import { BEGIN_AGAIN_MS } from './record/recording-start.ts';

/** Lets look-ups of open gaps fail until the returned function is called. */
function failLookups(house: House): () => void {
  const { gaps } = house.state;
  const openGap = gaps.openGap.bind(gaps);
  gaps.openGap = () => {
    throw new WeirError('index-failed', 'the test lets it fail');
  };
  return () => (gaps.openGap = openGap);
}

test('a recording that cannot begin says so, begins when it can, and the time between is a gap', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const mend = failLookups(house);
  const recording = dvr.record(stream, { storage: 'main' });
  const { active, gap, error } = dvr.status('lobby');
  assert.deepEqual([active, gap, error?.code], [false, 'disk', 'index-failed']);
  const errors = (): readonly string[] =>
    house.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
  assert.deepEqual(errors(), ['a recording could not begin: it is tried again']);
  house.clock.advance(2 * SILENT_ALARM_MS);
  assert.deepEqual(errors().slice(1), ['nothing is being recorded of a stream that should be']);
  mend();
  house.clock.advance(BEGIN_AGAIN_MS);
  assert.equal(dvr.status('lobby').error, undefined);
  const lostMs = 2 * SILENT_ALARM_MS + BEGIN_AGAIN_MS;
  stream.skip(lostMs);
  stream.give(2);
  await recordedAll(dvr, stream);
  await assertArchived(dvr, stream);
  assert.equal(dvr.status('lobby').active, true);
  await recording.close('settings');
  await house.state.gaps.mark('lobby', undefined);
  assert.deepEqual(await dvr.archive.gaps('lobby', 0, 1e14), [
    { startUtcMs: T0, endUtcMs: T0 + lostMs, reason: 'disk' },
  ]);
});

test('a recording that could not begin and was closed is not begun any more', async () => {
  await using house = new House();
  const dvr = await house.open();
  const stream = new FakeStream();
  const mend = failLookups(house);
  const recording = dvr.record(stream, { storage: 'main' });
  await recording.close('settings');
  mend();
  house.clock.advance(2 * BEGIN_AGAIN_MS);
  assert.deepEqual([stream.users, dvr.status('lobby').error], [0, undefined]);
});

test('at the end a disk that hangs holds up no other, and itself only so long', async () => {
  await using house = new House();
  const dvr = await house.open();
  const hung = new FakeStream();
  const well = new FakeStream({ name: 'yard' });
  dvr.record(hung, { storage: 'main' });
  dvr.record(well, { storage: 'other' });
  const release = house.storage.hold();
  hung.give(1);
  well.give(1);
  let closed = false;
  const closing = dvr.close().then(() => (closed = true));
  await settled(() => house.other.closed);
  assert.deepEqual([closed, house.storage.closed], [false, false]);
  house.clock.advance(CLOSE_LIMIT_MS);
  await closing;
  release();
  assert.deepEqual(
    house.lines.filter(({ level }) => level === 'error').map(({ fields }) => [fields['code'], fields['storage']]),
    [['storage-failed', 'main']],
  );
  await settled(() => house.storage.closed);
});
