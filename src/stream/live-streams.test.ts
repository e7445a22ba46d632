import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../core/errors.ts';
import { FakeCamera } from './fake-camera.ts';
import { UNUSED_STREAM_MS } from './live-streams.ts';
import { PUBLISH, PULL, settingsOf, streamBench } from './live-streams.table.ts';
import type { SourceSettings, StreamSettings } from '../config/settings.ts';

const REFUSE_SECOND: SourceSettings = { kind: 'publish', takeover: false };

describe('LiveStreams', () => {
  it('touches only what a new configuration changes', async () => {
    const one = streamBench();
    const lobby = settingsOf('lobby', PULL);
    await one.apply(lobby, settingsOf('yard', PULL), settingsOf('gate', PULL));
    await one.pass(1000);
    const [lobbyCamera, yardCamera, gateCamera] = ['lobby', 'yard', 'gate'].map((name) => one.cameras.get(name));
    const yard = await one.streams.find('yard');
    one.companions.length = 0;
    await one.apply(
      { ...lobby, declaredAt: 'weir.yml:7' },
      settingsOf('yard', { kind: 'file', path: '/files/a.mp4' }),
      settingsOf('door', PULL),
    );
    await one.pass(1000);
    assert.deepEqual([lobbyCamera?.begun, lobbyCamera?.ended], [1, 0]);
    assert.deepEqual([yardCamera?.begun, yardCamera?.ended], [1, 1]);
    assert.deepEqual([gateCamera?.begun, gateCamera?.ended], [1, 1]);
    assert.equal(await one.streams.find('yard'), yard);
    assert.notEqual(one.cameras.get('yard'), yardCamera);
    assert.equal(await one.streams.find('gate'), undefined);
    assert.deepEqual(one.companions, ['close gate removed', 'open door']);
    assert.deepEqual(
      one.streams
        .list()
        .map((stream) => stream.name)
        .toSorted(),
      ['door', 'lobby', 'yard'],
    );
    await one.apply({ ...lobby, record: true }, settingsOf('door', PULL));
    assert.deepEqual([lobbyCamera?.begun, lobbyCamera?.ended], [1, 0]);
    assert.deepEqual(one.companions.slice(2).toSorted(), ['close lobby settings', 'close yard removed', 'open lobby']);
    await one.streams.close();
    assert.equal(one.numbers.inUse.size, 0);
    assert.deepEqual(one.streams.list(), []);
  });

  const changes: readonly (readonly [string, Partial<StreamSettings>, readonly string[]])[] = [
    ['record', { record: true }, ['close yard settings', 'open yard']],
    ['storage', { storage: 'other' }, ['close yard settings', 'open yard']],
    ['keep', { keep: { ageMs: 1000, bytes: undefined, free: undefined } }, []],
    ['onDemand', { onDemand: true }, []],
    ['source', { source: { kind: 'file', path: '/files/a.mp4' } }, []],
  ];
  for (const [key, change, expected] of changes) {
    it(`a change of ${key} ${expected.length > 0 ? 'makes another companion' : 'leaves the companion alone'}`, async () => {
      const one = streamBench();
      await one.apply(settingsOf('yard', PULL));
      one.companions.length = 0;
      await one.apply(settingsOf('yard', PULL, change));
      assert.deepEqual(one.companions, expected);
      await one.streams.close();
    });
  }

  it('a companion that cannot be made holds no numbers, and a stream that is there goes on without', async () => {
    const one = streamBench();
    await one.apply(settingsOf('gate', PULL));
    one.withoutCompanion.add('yard').add('gate');
    await one.apply(settingsOf('yard', PULL), settingsOf('gate', PULL, { record: true }));
    assert.deepEqual([...one.numbers.inUse], ['gate']);
    assert.equal((await one.streams.find('gate'))?.name, 'gate');
    assert.deepEqual(one.companions, ['open gate', 'close gate settings']);
    one.withoutCompanion.clear();
    await one.apply(settingsOf('yard', PULL), settingsOf('gate', PULL));
    assert.deepEqual(
      one.streams
        .list()
        .map(({ name }) => name)
        .toSorted(byText),
      ['gate', 'yard'],
    );
    await one.streams.close();
  });

  it('a source that cannot be made is the state of its stream, others go on', async () => {
    const one = streamBench((clock, settings) => {
      if (settings.name === 'yard') throw new WeirError('source-url-invalid', 'The source URL is wrong');
      return new FakeCamera(clock);
    });
    await one.apply(settingsOf('yard', PULL), settingsOf('gate', PULL));
    await one.pass(500);
    const [yard, gate] = [await one.streams.find('yard'), await one.streams.find('gate')];
    assert.deepEqual([yard?.status().state, yard?.status().error?.code], ['down', 'source-url-invalid']);
    assert.equal(gate?.status().state, 'live');
    await one.streams.close();
  });

  const refusals: readonly (readonly [name: string, code: string | undefined])[] = [
    ['drone/1', undefined],
    ['drone/1/low', 'publish-refused'],
    ['drone/special', 'publish-refused'],
    ['yard', 'publish-refused'],
    ['nobody', 'publish-refused'],
    ['drone/index.m3u8', 'name-invalid'],
    ['Bad Name!', 'name-invalid'],
  ];
  it('says which names can be published', async () => {
    const one = streamBench();
    await one.apply(settingsOf('drone/*', PUBLISH), settingsOf('drone/special', PULL), settingsOf('yard', PULL));
    assert.deepEqual(
      refusals.map(([name]) => [name, one.streams.publishError(name)?.code]),
      refusals,
    );
    await one.streams.close();
    assert.equal(one.streams.publishError('drone/1')?.code, 'shutting-down');
  });

  it('longer patterns win over shorter', async () => {
    const one = streamBench();
    await one.apply(settingsOf('**', PUBLISH), settingsOf('drone/**', REFUSE_SECOND));
    const grant = await one.streams.publish('drone/a', new FakeCamera(one.clock));
    await assert.rejects(one.streams.publish('drone/a', new FakeCamera(one.clock)), { code: 'stream-busy' });
    assert.equal(one.streams.publishError('drone/a')?.code, 'stream-busy');
    await one.streams.close();
    assert.equal((await grant.ended)?.code, 'shutting-down');
  });

  it('lets a second publisher take over; readers stay', async () => {
    const one = streamBench();
    await one.apply(settingsOf('**', PUBLISH));
    const first = new FakeCamera(one.clock);
    const grant = await one.streams.publish('cam', first);
    await one.pass(2000);
    const stream = await one.streams.find('cam');
    let batches = 0;
    const errors: WeirError[] = [];
    stream?.attach(
      { protocol: 'rtsp', label: 'r', deliver: () => void batches++, end: (error) => errors.push(error) },
      'key',
    );
    const second = new FakeCamera(one.clock);
    const other = await one.streams.publish('cam', second);
    assert.equal((await grant.ended)?.code, 'taken-over');
    assert.equal(first.ended, 1);
    await one.pass(2000);
    assert.ok(batches > 40);
    assert.deepEqual(errors, []);
    second.fail(new WeirError('publisher-gone', 'The publisher left'));
    assert.equal((await other.ended)?.code, 'publisher-gone');
    assert.equal(stream?.status().state, 'down');
    await one.streams.close();
  });

  it('two publishers at once: one after the other', async () => {
    const one = streamBench();
    await one.apply(settingsOf('**', PUBLISH));
    const cameras = [0, 1, 2].map(() => new FakeCamera(one.clock));
    const grants = await Promise.all(cameras.map((camera) => one.streams.publish('cam', camera)));
    await one.pass(1000);
    assert.equal(cameras.filter((camera) => camera.begun > camera.ended).length, 1);
    assert.equal(one.streams.list().length, 1);
    await one.streams.close();
    assert.deepEqual(
      (await Promise.all(grants.map((grant) => grant.ended))).map((error) => `${error?.code}`).toSorted(byText),
      ['shutting-down', 'taken-over', 'taken-over'],
    );
  });

  it('forgets a stream of a pattern when nobody needs it, and finds it again by its recordings', async () => {
    const one = streamBench();
    await one.apply(settingsOf('**', PUBLISH), settingsOf('fixed', PUBLISH));
    assert.equal(await one.streams.find('cam'), undefined);
    const camera = new FakeCamera(one.clock);
    await one.streams.publish('cam', camera);
    await one.pass(1000);
    const stream = await one.streams.find('cam');
    const reader = stream?.attach(
      { protocol: 'rtsp', label: 'r', deliver: () => undefined, end: () => undefined },
      'key',
    );
    camera.fail(new WeirError('publisher-gone', 'The publisher left'));
    await one.pass(0);
    one.clock.advance(UNUSED_STREAM_MS);
    await one.pass(0);
    assert.equal(await one.streams.find('cam'), stream);
    reader?.close();
    one.clock.advance(UNUSED_STREAM_MS);
    await one.pass(0);
    assert.equal(await one.streams.find('cam'), undefined);
    assert.deepEqual(
      one.streams.list().map((other) => other.name),
      ['fixed'],
    );
    assert.equal(one.companions.at(-1), 'close cam unused');
    one.spans.set('cam', [{ id: 1, startUtcMs: 0, endUtcMs: 1 }]);
    const found = await one.streams.find('cam');
    assert.equal(found?.status().state, 'idle');
    assert.equal(await one.streams.find('cam'), found);
    await one.streams.close();
  });

  it('forgets a stream only once a change of the configuration is through', async () => {
    const one = streamBench();
    const patterns = [settingsOf('**', PUBLISH)];
    await one.apply(...patterns);
    const camera = new FakeCamera(one.clock);
    await one.streams.publish('cam', camera);
    camera.fail(new WeirError('publisher-gone', 'The publisher left'));
    await one.pass(0);
    const { promise, resolve } = Promise.withResolvers<void>();
    one.numbers.held.set('gate', promise);
    const applied = one.apply(...patterns, settingsOf('gate', PUBLISH));
    one.clock.advance(UNUSED_STREAM_MS);
    await one.pass(0);
    assert.deepEqual(
      one.streams.list().map(({ name }) => name),
      ['cam'],
    );
    resolve();
    await applied;
    await one.pass(0);
    assert.deepEqual(
      one.streams.list().map(({ name }) => name),
      ['gate'],
    );
    await one.streams.close();
  });

  it('removes the streams of a pattern that is gone, and tells publisher and readers', async () => {
    const one = streamBench();
    await one.apply(settingsOf('**', PUBLISH));
    const grant = await one.streams.publish('cam', new FakeCamera(one.clock));
    await one.pass(1000);
    const stream = await one.streams.find('cam');
    const errors: string[] = [];
    stream?.attach(
      { protocol: 'rtsp', label: 'r', deliver: () => undefined, end: (error) => errors.push(error.code) },
      'key',
    );
    await one.apply();
    assert.equal((await grant.ended)?.code, 'stream-removed');
    assert.deepEqual(errors, ['stream-removed']);
    assert.deepEqual(one.streams.list(), []);
  });
});

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
