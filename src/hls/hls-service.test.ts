import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parse, setOptions, types } from 'hls-parser';
import { ManualClock } from '../base/manual-clock.ts';
import { WeirError, type ErrorCode } from '../core/errors.ts';
import { H265_KEY_FRAME } from '../picture/key-frames.table.ts';
import { ARCHIVE_SEGMENTS_MAX } from './archive-lists.ts';
import { FakeArchive } from './fake-archive.ts';
import { FAKE_FIRST_NUMBER, FAKE_START_UTC_MS, fakeInit, fakeSegment } from './fake-segment.ts';
import { FakeStream } from './fake-stream.ts';
import { HlsService } from './hls-service.ts';
import type { RenderedList } from './rendered-list.ts';

setOptions({ strictMode: true });

const never = new AbortController().signal;
const two = [0, 1].map((index) => fakeSegment({ index }));

describe('live lists', () => {
  let clock: ManualClock;
  let hls: HlsService;
  let stream: FakeStream;

  beforeEach(() => {
    clock = new ManualClock();
    hls = new HlsService({ archive: new FakeArchive(), clock });
    stream = new FakeStream('lobby/low');
  });
  afterEach(() => {
    hls.close();
    assert.deepEqual(stream.timeline.leases, []);
  });

  it('names the media list of the generation, with everything that players choose by', async () => {
    stream.timeline.set(two);
    const list = parse(text(await hls.live(stream, 'a', never)));
    assert(list instanceof types.MasterPlaylist);
    const [variant] = list.variants;
    assert(variant !== undefined && list.variants.length === 1);
    assert.equal(variant.uri, 'media-1.m3u8');
    assert.equal(variant.codecs, 'avc1.64000a');
    assert.deepEqual(variant.resolution, { width: 192, height: 64 });
    assert.equal(variant.frameRate, 20);
    assert.equal(variant.bandwidth, Math.ceil(Math.max(...two.map(({ bytes }) => bytes * 4))));
    assert.equal(variant.averageBandwidth, Math.ceil(two.reduce((sum, { bytes }) => sum + bytes * 2, 0)));
  });

  it('lists segments with their dates, and what changes', async () => {
    const other = fakeInit(H265_KEY_FRAME.parameters);
    const after = fakeSegment({ index: 2, startUtcMs: FAKE_START_UTC_MS + 60_250, discontinuity: true, init: other });
    stream.timeline.set([...two, after]);
    const list = media(await hls.liveMedia(stream, 1, 'a', never));
    assert.equal(list.mediaSequenceBase, FAKE_FIRST_NUMBER);
    assert.equal(list.targetDuration, 2);
    assert.equal(list.endlist, false);
    assert.equal(list.playlistType, undefined);
    assert.deepEqual(
      list.segments.map(({ uri }) => uri),
      [0, 1, 2].map((index) => `seg-${FAKE_FIRST_NUMBER + index}.m4s`),
    );
    assert.deepEqual(breaksOf(list), [2]);
    assert.equal(list.segments[0]?.programDateTime?.getTime(), FAKE_START_UTC_MS);
    assert.equal(list.segments[2]?.programDateTime?.getTime(), FAKE_START_UTC_MS + 60_250);
    assert.notEqual(list.segments[2]?.map?.uri, list.segments[0]?.map?.uri);
  });

  it('renders a version once for all, and keeps the list while the source is away', async () => {
    stream.timeline.set(two);
    const first = await hls.liveMedia(stream, 1, 'a', never);
    assert.equal(await hls.liveMedia(stream, 1, 'b', never), first);
    stream.become({ state: 'down', error: new WeirError('source-closed', 'The camera closed the connection') });
    assert.equal(await hls.liveMedia(stream, 1, 'a', never), first);
    await rejects(hls.live(stream, 'c', never), 'stream-offline');
    stream.become({});
    stream.timeline.set([...two, fakeSegment({ index: 2 })]);
    assert.notEqual(await hls.liveMedia(stream, 1, 'a', never), first);
    // A part changes the head, not the list.
    const second = await hls.liveMedia(stream, 1, 'a', never);
    stream.timeline.set(stream.timeline.head().segments);
    assert.equal(await hls.liveMedia(stream, 1, 'a', never), second);
  });

  it('waits while there are fewer than two segments, however many wait', async () => {
    stream.timeline.generation = undefined;
    const lists = Promise.all(['a', 'b', 'c'].map((viewer) => hls.liveMedia(stream, 1, viewer, never)));
    await settle();
    assert.equal(stream.timeline.waiting, 3);
    stream.timeline.generation = { number: 1, targetDurationS: 2 };
    stream.timeline.set(two.slice(0, 1));
    await settle();
    assert.equal(stream.timeline.waiting, 3);
    stream.timeline.set(two);
    assert.equal(new Set(await lists).size, 1);
  });

  it('answers with one segment when no second came in time, with an error when none did', async () => {
    stream.timeline.set(two.slice(0, 1));
    const list = hls.liveMedia(stream, 1, 'a', never);
    await settle();
    clock.advance(6000);
    assert.equal(media(await list).segments.length, 1);
    stream.timeline.set([]);
    const none = hls.live(stream, 'a', never);
    await settle();
    clock.advance(6000);
    await rejects(none, 'no-picture');
  });

  it('does not wait for a stream that went down, or for one that nobody opens', async () => {
    stream.become({ state: 'connecting' });
    const waiting = hls.live(stream, 'a', never);
    await settle();
    stream.become({ state: 'down', error: new WeirError('source-unreachable', 'No route to 192.0.2.10') });
    await rejects(waiting, 'stream-offline', /No route/);
    stream.become({
      state: 'idle',
      warnings: [],
      source: { kind: 'publish', label: '', attempts: 0, nextAttemptUtcMs: undefined, faults: {} },
    });
    await rejects(hls.live(stream, 'a', never), 'stream-offline');
  });

  it('lets go when the client leaves', async () => {
    const left = new AbortController();
    const list = hls.live(stream, 'a', left.signal);
    await settle();
    left.abort();
    await assert.rejects(list, { name: 'AbortError' });
  });

  it('says that a generation is over', async () => {
    stream.timeline.set(two);
    await rejects(hls.liveMedia(stream, 7, 'a', never), 'list-outdated', /media-1\.m3u8/);
  });

  it('refuses video that HLS cannot carry, and plays video without sound that it cannot', async () => {
    const track = { bytes: 0, packets: 0, lost: 0, frames: 0, framesPerSecond: undefined, faults: {} };
    const format = { clockRate: 90_000, payloadType: 96, fmtp: new Map<string, string>(), parameters: undefined };
    const video = (encoding: string) => ({ ...track, format: { ...format, media: 'video', encoding } }) as const;
    const sound = { ...track, format: { ...format, media: 'audio', encoding: 'PCMA' } } as const;
    stream.timeline.set(two);
    stream.become({ tracks: [video('JPEG'), sound] });
    await rejects(hls.live(stream, 'a', never), 'codec-unsupported', /JPEG/);
    stream.become({ tracks: [sound] });
    await rejects(hls.live(stream, 'a', never), 'codec-unsupported', /PCMA/);
    stream.become({ tracks: [video('H264'), sound] });
    await hls.live(stream, 'a', never);
  });

  it('holds a lease for each viewer as long as it asks', async () => {
    stream.timeline.set(two);
    await hls.live(stream, 'a', never);
    await hls.liveMedia(stream, 1, 'a', never);
    await hls.liveMedia(stream, 1, 'b', never);
    assert.deepEqual(stream.timeline.leases, ['hls', 'hls']);
    clock.advance(10_000);
    await hls.liveMedia(stream, 1, 'b', never);
    clock.advance(10_000);
    assert.deepEqual(stream.timeline.leases, ['hls']);
    clock.advance(10_000);
    assert.deepEqual(stream.timeline.leases, []);
  });

  it('serves a segment from the timeline, and of no stream only what is recorded', async () => {
    stream.timeline.set(two);
    const content = await hls.segment(stream.name, stream, FAKE_FIRST_NUMBER);
    assert.deepEqual(
      await content?.read(),
      two[0]?.fragments.map(({ bytes }) => bytes),
    );
    assert.equal(await hls.segment(stream.name, stream, FAKE_FIRST_NUMBER + 9), undefined);
    assert.equal(await hls.segment(stream.name, undefined, FAKE_FIRST_NUMBER), undefined);
  });
});

describe('archive lists', () => {
  const clock = new ManualClock();
  const archive = new FakeArchive();
  const hls = new HlsService({ archive, clock });
  const h265 = fakeInit(H265_KEY_FRAME.parameters);
  // 10:00:00 to :10, :20 to :30 (its third segment cut by time), H.265 from :30 to :34
  archive.segmentsOf = [
    ...[0, 1, 2, 3, 4].map((index) => fakeSegment({ index, discontinuity: index === 0 })),
    ...[10, 11, 12, 13, 14].map((index) =>
      fakeSegment({ index, discontinuity: index === 10, independent: index !== 12 }),
    ),
    ...[15, 16].map((index) => fakeSegment({ index, discontinuity: index === 15, init: h265 })),
  ];

  const ROWS: readonly {
    readonly name: string;
    readonly from: number;
    readonly duration: number;
    readonly segments: readonly number[];
    readonly offset?: number;
    readonly breaks?: readonly number[];
  }[] = [
    { name: 'from the start of a segment', from: 0, duration: 4, segments: [0, 1] },
    { name: 'from inside one', from: 3.5, duration: 3, segments: [1, 2, 3], offset: 1.5 },
    { name: 'from a segment that needs the one before', from: 25, duration: 2, segments: [11, 12, 13], offset: 3 },
    { name: 'over a gap', from: 8, duration: 14, segments: [4, 10], breaks: [1] },
    { name: 'from within a gap', from: 15, duration: 8, segments: [10, 11] },
    { name: 'over another set-up', from: 28, duration: 4, segments: [14, 15], breaks: [1] },
    { name: 'beyond the end', from: 32, duration: 3600, segments: [16] },
  ];
  for (const { name, from, duration, segments, offset, breaks = [] } of ROWS) {
    it(`lists a range ${name}`, async () => {
      const list = media(await hls.archivedMedia('s', { fromUtcMs: at(from), durationMs: duration * 1000 }));
      assert.deepEqual(indexes(list), segments);
      assert.equal(list.start?.offset, offset);
      assert.equal(list.start?.precise, offset === undefined ? undefined : true);
      assert.deepEqual(breaksOf(list), breaks);
      assert.equal(list.endlist, true);
      assert.equal(list.playlistType, 'VOD');
      assert.equal(list.mediaSequenceBase, 0);
      assert(list.segments.every(({ programDateTime }) => programDateTime !== undefined));
    });
  }

  it('means no segment that a range touches by a fraction of a millisecond', async () => {
    const fine = new FakeArchive();
    fine.segmentsOf = [0, 1, 2, 3].map((index) => fakeSegment({ index, startUtcMs: at(2 * index) + 0.889 }));
    const service = new HlsService({ archive: fine, clock });
    for (const [from, to] of [
      [2000, 6000],
      [2001, 6001],
    ] as const) {
      const range = { fromUtcMs: at(0) + from, durationMs: to - from };
      const list = media(await service.archivedMedia('s', range));
      assert.deepEqual(indexes(list), [1, 2]);
      assert.equal(list.start, undefined);
    }
  });

  it('names its media list, and the formats of all that is in it', async () => {
    const list = parse(text(await hls.archived('s', { fromUtcMs: at(0.5), durationMs: 4000 })));
    assert(list instanceof types.MasterPlaylist);
    assert.equal(list.variants[0]?.uri, 'archive-1767261600.5-4-media.m3u8');
    assert.equal(list.variants[0]?.codecs, 'avc1.64000a');
    assert.equal(list.variants[0]?.frameRate, 20);
    assert.deepEqual(list.variants[0]?.resolution, { width: 192, height: 64 });
  });

  it('reads no more than the head of one fragment for it', async () => {
    archive.read.length = 0;
    await hls.archived('s', { fromUtcMs: at(0), durationMs: 10_000 });
    const [[start, end] = [], ...more] = archive.read;
    assert.deepEqual([start, more], [0, []]);
    assert.ok(end !== undefined && end <= 8192);
  });

  it('names the formats of all set-ups in the range, the newest first', async () => {
    const list = parse(text(await hls.archived('s', { fromUtcMs: at(28), durationMs: 4000 })));
    assert(list instanceof types.MasterPlaylist);
    assert.equal(list.variants[0]?.codecs, `${H265_KEY_FRAME.parameters.codecString},avc1.64000a`);
    assert.deepEqual(list.variants[0]?.resolution, { width: 96, height: 64 });
  });

  it('says what is nearest where nothing is recorded', async () => {
    const nothing = { fromUtcMs: at(12), durationMs: 5000 };
    await rejects(hls.archived('s', nothing), 'not-recorded', /2026-01-01T10:00:09\.999Z or 2026-01-01T10:00:20\.000Z/);
    await rejects(hls.archivedMedia('s', nothing), 'not-recorded');
  });

  it('refuses a range of too many segments', async () => {
    const many = new FakeArchive();
    const segment = fakeSegment({ index: 0 });
    many.segmentsOf = Array.from({ length: ARCHIVE_SEGMENTS_MAX + 1 }, () => segment);
    const service = new HlsService({ archive: many, clock });
    await rejects(service.archivedMedia('s', { fromUtcMs: at(0), durationMs: 1000 }), 'request-too-large');
  });

  it('compresses a long list once', async () => {
    const long = new FakeArchive();
    long.segmentsOf = Array.from({ length: 500 }, (_, index) => fakeSegment({ index }));
    const list = await new HlsService({ archive: long, clock }).archivedMedia('s', {
      fromUtcMs: at(0),
      durationMs: 1_000_000,
    });
    const compressed = await list.compressed();
    assert(compressed !== undefined && compressed === (await list.compressed()));
    assert(compressed.length < list.bytes.length / 5);
    assert.deepEqual(new Uint8Array(gunzipSync(compressed)), list.bytes);
  });
});

/** UTC milliseconds of a moment on the recorded morning. */
function at(seconds: number): number {
  return FAKE_START_UTC_MS + seconds * 1000;
}

function indexes(list: types.MediaPlaylist): readonly number[] {
  return list.segments.map(({ uri }) => Number(/\d+/.exec(uri)?.[0]) - FAKE_FIRST_NUMBER);
}

/** Which of the segments begin with a break. */
function breaksOf(list: types.MediaPlaylist): readonly number[] {
  return list.segments.flatMap(({ discontinuity }, i) => (discontinuity === true ? [i] : []));
}

function text(list: RenderedList): string {
  return new TextDecoder().decode(list.bytes);
}

function media(list: RenderedList): types.MediaPlaylist {
  const parsed = parse(text(list));
  assert(parsed instanceof types.MediaPlaylist);
  return parsed;
}

/** Lets everything that waits for nothing outside this process go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

async function rejects(promise: Promise<unknown>, code: ErrorCode, description = /./): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert(error instanceof WeirError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.describe(), description);
    return true;
  });
}
