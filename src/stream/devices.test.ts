/** Rows of docs/cameras.md about when a source is asked, how often, and for whom; each names its device and its source. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryMs } from './back-off.ts';
import { FakeCamera } from './fake-camera.ts';
import { PULL, settingsOf, streamBench } from './live-streams.table.ts';
import { TestReader } from './relay.table.ts';

test('Tapo (g2r#1801, #1922): a 401 without a cause is asked again for ever, not sooner than 30 s: lock-outs', () => {
  for (const failures of [1, 2, 10, 100_000])
    for (const random of [0, 0.5, 0.999]) {
      const ms = retryMs(failures, 'source-unauthorized', random);
      assert.ok(ms >= 30_000 && ms <= 60_000, `${failures}: ${ms}`);
    }
});

test('Lorex (g2r#1594): a 404 that is fine a second later', () => {
  assert.equal(retryMs(1, 'source-not-found', 0), 1000);
  assert.ok(retryMs(100_000, 'source-not-found', 0) <= 30_000);
});

test('Tapo with room for two (fri#5983), recorders (g2r#1616), Axis (g2r#728): one connection, however many read', async () => {
  const cameras: FakeCamera[] = [];
  const bench = streamBench(() => {
    const camera = new FakeCamera(bench.clock);
    cameras.push(camera);
    return camera;
  });
  await bench.apply(settingsOf('yard', PULL));
  await bench.pass(1000);
  const stream = await bench.streams.find('yard');
  assert.ok(stream);
  const readers = Array.from({ length: 12 }, () => new TestReader());
  const attached = readers.map((reader) => stream.attach(reader, 'key'));
  const watching = stream.timeline.use('hls');
  await bench.pass(2000);
  assert.ok(readers.every(({ batches }) => batches.length > 20));
  assert.ok(stream.keyFrame());
  assert.deepEqual(
    cameras.map(({ begun, ended }) => [begun, ended]),
    [[1, 0]],
  );
  for (const one of attached) one.close();
  watching.close();
  await bench.streams.close();
  assert.deepEqual([cameras.length, cameras[0]?.ended], [1, 1]);
});

test('HikLoad#4, g2r#1616: who has no session left (453, 500) is asked after 1 s, then ever less often, to 30 s', () => {
  const waits = [1, 2, 3, 4, 5, 6, 50, 100_000].map((failures) => retryMs(failures, 'source-refused', 0));
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});
