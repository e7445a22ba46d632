import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../core/errors.ts';
import { FakeCamera } from './fake-camera.ts';
import { COMPANION_AGAIN_MS, COMPANION_END_MS_MAX, COMPANION_SHUTDOWN_MS_MAX } from './companion.ts';
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

  it('a stream whose companion cannot be made is live without, and it is asked for again', async () => {
    const one = streamBench();
    await one.apply(settingsOf('gate', PULL));
    one.withoutCompanion.add('yard').add('gate');
    await one.apply(settingsOf('yard', PULL), settingsOf('gate', PULL, { record: true }));
    await one.pass(500);
    const states = await Promise.all(['yard', 'gate'].map(async (name) => (await one.streams.find(name))?.status()));
    assert.deepEqual(
      states.map((status) => status?.state),
      ['live', 'live'],
    );
    assert.deepEqual(one.companions, ['open gate', 'close gate settings']);
    one.withoutCompanion.delete('yard');
    one.clock.advance(COMPANION_AGAIN_MS);
    assert.deepEqual(one.companions.slice(2), ['open yard']);
    one.withoutCompanion.clear();
    one.clock.advance(COMPANION_AGAIN_MS);
    assert.deepEqual(one.companions.slice(3), ['open gate']);
    await one.streams.close();
    one.clock.advance(COMPANION_AGAIN_MS);
    assert.deepEqual(one.companions.slice(4).toSorted(byText), ['close gate removed', 'close yard removed']);
  });

  it('a removed stream does not ask for its companion again', async () => {
    const one = streamBench();
    one.withoutCompanion.add('yard');
    await one.apply(settingsOf('yard', PULL));
    await one.apply();
    one.withoutCompanion.clear();
    one.clock.advance(COMPANION_AGAIN_MS);
    assert.deepEqual(one.companions, []);
    await one.streams.close();
  });

  it('a companion that does not end holds up neither a change, nor its name, nor the end', async () => {
    const one = streamBench();
    await one.apply(settingsOf('yard', PULL), settingsOf('gate', PULL));
    const hung = Promise.withResolvers<void>();
    one.heldCompanions.set('yard', hung.promise).set('gate', hung.promise);
    const done: string[] = [];
    void one.apply(settingsOf('gate', PULL)).then(() => done.push('removed'));
    void one.apply(settingsOf('gate', PULL), settingsOf('yard', PULL)).then(() => done.push('there again'));
    await one.pass(COMPANION_END_MS_MAX - 40);
    assert.deepEqual(done, []);
    await one.pass(80);
    assert.deepEqual(done, ['removed', 'there again']);
    assert.deepEqual(
      one.log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields),
      [{ stream: 'yard', code: 'storage-failed' }],
    );
    let closed = false;
    void one.streams.close().then(() => (closed = true));
    await one.pass(COMPANION_SHUTDOWN_MS_MAX + 40);
    assert.equal(closed, true);
    assert.equal(one.numbers.inUse.size, 0);
    hung.resolve();
  });

  const meanwhile: readonly (readonly [string, readonly StreamSettings[], Partial<StreamSettings> | undefined])[] = [
    ['changes', [settingsOf('**', PUBLISH, { record: true, storage: 'other' })], { record: true, storage: 'other' }],
    ['goes', [], undefined],
  ];
  for (const [what, patterns, expected] of meanwhile) {
    it(`a stream in the making whose configuration ${what}`, async () => {
      const one = streamBench();
      await one.apply(settingsOf('**', PUBLISH));
      const { promise, resolve } = Promise.withResolvers<void>();
      one.numbers.held.set('cam', promise);
      const published = one.streams.publish('cam', new FakeCamera(one.clock)).catch((error: unknown) => error);
      await one.pass(0);
      let applied = false;
      const applying = one.apply(...patterns).then(() => (applied = true));
      await one.pass(0);
      assert.equal(applied, false, 'a change is taken up when the stream has taken it up');
      resolve();
      await applying;
      const outcome = await published;
      const [settings] = one.made;
      if (expected === undefined) {
        assert.equal(outcome instanceof WeirError && outcome.code, 'stream-unknown');
        assert.deepEqual([one.streams.list(), one.made, one.numbers.inUse.size], [[], [], 0]);
      } else {
        assert.deepEqual({ record: settings?.record, storage: settings?.storage }, expected);
        assert.equal(one.made.length, 1);
      }
      await one.streams.close();
    });
  }

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

  it('lets a second publisher take over, as encoders that come back do; readers stay (mtx#2214)', async () => {
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
