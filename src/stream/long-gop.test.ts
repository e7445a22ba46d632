import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeCamera, PLAIN_GOP_MS } from './fake-camera.ts';
import { PULL, settingsOf, streamBench } from './live-streams.table.ts';
import { LONG_GOP_MS, longGop } from './long-gop.ts';
import { START_MS_MAX } from './relay.ts';

describe('longGop', () => {
  const now = 1_000_000;
  for (const [title, frames, expected] of [
    ['a usual camera', { gopMs: 2000, lastUtcMs: now - 1500, liveUtcMs: 0 }, undefined],
    ['a GOP of a minute', { gopMs: 60_000, lastUtcMs: now - 100, liveUtcMs: 0 }, /60 s apart/],
    ['a second key frame that does not come', { gopMs: undefined, lastUtcMs: now - 30_000, liveUtcMs: 0 }, /for 30 s/],
    ['the camera came back just now', { gopMs: 2000, lastUtcMs: now - 90_000, liveUtcMs: now - 500 }, undefined],
    ['it never sent one', { gopMs: undefined, lastUtcMs: undefined, liveUtcMs: now - 20_000 }, /for 20 s/],
  ] as const) {
    it(title, () => {
      const said = longGop(frames, now)?.message;
      if (expected === undefined) assert.equal(said, undefined);
      else assert.match(said ?? '', expected);
    });
  }
});

describe('a stream with a GOP of a minute (H.264+, crumb#114)', () => {
  /** The camera's own key frames, but for one in so many. */
  const KEPT = Math.round(60_000 / PLAIN_GOP_MS);

  it('stays live on one attempt, says what is wrong once, is cut by time; who comes is sent the GOP up to a minute', async () => {
    const one = streamBench((clock) => {
      const camera = new FakeCamera(clock);
      camera.keyEvery = KEPT;
      return camera;
    });
    await one.apply(settingsOf('yard', PULL));
    const stream = await one.streams.find('yard');
    assert.ok(stream);
    stream.timeline.use('record');
    const reader = { protocol: 'rtsp', label: 'r', deliver: () => undefined, end: () => undefined } as const;
    await one.pass(LONG_GOP_MS - 1000);
    assert.deepEqual(stream.status().warnings, []);
    assert.equal(stream.attach(reader, 'live').burst.length > 200, true);
    await one.pass(2000);
    assert.deepEqual(
      stream.status().warnings.map(({ code }) => code),
      ['key-frames-rare'],
    );
    await one.pass(120_000);
    const { state, source, gopMs } = stream.status();
    assert.deepEqual([state, source.attempts, Math.round((gopMs ?? 0) / 1000)], ['live', 1, 60]);
    const said = one.log.lines.filter(({ fields }) => fields['code'] === 'key-frames-rare');
    assert.equal(said.length, 1);
    const { segments } = stream.timeline.head();
    assert.ok(segments.length > 5 && segments.every(({ durationMs }) => durationMs < 6500));
    await one.streams.close();
  });

  it('who comes later than that waits for the next key frame', async () => {
    const one = streamBench((clock) => {
      const camera = new FakeCamera(clock);
      camera.keyEvery = 10 * KEPT;
      return camera;
    });
    await one.apply(settingsOf('yard', PULL));
    const stream = await one.streams.find('yard');
    assert.ok(stream);
    const reader = { protocol: 'rtsp', label: 'r', deliver: () => undefined, end: () => undefined } as const;
    await one.pass(START_MS_MAX - 1000);
    assert.ok(stream.attach(reader, 'live').burst.length > 1000);
    await one.pass(2000);
    assert.equal(stream.attach(reader, 'live').burst.length, 0);
    assert.ok(stream.attach(reader, 'gop').burst.length > 1000);
    await one.streams.close();
  });
});
