import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, unitSeed } from '../../test/harness/seeded-random.ts';
import { aborted, type Clock } from '../base/clock.ts';
import { completeFormat } from '../core/codec/registry.ts';
import { WeirError } from '../core/errors.ts';
import { parseInit } from '../core/mp4/read/init.ts';
import { FakeCamera, PLAIN_GOP_MS, mutatedPacket } from './fake-camera.ts';
import { FORMATS_WAIT_MS, LiveStream } from './live-stream.ts';
import { PUBLISH, PULL, settingsOf, streamBench } from './live-streams.table.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';
import type { Batch } from './batch.ts';
import type { Fragment, SegmentEntry } from './fragment.ts';
import type { StreamBench } from './live-streams.table.ts';
import type { Source } from './source.ts';
import type { Stream } from './stream.ts';
import type { TimelineListener } from './timeline.ts';

/** A track whose parameter sets are nowhere. */
const BARE_H264: TrackFormat = completeFormat({
  media: 'video',
  encoding: 'H264',
  clockRate: 90_000,
  payloadType: 96,
  fmtp: new Map(),
});

/** Sends a packet when it is told to announce, and nothing more. */
function silentCamera(clock: Clock, announce: ((formats: readonly TrackFormat[]) => void)[]): Source {
  return {
    kind: 'rtsp',
    label: 'rtsp://silent',
    async run(sink, signal) {
      announce.push((formats) => {
        const [track] = sink.announce(formats);
        track?.packet(Uint8Array.of(0x80, 0x60, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x06, 0x80), clock.monoMs(), 0);
        track?.flush();
      });
      await aborted(signal);
    },
  };
}

class Listener implements TimelineListener {
  readonly fragments: Fragment[] = [];
  readonly segments: SegmentEntry[] = [];
  pauses = 0;

  fragment(fragment: Fragment): void {
    this.fragments.push(fragment);
  }

  segment(entry: SegmentEntry): void {
    this.segments.push(entry);
  }

  pause(): void {
    this.pauses++;
  }
}

async function yard(one: StreamBench, more: Parameters<typeof settingsOf>[2] = {}): Promise<Stream> {
  await one.apply(settingsOf('yard', PULL, more));
  const stream = await one.streams.find('yard');
  assert.ok(stream);
  return stream;
}

function cameraOf(one: StreamBench): FakeCamera {
  const camera = one.cameras.get('yard');
  assert.ok(camera);
  return camera;
}

const PART_TICKS = 0.6 * 90_000;

/** Each track goes on where it ended, or after it where there is a discontinuity; never before it. */
function assertFollows(fragments: readonly Fragment[], what: string, exact: boolean): void {
  const ends = new Map<number, number>();
  for (const { tracks, segment, part, discontinuity } of fragments) {
    for (const { trackId, startTicks, durationTicks, samples } of tracks) {
      const end = ends.get(trackId) ?? startTicks;
      const where = `${what}: ${segment}.${part} track ${trackId} at ${startTicks} after ${end}`;
      assert.ok(startTicks >= end, where);
      // A frame that came late keeps its own time (fragmenter.ts); more than a part would be a discontinuity.
      if (trackId === 1 && !discontinuity) assert.ok(startTicks - end < (exact ? 1 : PART_TICKS), where);
      assert.ok(durationTicks >= samples, where);
      ends.set(trackId, startTicks + durationTicks);
    }
  }
}

function samplesOf(fragments: readonly Fragment[], trackId: number): number {
  const tracks = fragments.flatMap((fragment) => fragment.tracks.filter((track) => track.trackId === trackId));
  return tracks.reduce((sum, { samples }) => sum + samples, 0);
}

describe('a live stream', () => {
  it('is live with the first packet, and knows its tracks', async () => {
    const one = streamBench();
    const stream = await yard(one);
    assert.equal(stream.status().state, 'connecting');
    const tracks = stream.tracks(AbortSignal.timeout(60_000));
    await one.pass(2000);
    assert.equal(stream.status().state, 'live');
    assert.deepEqual(
      (await tracks).map(({ index, format }) => [index, format.encoding, format.parameters?.codecString?.slice(0, 5)]),
      [[0, 'H264', 'avc1.']],
    );
    assert.equal(stream.status().gopMs, PLAIN_GOP_MS);
    assert.ok(stream.status().memoryBytes > 10_000);
    await one.streams.close();
    assert.equal(stream.status().error?.code, 'shutting-down');
    assert.equal(one.numbers.inUse.size, 0);
  });

  it('waits for parameter sets that never come in its first seconds only, and anew for other tracks', async () => {
    const announce: ((formats: readonly TrackFormat[]) => void)[] = [];
    const one = streamBench((clock) => silentCamera(clock, announce));
    const stream = await yard(one);
    await one.pass(40);
    const announced = announce[0];
    assert.ok(announced);
    announced([BARE_H264]);
    await one.pass(FORMATS_WAIT_MS - 1000);
    assert.equal(stream.status().state, 'live');
    let tracks = 0;
    const early = stream.tracks(AbortSignal.timeout(60_000)).then(({ length }) => (tracks = length));
    await one.pass(960);
    assert.equal(tracks, 0, 'its first seconds are not over');
    await one.pass(40);
    assert.equal(await early, 1);
    await one.pass(0);
    const asked = one.clock.monoMs();
    for (const _ of ['DESCRIBE', 'SETUP', 'PLAY'])
      assert.equal((await stream.tracks(AbortSignal.timeout(60_000))).length, 1);
    announced([BARE_H264, { ...BARE_H264, payloadType: 97 }]);
    void stream.tracks(AbortSignal.timeout(60_000)).then(({ length }) => (tracks = length));
    await one.pass(0);
    assert.deepEqual([one.clock.monoMs(), tracks], [asked, 1]);
    await one.pass(FORMATS_WAIT_MS);
    assert.equal(tracks, 2);
    await one.streams.close();
  });

  it('says why it is not live to who asks for its tracks', async () => {
    const one = streamBench((clock) => {
      const camera = new FakeCamera(clock);
      camera.refusal = new WeirError('source-unauthorized', 'The camera refused the password');
      return camera;
    });
    const stream = await yard(one);
    const asked = assert.rejects(stream.tracks(AbortSignal.timeout(60_000)), {
      code: 'stream-offline',
      message: /refused the password/,
    });
    await one.pass(100);
    await asked;
    const abort = new AbortController();
    await one.pass(30_000);
    cameraOf(one).refusal = undefined;
    await one.pass(2000);
    assert.equal(stream.status().state, 'live');
    abort.abort();
    await assert.rejects(stream.tracks(abort.signal), { code: 'stream-offline' });
    await one.streams.close();
  });

  it('takes a publisher by the settings of its turn, not by those that let it in', async () => {
    const one = streamBench();
    await one.apply(settingsOf('yard', PUBLISH));
    const stream = await one.streams.find('yard');
    assert.ok(stream instanceof LiveStream);
    const changed = stream.configure(settingsOf('yard', PULL));
    await assert.rejects(stream.publish(new FakeCamera(one.clock)), { code: 'publish-refused' });
    await changed;
    await one.pass(500);
    assert.deepEqual([stream.status().state, cameraOf(one).begun, cameraOf(one).ended], ['live', 1, 0]);
    await stream.configure(settingsOf('yard', { kind: 'publish', takeover: true }));
    const first = await stream.publish(new FakeCamera(one.clock));
    const refusing = stream.configure(settingsOf('yard', { kind: 'publish', takeover: false }));
    await assert.rejects(stream.publish(new FakeCamera(one.clock)), { code: 'stream-busy' });
    await refusing;
    await one.streams.close();
    assert.equal((await first.ended)?.code, 'shutting-down');
  });

  it('once closed takes no settings up', async () => {
    const one = streamBench();
    const stream = await yard(one, { source: PUBLISH });
    assert.ok(stream instanceof LiveStream);
    await one.streams.close();
    await stream.configure(settingsOf('yard', PULL));
    assert.equal(one.cameras.size, 0);
  });

  it('muxes nothing before somebody asks, and then answers at once from the GOPs in memory', async () => {
    const one = streamBench();
    const stream = await yard(one);
    await one.pass(8000);
    assert.equal(stream.timeline.head().segments.length, 0);
    const lease = stream.timeline.use('hls');
    const head = stream.timeline.head();
    assert.equal(head.segments.length, 2);
    assert.deepEqual(head.generation, { number: 1, targetDurationS: 2 });
    assert.ok(head.segments.every((segment) => Math.round(segment.durationMs) === 1800 && segment.independent));
    // True to the clock on the wall: the last frame in memory was sent now.
    const newest = head.segments.at(-1);
    const endMs = (newest?.startUtcMs ?? 0) + (newest?.durationMs ?? 0);
    assert.ok(one.clock.utcMs() - endMs < 2500 && one.clock.utcMs() - endMs >= 0);
    assert.equal(stream.status().readers.hls, 1);
    lease.close();
    await one.streams.close();
  });

  it('is not anchored, and cuts nothing, for two seconds; then nothing is missing', async () => {
    const one = streamBench();
    const stream = await yard(one);
    const listener = new Listener();
    stream.timeline.subscribe(listener);
    stream.timeline.use('record');
    await one.pass(1900);
    assert.equal(listener.fragments.length, 0);
    await one.pass(10_000);
    const samples = listener.fragments.reduce((sum, part) => sum + (part.tracks[0]?.samples ?? 0), 0);
    assert.ok(cameraOf(one).sent - samples <= 15, `${samples} of ${cameraOf(one).sent}`);
    let endTicks = listener.fragments[0]?.tracks[0]?.startTicks ?? 0;
    for (const fragment of listener.fragments) {
      const [track] = fragment.tracks;
      assert.equal(track?.startTicks, endTicks);
      endTicks += track?.durationTicks ?? 0;
    }
    await one.streams.close();
  });

  it('a publisher that takes over with a burst is cut from its first frame on, where the one before ended', async () => {
    const one = streamBench();
    const stream = await yard(one, { source: PUBLISH });
    assert.ok(stream instanceof LiveStream);
    const listener = new Listener();
    stream.timeline.subscribe(listener);
    const lease = stream.timeline.use('record');
    const first = new FakeCamera(one.clock, 'plain-h264', true);
    await stream.publish(first);
    await one.pass(5000);
    const second = new FakeCamera(one.clock, 'plain-h264', true);
    second.burstFrames = 6;
    await stream.publish(second);
    await one.pass(5000);
    await stream.stopSource(new WeirError('publisher-gone', 'The publisher left'));
    lease.close();
    assert.equal(samplesOf(listener.fragments, 1), first.sent + second.sent);
    // All but the last frame of each, whose length nobody knows, or more.
    assert.ok(samplesOf(listener.fragments, 2) >= ((first.sent + second.sent) * 40 * 48) / 1024 - 4);
    assert.equal(listener.segments.filter(({ discontinuity }) => discontinuity).length, 2);
    assertFollows(listener.fragments, 'takeover', true);
    const starts = listener.segments.map(({ startUtcMs }) => startUtcMs);
    const ends = listener.segments.map(({ startUtcMs, durationMs }) => startUtcMs + durationMs);
    assert.ok(starts.every((ms, i) => i === 0 || Math.abs(ms - (ends[i - 1] ?? 0)) <= 40));
    await one.streams.close();
  });

  it('a camera that announces 25 pictures a second and sends 21 (open-nvr#229) is cut a few times, and then no more', async () => {
    const one = streamBench((clock) => {
      const camera = new FakeCamera(clock, 'plain-h264', true);
      camera.pace = 25 / 21;
      return camera;
    });
    const stream = await yard(one);
    const listener = new Listener();
    stream.timeline.subscribe(listener);
    stream.timeline.use('record');
    await one.pass(75_000);
    const before = listener.segments.length;
    assert.ok(listener.segments.some(({ discontinuity }) => discontinuity));
    await one.pass(60_000);
    const later = listener.segments.slice(before);
    assert.ok(later.length > 20 && later.every(({ discontinuity }) => !discontinuity));
    const newest = later.at(-1);
    const ageMs = one.clock.utcMs() - (newest?.startUtcMs ?? 0) - (newest?.durationMs ?? 0);
    assert.ok(ageMs >= 0 && ageMs < 3000, `${ageMs}`);
    assertFollows(listener.fragments, 'slow clock', false);
    const { faults } = stream.status().tracks[0] ?? {};
    assert.equal(faults?.['wrongRate'], 1);
    await one.streams.close();
  });

  it('cuts all of a clip that ends before the clock is anchored', async () => {
    const one = streamBench();
    const stream = await yard(one, { source: PUBLISH });
    assert.ok(stream instanceof LiveStream);
    const listener = new Listener();
    stream.timeline.subscribe(listener);
    const lease = stream.timeline.use('record');
    const camera = new FakeCamera(one.clock, 'plain-h264', true);
    await stream.publish(camera);
    await one.pass(1800);
    assert.equal(listener.fragments.length, 0);
    await stream.stopSource(new WeirError('publisher-gone', 'The publisher left'));
    lease.close();
    assert.equal(samplesOf(listener.fragments, 1), camera.sent);
    assert.ok(samplesOf(listener.fragments, 2) > 80);
    assert.equal(listener.pauses, 1);
    await one.streams.close();
  });

  it('says to who publishes a file at once that it is to come in real time, and cuts what is in memory', async () => {
    const one = streamBench();
    const stream = await yard(one, { source: PUBLISH });
    assert.ok(stream instanceof LiveStream);
    const listener = new Listener();
    stream.timeline.subscribe(listener);
    const lease = stream.timeline.use('record');
    for (let i = 0; i < 2; i++) {
      const camera = new FakeCamera(one.clock);
      camera.burstFrames = 25 * 60;
      await stream.publish(camera);
      await one.pass(200);
      await stream.stopSource(new WeirError('publisher-gone', 'The publisher left'));
    }
    lease.close();
    assert.ok(samplesOf(listener.fragments, 1) > 100);
    const said = one.log.lines.filter(({ message }) => message.startsWith('The stream comes faster than real time'));
    assert.equal(said.length, 1);
    await one.streams.close();
  });

  it('cuts sound and picture together', async () => {
    const one = streamBench((clock) => new FakeCamera(clock, 'plain-h264', true));
    const stream = await yard(one);
    stream.timeline.use('hls');
    await one.pass(9000);
    const { segments } = stream.timeline.head();
    assert.ok(segments.length >= 3);
    const init = parseInit(segments[0]?.init.bytes ?? new Uint8Array());
    assert.equal(init.tracks.length, 2);
    for (const segment of segments) {
      const audio = segment.fragments.flatMap((part) => part.tracks.filter((track) => track.trackId === 2));
      const seconds = audio.reduce((sum, track) => sum + track.durationTicks, 0) / 48_000;
      assert.ok(Math.abs(seconds - segment.durationMs / 1000) < 0.1, `${seconds}`);
    }
    await one.streams.close();
  });

  it('gives every frame its decode time, B-frames and open GOPs included', async () => {
    for (const name of ['pyramid-h264', 'pyramid-h265'] as const) {
      const one = streamBench((clock) => new FakeCamera(clock, name));
      const stream = await yard(one);
      const listener = new Listener();
      stream.timeline.subscribe(listener);
      stream.timeline.use('record');
      await one.pass(15_000);
      assertFollows(listener.fragments, name, true);
      const samples = listener.fragments.reduce((sum, part) => sum + (part.tracks[0]?.samples ?? 0), 0);
      assert.ok(cameraOf(one).sent - samples <= 30, `${name}: ${samples} of ${cameraOf(one).sent}`);
      assert.equal(listener.segments.filter((entry) => entry.discontinuity).length, 1);
      assert.ok(listener.segments.every((entry) => entry.independent && entry.durationMs < 2100));
      await one.streams.close();
    }
  });

  it('survives anything that is sent, and what it cuts follows', async () => {
    const seed = unitSeed();
    const random = seededRandom(seed);
    for (const name of ['plain-h264', 'pyramid-h265'] as const) {
      const one = streamBench((clock) => {
        const camera = new FakeCamera(clock, name, true);
        camera.spoil = (packet) => (random() < 0.05 ? mutatedPacket(packet, random) : packet);
        return camera;
      });
      const stream = await yard(one);
      const listener = new Listener();
      stream.timeline.subscribe(listener);
      stream.timeline.use('record');
      await one.pass(30_000);
      stream.keyFrame();
      await one.streams.close();
      assertFollows(listener.fragments, `${name}, WEIR_SEED=${seed}`, false);
    }
  });

  it('keeps twelve segments, or six where the archive has the rest; each is found whole by its number', async () => {
    for (const [record, kept] of [
      [false, 12],
      [true, 6],
    ] as const) {
      const one = streamBench();
      const stream = await yard(one, { record });
      const listener = new Listener();
      stream.timeline.subscribe(listener);
      stream.timeline.use('hls');
      await one.pass(40_000);
      const { segments, discontinuitiesBefore } = stream.timeline.head();
      assert.equal(segments.length, kept);
      assert.equal(discontinuitiesBefore > 0, true);
      for (const segment of segments) {
        const content = await stream.timeline.segment(segment.number);
        assert.equal(content?.bytes, segment.bytes);
        const bytes = new Uint8Array(Buffer.concat((await content?.read()) ?? []));
        const parts = listener.fragments.filter((part) => part.segment === segment.number);
        assert.deepEqual(bytes, new Uint8Array(Buffer.concat(parts.map((part) => part.bytes))));
        assert.deepEqual(await stream.timeline.init(segment.initHash), segment.init.bytes);
      }
      assert.equal(await stream.timeline.segment(1), undefined);
      await one.streams.close();
    }
  });

  it('stops half a minute after its last user; the list then starts empty, with the next number', async () => {
    const one = streamBench();
    const stream = await yard(one);
    const listener = new Listener();
    stream.timeline.subscribe(listener);
    const first = stream.timeline.use('hls');
    await one.pass(5000);
    first.close();
    await one.pass(29_000);
    const second = stream.timeline.use('hls');
    second.close();
    await one.pass(29_000);
    assert.equal(listener.pauses, 0);
    await one.pass(1500);
    assert.equal(listener.pauses, 1);
    assert.equal(stream.timeline.head().segments.length, 0);
    const last = listener.segments.at(-1);
    await one.pass(60_000);
    const count = listener.fragments.length;
    stream.timeline.use('hls');
    assert.ok(listener.fragments.length > count);
    const next = stream.timeline.head().segments[0];
    assert.equal(next?.number, (last?.number ?? 0) + 1);
    assert.equal(next?.discontinuity, true);
    assert.equal(stream.timeline.head().generation?.number, 1);
    assert.ok((next?.startUtcMs ?? 0) > (last?.startUtcMs ?? 0) + (last?.durationMs ?? 0) + 60_000 - 7000);
    await one.streams.close();
  });

  it('a restart within the GOPs in memory cuts nothing twice', async () => {
    const one = streamBench();
    const stream = await yard(one);
    const listener = new Listener();
    stream.timeline.subscribe(listener);
    const lease = stream.timeline.use('hls');
    await one.pass(10_000);
    lease.close();
    one.clock.advance(30_000);
    stream.timeline.use('hls');
    await one.pass(5000);
    let endMs = 0;
    for (const entry of listener.segments) {
      assert.ok(entry.startUtcMs >= endMs - 0.1);
      endMs = entry.startUtcMs + entry.durationMs;
    }
    await one.streams.close();
  });

  it('its readers and its list outlive the source', async () => {
    const one = streamBench();
    const stream = await yard(one);
    const listener = new Listener();
    const states: string[] = [];
    stream.onState((change) => states.push(`${change.state} ${change.error?.code ?? ''}`.trim()));
    stream.timeline.subscribe(listener);
    stream.timeline.use('record');
    const batches: Batch[] = [];
    const errors: string[] = [];
    await one.pass(4000);
    stream.attach(
      {
        protocol: 'rtsp',
        label: 'r',
        deliver: (batch) => batches.push(batch),
        end: (error) => errors.push(error.code),
      },
      'live',
    );
    await one.pass(8000);
    const camera = cameraOf(one);
    camera.refusal = new WeirError('source-unreachable', 'no route');
    camera.fail();
    await one.pass(0);
    const head = stream.timeline.head();
    assert.deepEqual([head.live, listener.pauses], [false, 1]);
    assert.ok(stream.keyFrame() !== undefined);
    const reopened = new AbortController();
    const changed = stream.timeline.changed(head.version, reopened.signal);
    await one.pass(10_000);
    const delivered = batches.length;
    camera.refusal = undefined;
    await one.pass(15_000);
    await changed;
    assert.equal(stream.status().state, 'live');
    assert.equal(errors.length, 0);
    assert.ok(batches.length > delivered + 200);
    assert.equal(stream.status().readers.rtsp, 1);
    assert.deepEqual(states.slice(0, 3), ['live', 'down source-closed', 'connecting source-closed']);
    const jump = listener.segments.findIndex((entry, i) => i > 0 && entry.discontinuity);
    const [before, after] = [listener.segments[jump - 1], listener.segments[jump]];
    const gapMs = (after?.startUtcMs ?? 0) - (before?.startUtcMs ?? 0) - (before?.durationMs ?? 0);
    assert.ok(gapMs > 8000 && gapMs < 15_000, `${gapMs}`);
    assert.equal(after?.number, (before?.number ?? 0) + 1);
    assert.equal(listener.segments.filter((entry) => entry.discontinuity).length, 2);
    await one.streams.close();
    assert.deepEqual(errors.splice(0), ['shutting-down']);
    // What was open was closed.
    const open = listener.fragments.filter((part) => !listener.segments.some((entry) => entry.number === part.segment));
    assert.deepEqual(open, []);
  });

  it('opens an on-demand source for readers, players and questions, and lets it go', async () => {
    const one = streamBench();
    const stream = await yard(one, { onDemand: true });
    await one.pass(2000);
    const camera = cameraOf(one);
    assert.deepEqual([stream.status().state, camera.begun], ['idle', 0]);
    const tracks = stream.tracks(AbortSignal.timeout(60_000));
    await one.pass(200);
    assert.equal((await tracks).length, 1);
    const lease = stream.timeline.use('hls');
    await one.pass(20_000);
    assert.ok(stream.timeline.head().segments.length > 5);
    lease.close();
    await one.pass(10_200);
    assert.deepEqual([stream.status().state, camera.begun, camera.ended], ['idle', 1, 1]);
    await one.streams.close();
  });

  it('changed resolves with a version, and when it is no longer waited for', async () => {
    const one = streamBench();
    const stream = await yard(one);
    stream.timeline.use('hls');
    await one.pass(4000);
    const { version } = stream.timeline.head();
    await stream.timeline.changed(version - 1, new AbortController().signal);
    let done = false;
    const waiting = stream.timeline.changed(version, new AbortController().signal).then(() => (done = true));
    await one.pass(0);
    assert.equal(done, false);
    await one.pass(1000);
    await waiting;
    assert.ok(stream.timeline.head().version > version);
    const abort = new AbortController();
    const aborted = stream.timeline.changed(stream.timeline.head().version, abort.signal);
    abort.abort();
    await aborted;
    await one.streams.close();
  });

  for (const stepMs of [-3_600_000, 3_600_000]) {
    it(`begins a new span where the system clock is set by ${stepMs / 3_600_000} h, loses nothing, goes on by it`, async () => {
      const one = streamBench();
      const stream = await yard(one);
      const listener = new Listener();
      stream.timeline.subscribe(listener);
      stream.timeline.use('record');
      await one.pass(8000);
      one.clock.stepUtc(stepMs);
      await one.pass(8000);
      const jumps = listener.segments.filter((entry, i) => {
        const before = listener.segments[i - 1];
        return before !== undefined && Math.abs(entry.startUtcMs - before.startUtcMs) > 60_000;
      });
      assert.equal(jumps.length, 1);
      const [entry] = jumps;
      assert.ok(entry?.discontinuity);
      assert.ok(one.clock.utcMs() - entry.startUtcMs < 9000);
      const last = listener.segments.at(-1);
      const behindMs = one.clock.utcMs() - (last?.startUtcMs ?? 0) - (last?.durationMs ?? 0);
      assert.ok(behindMs >= 0 && behindMs < 3000, `${behindMs}`);
      const samples = listener.fragments.reduce((sum, part) => sum + (part.tracks[0]?.samples ?? 0), 0);
      assert.ok(cameraOf(one).sent - samples <= 15, `${samples} of ${cameraOf(one).sent}`);
      const numbers = listener.segments.map((segment) => segment.number);
      assert.deepEqual(
        numbers,
        numbers.map((_, i) => (numbers[0] ?? 0) + i),
      );
      await one.streams.close();
    });
  }
});
