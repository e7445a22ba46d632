import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import type { InitTrack } from '../../core/mp4/init-track.ts';
import { AAC_FORMAT, FakeCamera } from '../../stream/fake-camera.ts';
import { Relay } from '../../stream/relay.ts';
import type { SourceSink } from '../../stream/source.ts';
import { MovieFeed, type MovieTarget } from './movie-feed.ts';
import type { MovieSample } from './movie-writer.ts';

/** A feed behind a relay, and what comes out of it. */
class Bench implements MovieTarget {
  readonly clock = new ManualClock();
  readonly feed: MovieFeed;
  readonly relay: Relay;
  inits: readonly InitTrack[] = [];
  leftOut: readonly string[] = [];
  readonly samples: MovieSample[][] = [];
  fragments = 0;
  readonly #sink: SourceSink;
  readonly #end: () => void;

  constructor(limitMs = Infinity) {
    const listener = { media: () => {}, pause: () => {}, formats: () => {} };
    this.relay = new Relay({
      clock: this.clock,
      random: seededRandom(5),
      listener: {
        ...listener,
        batch: (batch) => {
          const track = this.relay.tracks[batch.track];
          if (track !== undefined) this.feed.batch(batch, track);
        },
      },
    });
    this.feed = new MovieFeed(this.relay, this, limitMs);
    const attempt = this.relay.begin();
    this.#sink = attempt.sink;
    this.#end = () => attempt.end();
  }

  begin(tracks: readonly InitTrack[], leftOut: readonly TrackFormat[]): void {
    this.inits = tracks;
    this.leftOut = leftOut.map(({ encoding }) => encoding);
    for (const _ of tracks) this.samples.push([]);
  }

  fragment(samples: readonly (readonly MovieSample[])[]): void {
    this.fragments += 1;
    for (const [i, more] of samples.entries()) this.samples[i]?.push(...more);
  }

  get sink(): SourceSink {
    return this.#sink;
  }

  end(): void {
    this.#end();
    this.feed.end();
  }

  /** Seconds that a track lasts by its durations. */
  seconds(track: number): number {
    const ticks = (this.samples[track] ?? []).reduce((sum, { durationTicks }) => sum + durationTicks, 0);
    return ticks / (this.inits[track]?.timescale ?? 1);
  }
}

async function play(bench: Bench, camera: FakeCamera, ms: number, sink = bench.sink): Promise<void> {
  const stop = new AbortController();
  const run = camera.run(sink, stop.signal);
  bench.clock.advance(ms);
  stop.abort();
  await run;
}

test('picture and sound from the first key frame on, each with the durations of its own times', async () => {
  const bench = new Bench();
  const camera = new FakeCamera(bench.clock, 'plain-h264', true);
  camera.firstFrame = 4;
  await play(bench, camera, 5000);
  bench.end();
  const [video = [], audio = []] = bench.samples;
  assert.deepEqual(
    bench.inits.map(({ trackId, timescale, parameters }) => [trackId, timescale, parameters.codec]),
    [
      [1, 90_000, 'h264'],
      [2, 48_000, 'aac'],
    ],
  );
  assert.deepEqual([video[0]?.dtsTicks, video[0]?.key], [0, true]);
  assert.deepEqual(new Set(video.map(({ durationTicks }) => durationTicks)), new Set([3600]));
  assert.deepEqual(new Set(audio.map(({ durationTicks }) => durationTicks)), new Set([1024]));
  assert.ok(
    (audio[0]?.dtsTicks ?? -1) >= 0 && (audio[0]?.dtsTicks ?? 0) < 48_000 / 20,
    'sound begins with the picture',
  );
  // The camera's first eleven frames are of a GOP that it does not send whole.
  assert.equal(video.length, 125 - 11);
  assert.ok(bench.fragments >= 4, 'a second at a time');
});

test('B-frames: the first picture is shown at 0, decoded before', async () => {
  const bench = new Bench();
  await play(bench, new FakeCamera(bench.clock, 'pyramid-h264'), 5000);
  bench.end();
  const [first, ...rest] = bench.samples[0] ?? [];
  assert.ok(first !== undefined && first.compositionOffsetTicks > 0);
  assert.equal(first.dtsTicks + first.compositionOffsetTicks, 0);
  for (const sample of rest) assert.ok(sample.compositionOffsetTicks >= 0 && sample.durationTicks > 0);
});

test('the limit is kept by each track, also before the clock is sure, and by sound that has stopped', async () => {
  for (const limitMs of [400, 3000]) {
    const bench = new Bench(limitMs);
    await play(bench, new FakeCamera(bench.clock, 'plain-h264', true), 5000);
    assert.equal(bench.feed.over, true);
    assert.equal(bench.seconds(0), limitMs / 1000);
    assert.ok(Math.abs(bench.seconds(1) - limitMs / 1000) < 0.03, String(bench.seconds(1)));
    bench.end();
  }
  const silent = new Bench(3000);
  const announced: SourceSink = {
    announce: (formats) => silent.sink.announce([...formats, AAC_FORMAT]),
  };
  await play(silent, new FakeCamera(silent.clock), 6000, announced);
  assert.deepEqual([silent.feed.over, silent.seconds(0)], [true, 3]);
});

test('a pull that ends before the clock is sure has a film all the same', async () => {
  const bench = new Bench();
  await play(bench, new FakeCamera(bench.clock, 'plain-h264', true), 1000);
  assert.equal(bench.inits.length, 0);
  bench.end();
  assert.equal(bench.seconds(0), 1);
  assert.ok(Math.abs(bench.feed.written.seconds - 1) < 0.05);
});

test('what MP4 does not hold is left out; where that is all, it is an error', async () => {
  const pcma: TrackFormat = { ...AAC_FORMAT, encoding: 'PCMA', clockRate: 8000, payloadType: 8, parameters: undefined };
  const bench = new Bench();
  const withSound: SourceSink = { announce: (formats) => bench.sink.announce([...formats, pcma]) };
  await play(bench, new FakeCamera(bench.clock), 3000, withSound);
  bench.end();
  assert.deepEqual([bench.inits.length, bench.leftOut], [1, ['PCMA']]);
  const metadata: TrackFormat = { ...pcma, media: 'application', encoding: 'VND.ONVIF.METADATA' };
  const without = new Bench();
  without.sink.announce([metadata]);
  assert.throws(() => without.feed.end(), { code: 'codec-unsupported' });
});

test('without a track, or without a key frame, there is no film', () => {
  assert.throws(() => new Bench().feed.end(), { code: 'source-no-media' });
  const bench = new Bench();
  bench.sink.announce([AAC_FORMAT]);
  assert.throws(() => bench.feed.end(), { code: 'source-no-media' });
});
