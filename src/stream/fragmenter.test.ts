import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { videoStream } from '../../test/fixtures/streams/units.ts';
import { parseSegmentStart } from '../core/mp4/recording/segment-start.ts';
import { MAX_ACCESS_UNIT_BYTES } from '../core/codec/codec.ts';
import { SEGMENT_BYTES_LONGEST, SEGMENT_BYTES_MAX } from './cutting-rules.ts';
import { Fragmenter } from './fragmenter.ts';
import type { CodecParameters } from '../core/codec/codec-parameters.ts';
import type { InitTrack } from '../core/mp4/init-track.ts';
import type { Fragment, SegmentEntry } from './fragment.ts';

const VIDEO = videoStream('plain-h264').parameters;
const OTHER_VIDEO = videoStream('pyramid-h264').parameters;
const AUDIO: CodecParameters = {
  codec: 'aac',
  identity: 'aac 48000 2',
  codecString: 'mp4a.40.2',
  sampleEntry: new Uint8Array(36),
  parameterSets: [],
  shape: { media: 'audio', sampleRate: 48_000, channels: 2, samplesPerFrame: 1024 },
};
const START_MS = Date.UTC(2026, 0, 1, 10);
const FRAME_MS = 40;

interface Bench {
  readonly fragmenter: Fragmenter;
  readonly fragments: Fragment[];
  readonly entries: SegmentEntry[];
  cuts: number;
  targetMs: number;
  gopMs: number | undefined;
  audio: CodecParameters | undefined;
  silent: boolean;
  floorMs: number;
  numbers: number;
}

function bench(
  wanted: { readonly gopMs?: number; readonly audioOnly?: boolean; readonly audio?: boolean } = {},
): Bench {
  const { gopMs, audioOnly = false, audio = false } = wanted;
  const fragments: Fragment[] = [];
  const entries: SegmentEntry[] = [];
  let number = 100;
  const one: Bench = {
    fragments,
    entries,
    cuts: 0,
    targetMs: 6000,
    gopMs,
    audio: audio ? AUDIO : undefined,
    silent: false,
    floorMs: 0,
    numbers: Number.POSITIVE_INFINITY,
    fragmenter: new Fragmenter({
      partMs: 500,
      segmentMs: 2000,
      mainClockRate: audioOnly ? 48_000 : 90_000,
      audioClockRate: audioOnly ? undefined : 48_000,
      host: {
        beginSegment: () => (one.numbers-- > 0 ? { number: number++, discontinuityNumber: 7 } : undefined),
        targetMs: () => one.targetMs,
        gopMs: () => one.gopMs,
        audio: () => one.audio,
        audioSilent: () => one.silent,
        endOf: (span) => (span === 0 ? { utcMs: one.floorMs, epoch: 0, span } : undefined),
        init: (tracks) => ({ hash: hashOf(tracks), bytes: new Uint8Array(1), tracks }),
        fragment: (fragment) => fragments.push(fragment),
        segment: (entry) => entries.push(entry),
        cutByTime: () => one.cuts++,
      },
    }),
  };
  return one;
}

function hashOf(tracks: readonly InitTrack[]): string {
  return tracks.map((track) => `${track.trackId} ${track.parameters.identity}`).join();
}

interface Frame {
  readonly key?: boolean;
  readonly ptsMs?: number;
  readonly parameters?: CodecParameters;
  readonly epoch?: number;
  readonly span?: number;
  readonly damaged?: boolean;
  readonly nal?: Uint8Array;
}

/** A video frame at `ms` after the start. */
function video(to: Bench, ms: number, frame: Frame = {}): void {
  const { key = false, ptsMs = ms, parameters = VIDEO, epoch = 0, span = 0, damaged = false } = frame;
  const { nal = new Uint8Array(50) } = frame;
  const unit = {
    ptsTicks: ptsMs * 90,
    dtsTicks: ms * 90,
    key,
    damaged,
    data: [[nal]],
    byteLength: nal.length,
    parameters,
  };
  const dtsTicks = Math.round((START_MS + ms) * 90);
  const ptsTicks = Math.round((START_MS + ptsMs) * 90);
  to.fragmenter.pushMain({ unit, dtsTicks, ptsTicks, at: { epoch, span } });
}

function audioUnit(index: number, parameters = AUDIO): Parameters<Fragmenter['pushAudio']>[0] {
  const dtsTicks = START_MS * 48 + index * 1024;
  const ticks = { ptsTicks: index * 1024, dtsTicks: index * 1024 };
  const unit = { ...ticks, key: true, damaged: false, data: [[new Uint8Array(9)]], byteLength: 9, parameters };
  return { unit, dtsTicks, ptsTicks: dtsTicks, at: { epoch: 0, span: 0 } };
}

function run(to: Bench, fromMs: number, toMs: number, gopMs: number, frame: Frame = {}): void {
  for (let ms = fromMs; ms < toMs; ms += FRAME_MS) video(to, ms, { ...frame, key: ms % gopMs === 0 });
}

/** When the audio that stays away at times is there: from 3.2 s to 5 s and from 7.3 s on. */
function heard(ms: number): boolean {
  return (ms >= 3200 && ms < 5000) || ms >= 7300;
}

/** Every track of every fragment goes on exactly where it ended, but at a discontinuity. */
function assertWithoutHoles(fragments: readonly Fragment[]): void {
  const ends = new Map<number, number>();
  for (const fragment of fragments) {
    if (fragment.discontinuity) ends.clear();
    for (const { trackId, startTicks, durationTicks } of fragment.tracks) {
      assert.equal(
        startTicks,
        ends.get(trackId) ?? startTicks,
        `track ${trackId} of ${fragment.segment}.${fragment.part}`,
      );
      ends.set(trackId, startTicks + durationTicks);
    }
  }
}

function durations(one: Bench): readonly number[] {
  return one.entries.map((entry) => Math.round(entry.durationMs));
}

describe('Fragmenter', () => {
  const segmentRows: readonly {
    readonly gopMs: number;
    readonly targetMs: number;
    readonly expected: readonly number[];
  }[] = [
    { gopMs: 2000, targetMs: 2000, expected: [2000, 2000, 2000, 2000] },
    { gopMs: 1000, targetMs: 2000, expected: [2000, 2000, 2000, 2000] },
    { gopMs: 600, targetMs: 2000, expected: [1800, 1800, 1800, 1800] },
    { gopMs: 1400, targetMs: 2000, expected: [1400, 1400, 1400, 1400] },
    { gopMs: 4000, targetMs: 4000, expected: [4000, 4000, 4000, 4000] },
    { gopMs: 40, targetMs: 2000, expected: [2000, 2000, 2000, 2000] },
    // Too long for the list: cut by time, and a key frame always begins a segment.
    { gopMs: 10_000, targetMs: 6000, expected: [6400, 3600, 6400, 3600] },
    { gopMs: 4000, targetMs: 2000, expected: [2400, 1600, 2400, 1600] },
  ];
  for (const { gopMs, targetMs, expected } of segmentRows) {
    it(`cuts GOPs of ${gopMs} ms for a list of ${targetMs} ms`, () => {
      const one = bench({ gopMs });
      one.targetMs = targetMs;
      run(one, 0, 24_000, gopMs);
      assert.deepEqual(durations(one).slice(0, 4), expected);
      assert.deepEqual(
        one.entries.slice(0, 4).map((entry) => entry.number),
        [100, 101, 102, 103],
      );
      assert.deepEqual(
        one.entries.map((entry) => entry.discontinuity),
        one.entries.map((_, i) => i === 0),
      );
      assertWithoutHoles(one.fragments);
      const atKeys = one.entries.every((entry) => entry.independent === ((entry.startUtcMs - START_MS) % gopMs === 0));
      assert.ok(atKeys);
      assert.equal(one.cuts > 0, gopMs > targetMs + 400);
    });
  }

  it('cuts a segment by its bytes, and none is longer than what storage reads back', () => {
    const one = bench({ gopMs: 4000 });
    const nal = new Uint8Array(MAX_ACCESS_UNIT_BYTES);
    for (let i = 0; one.entries.length === 0; i++) video(one, i * FRAME_MS, { key: i === 0, nal });
    const bytes = one.entries[0]?.bytes ?? 0;
    assert.ok(bytes >= SEGMENT_BYTES_MAX && bytes <= SEGMENT_BYTES_LONGEST, `${bytes}`);
  });

  it('makes parts of whole frames: n = max(3, round(part / frame))', () => {
    const one = bench({ gopMs: 2000 });
    run(one, 0, 4040, 2000);
    const frames = one.fragments.filter((part) => part.segment === 100).map((part) => part.tracks[0]?.samples);
    assert.deepEqual(frames, [13, 13, 13, 11]);
    assert.deepEqual(
      one.fragments.slice(0, 5).map((part) => [part.segment, part.part, part.independent, part.discontinuity]),
      [
        [100, 0, true, true],
        [100, 1, false, false],
        [100, 2, false, false],
        [100, 3, false, false],
        [101, 0, true, false],
      ],
    );
  });

  it('begins each segment with styp and its numbers, and counts tfdt in UTC', () => {
    const one = bench({ gopMs: 2000 });
    run(one, 0, 6000, 2000);
    const first = one.fragments[0];
    assert.ok(first);
    assert.deepEqual(parseSegmentStart(first.bytes), {
      number: 100,
      discontinuityNumber: 7,
      discontinuity: true,
      independent: true,
    });
    const view = new DataView(first.bytes.buffer, first.bytes.byteOffset);
    const tfdt = Number(view.getBigUint64(first.tfdtOffsets[0]?.offset ?? 0));
    assert.equal(tfdt, START_MS * 90);
    assert.equal(first.startUtcMs, START_MS);
    assert.equal(parseSegmentStart(one.fragments[1]?.bytes ?? new Uint8Array()), undefined);
    const key = first.tracks[0]?.keys[0];
    assert.ok(key);
    assert.deepEqual([key.ptsUtcMs, key.length, key.damaged], [START_MS, 54, false]);
    assert.equal(view.getUint32(key.offset), 50);
  });

  it('waits for a key frame that is not before the end of what was cut', () => {
    const one = bench({ gopMs: 1000 });
    one.floorMs = START_MS + 1500;
    run(one, 200, 5000, 1000);
    assert.equal(one.entries[0]?.startUtcMs, START_MS + 2000);
  });

  it('begins another line a little behind what was cut at its end, and loses no frame of a long GOP', () => {
    for (const [behindMs, starts, samples] of [
      [100, [START_MS + 1000], 100],
      [1400, [START_MS + 1000], 100],
      // So old that it is there already.
      [1600, [], undefined],
    ] as const) {
      const one = bench({ gopMs: 10_000 });
      one.floorMs = START_MS + 1000;
      for (let i = 0; i < 100; i++) video(one, 1000 - behindMs + i * FRAME_MS, { key: i === 0, epoch: 1 });
      one.fragmenter.end();
      const [track] = one.fragments.flatMap(({ tracks }) => tracks);
      assert.deepEqual(
        one.entries.map(({ startUtcMs }) => startUtcMs),
        starts,
      );
      assert.equal(track?.startTicks, samples && (START_MS + 1000) * 90);
      const all = one.fragments.reduce((sum, part) => sum + (part.tracks[0]?.samples ?? 0), 0);
      assert.equal(all, samples ?? 0);
      const last = one.fragments.at(-1)?.tracks[0];
      if (last !== undefined)
        assert.equal(last.startTicks + last.durationTicks, (START_MS + 5000 - behindMs) * 90, `${behindMs}`);
      assertWithoutHoles(one.fragments);
    }
  });

  it('leaves out pictures that cannot be decoded by who begins at a CRA', () => {
    const one = bench({ gopMs: 1000 });
    video(one, 0, { key: true, ptsMs: 120 });
    for (const [i, ptsMs] of [40, 80, 240, 160, 200].entries()) video(one, 40 * (i + 1), { ptsMs });
    one.fragmenter.end();
    assert.deepEqual(
      one.fragments.map((part) => part.tracks[0]?.samples),
      [4],
    );
    assert.equal(one.fragments[0]?.startUtcMs, START_MS + 120);
    // The key frame lasts until the first picture that is there.
    assert.equal(one.entries[0]?.durationMs, 240);
  });

  it('ends a segment at a hole of more than a part, and goes on without a key frame', () => {
    const one = bench({ gopMs: 4000 });
    run(one, 0, 1000, 4000);
    run(one, 2200, 3000, 4000);
    one.fragmenter.end();
    assert.deepEqual(
      one.entries.map((entry) => [
        entry.startUtcMs - START_MS,
        entry.durationMs,
        entry.discontinuity,
        entry.independent,
      ]),
      [
        [0, 1000, true, true],
        [2200, 800, true, false],
      ],
    );
  });

  it('stretches a frame over a hole of less than a part', () => {
    const one = bench({ gopMs: 4000 });
    run(one, 0, 1000, 4000);
    run(one, 1360, 3000, 4000);
    one.fragmenter.end();
    assert.deepEqual(durations(one), [3000]);
    assertWithoutHoles(one.fragments);
  });

  it('closes a part whose next frame is overdue; that keeps its own time', () => {
    const one = bench({ gopMs: 4000 });
    run(one, 0, 200, 4000);
    one.fragmenter.tick(START_MS + 600);
    assert.equal(one.fragments.length, 0);
    one.fragmenter.tick(START_MS + 701);
    one.fragmenter.tick(START_MS + 2000);
    assert.deepEqual(
      one.fragments.map((part) => part.durationMs),
      [200],
    );
    run(one, 200, 1000, 4000);
    one.fragmenter.end();
    assert.deepEqual(durations(one), [1000]);
    assertWithoutHoles(one.fragments);
  });

  it('ends a segment where the clock jumps, and goes on at once if that is forwards', () => {
    const one = bench({ gopMs: 4000 });
    run(one, 0, 1000, 4000);
    run(one, 1200, 2000, 4000, { epoch: 1 });
    one.fragmenter.end();
    assert.deepEqual(durations(one), [1000, 800]);
    assert.deepEqual(
      one.entries.map((entry) => entry.discontinuity),
      [true, true],
    );
  });

  it('goes on at its end where the clock jumps back by little more than a second, frame after frame', () => {
    const one = bench({ gopMs: 10_000 });
    run(one, 0, 3000, 10_000);
    one.floorMs = START_MS + 3000;
    run(one, 1800, 6000, 1e9, { epoch: 1 });
    one.fragmenter.end();
    assert.deepEqual(durations(one), [3000, 3000]);
    const samples = one.fragments.reduce((sum, part) => sum + (part.tracks[0]?.samples ?? 0), 0);
    assert.equal(samples, 75 + 105);
    assertWithoutHoles(one.fragments);
  });

  it('begins no earlier than it ended where the clock jumps back, unless the system clock did', () => {
    for (const [span, starts] of [
      [0, [0, 4000]],
      [1, [0, 400, 4000]],
    ] as const) {
      const one = bench({ gopMs: 4000 });
      run(one, 0, 3000, 4000);
      one.floorMs = START_MS + 3000;
      run(one, 400, 6000, 4000, { epoch: 1, span });
      one.fragmenter.end();
      assert.deepEqual(
        one.entries.map((entry) => entry.startUtcMs - START_MS),
        starts,
      );
    }
  });

  it('a new set-up is another init and a discontinuity, without losing a frame', () => {
    const one = bench({ gopMs: 2000 });
    run(one, 0, 3000, 2000);
    video(one, 3000, { key: true, parameters: OTHER_VIDEO });
    run(one, 3040, 5000, 1e9, { parameters: OTHER_VIDEO });
    one.fragmenter.end();
    assert.deepEqual(durations(one), [2000, 1000, 2000]);
    assert.deepEqual(
      one.entries.map((entry) => entry.discontinuity),
      [true, false, true],
    );
    assert.notEqual(one.entries[2]?.initHash, one.entries[1]?.initHash);
    const samples = one.fragments.reduce((sum, part) => sum + (part.tracks[0]?.samples ?? 0), 0);
    assert.equal(samples, 125);
  });

  it('bounds parts and segments whose times stand still', () => {
    const one = bench({ gopMs: 2000 });
    video(one, 0, { key: true });
    for (let i = 0; i < 10_000; i++) video(one, 0);
    one.fragmenter.end();
    assert.ok(one.fragments.every((part) => (part.tracks[0]?.samples ?? 0) <= 501));
    assert.equal(one.entries.length, 6);
    assertWithoutHoles(one.fragments);
  });

  it('flags damage', () => {
    const one = bench({ gopMs: 2000 });
    run(one, 0, 560, 2000);
    run(one, 560, 1200, 2000, { damaged: true });
    one.fragmenter.end();
    assert.deepEqual(
      one.fragments.map((part) => part.damaged),
      [false, true, true],
    );
  });

  it('cuts nothing of what MP4 does not hold, and goes on with what it does', () => {
    const one = bench({ gopMs: 1000 });
    run(one, 0, 3000, 1000);
    const relayed = { ...VIDEO, identity: 'relayed', sampleEntry: undefined };
    for (let ms = 3000; ms < 6000; ms += 40) video(one, ms, { key: ms % 1000 === 0, parameters: relayed });
    const before = one.entries.length;
    run(one, 6000, 9000, 1000);
    one.fragmenter.end();
    assert.deepEqual(
      one.entries.map(({ startUtcMs }) => startUtcMs - START_MS),
      [0, 2000, 6000, 8000],
    );
    assert.equal(before, 2);
  });

  it('begins no segment without a number, and tries again at the next key frame', () => {
    const one = bench({ gopMs: 1000 });
    one.numbers = 1;
    run(one, 0, 4000, 1000);
    assert.equal(one.entries.length, 1);
    one.numbers = 10;
    run(one, 4000, 8000, 1000);
    one.fragmenter.end();
    assert.deepEqual(
      one.entries.map((entry) => entry.startUtcMs - START_MS),
      [0, 4000, 6000],
    );
  });

  it('carries audio that lags behind by up to a part, without a hole and without loss', () => {
    const one = bench({ gopMs: 2000, audio: true });
    let next = 0;
    for (let ms = 0; ms < 10_000; ms += FRAME_MS) {
      video(one, ms, { key: ms % 2000 === 0 });
      for (; (next * 1024) / 48 <= ms - 400; next++) one.fragmenter.pushAudio(audioUnit(next));
    }
    one.fragmenter.end();
    assertWithoutHoles(one.fragments);
    const frames = one.fragments.reduce((sum, part) => sum + (part.tracks[1]?.samples ?? 0), 0);
    assert.equal(frames, next);
    assert.equal(one.fragments[0]?.tracks[1]?.startTicks, START_MS * 48);
    assert.deepEqual(
      one.entries.map((entry) => entry.discontinuity),
      [true, false, false, false, false],
    );
  });

  it('takes the sound that was sent from the first frame on, and of a frame heard across its start the rest', () => {
    const one = bench({ gopMs: 2000, audio: true });
    one.audio = { ...AUDIO, silence: Uint8Array.of(1, 2, 3) };
    // The picture is decoded 100 ms after the sound begins, and shown 80 ms later.
    for (let i = 0; i < 50; i++) one.fragmenter.pushAudio(audioUnit(i, one.audio));
    for (let ms = 100; ms < 1100; ms += FRAME_MS) video(one, ms, { key: ms === 100, ptsMs: ms + 80 });
    one.fragmenter.end();
    const audio = one.fragments.flatMap(({ tracks }) => tracks.filter(({ trackId }) => trackId === 2));
    assert.deepEqual([audio[0]?.startTicks], [(START_MS + 100) * 48]);
    // Frames 0 to 3 are over by then, 4 is heard.
    assert.equal(
      audio.reduce((sum, { samples }) => sum + samples, 0),
      46,
    );
    assertWithoutHoles(one.fragments);
  });

  it('takes the sound of the last pictures where the source ends, of those decoded where nobody asks any more', () => {
    for (const [why, endMs] of [
      ['source', 1080],
      ['unused', 1000],
    ] as const) {
      const one = bench({ gopMs: 2000, audio: true });
      for (let i = 0; i < 60; i++) one.fragmenter.pushAudio(audioUnit(i));
      for (let ms = 0; ms < 1000; ms += FRAME_MS) video(one, ms, { key: ms === 0, ptsMs: ms + 80 });
      one.fragmenter.end(why);
      const frames = one.fragments.reduce((sum, part) => sum + (part.tracks[1]?.samples ?? 0), 0);
      assert.equal(frames, Math.ceil((endMs * 48) / 1024));
      assertWithoutHoles(one.fragments);
    }
  });

  it('makes the frame before a lost audio frame longer', () => {
    const one = bench({ gopMs: 2000, audio: true });
    let next = 0;
    for (let ms = 0; ms < 4000; ms += FRAME_MS) {
      video(one, ms, { key: ms % 2000 === 0 });
      for (; (next * 1024) / 48 <= ms; next++) if (next % 50 !== 13) one.fragmenter.pushAudio(audioUnit(next));
    }
    one.fragmenter.end();
    assertWithoutHoles(one.fragments);
  });

  it('takes audio in at the next key frame once it is sent, and out when it is silent', () => {
    const one = bench({ gopMs: 1000 });
    one.gopMs = 1000;
    run(one, 0, 1500, 1000);
    one.audio = AUDIO;
    let next = 70;
    for (let ms = 1520; ms < 5000; ms += FRAME_MS) {
      video(one, ms, { key: ms % 1000 === 0 });
      if (ms > 4200) one.audio = undefined;
      else for (; (next * 1024) / 48 <= ms; next++) one.fragmenter.pushAudio(audioUnit(next));
    }
    run(one, 5000, 7000, 1000);
    one.fragmenter.end();
    assert.deepEqual(
      one.entries.map((entry) => [entry.startUtcMs - START_MS, entry.discontinuity, entry.initHash.includes('aac')]),
      [
        [0, true, false],
        [2000, true, true],
        [4000, false, true],
        [6000, true, false],
      ],
    );
    assertWithoutHoles(one.fragments);
  });

  it('puts silence where announced audio stays away, up to the frame with which it comes back', () => {
    const quiet = { ...AUDIO, silence: Uint8Array.of(1, 2, 3) };
    const one = bench({ gopMs: 1000, audio: true });
    one.audio = quiet;
    let next = 0;
    for (let ms = 0; ms < 10_000; ms += FRAME_MS) {
      one.silent = !heard(ms) && (ms < 3200 ? ms > 1000 : ms > 6000);
      video(one, ms, { key: ms % 1000 === 0 });
      for (; (next * 1024) / 48 <= ms; next++)
        if (heard((next * 1024) / 48)) one.fragmenter.pushAudio(audioUnit(next, quiet));
    }
    one.fragmenter.end();
    assertWithoutHoles(one.fragments);
    const audio = one.fragments.flatMap(({ tracks }) => tracks.filter(({ trackId }) => trackId === 2));
    assert.equal(audio[0]?.startTicks, START_MS * 48);
    const last = audio.at(-1);
    assert.ok((last?.startTicks ?? 0) + (last?.durationTicks ?? 0) > (START_MS + 9950) * 48);
    assert.deepEqual(new Set(one.entries.map(({ initHash }) => initHash)).size, 1);
    assert.deepEqual(
      one.entries.map(({ discontinuity }) => discontinuity),
      [true, false, false, false, false],
    );
  });

  it('drops what comes late for a time that silence was put in', () => {
    const quiet = { ...AUDIO, silence: Uint8Array.of(1, 2, 3) };
    const one = bench({ gopMs: 1000, audio: true });
    one.audio = quiet;
    one.silent = true;
    run(one, 0, 2000, 1000);
    one.silent = false;
    for (let next = 0; next < 200; next++) one.fragmenter.pushAudio(audioUnit(next, quiet));
    run(one, 2000, 5000, 1000);
    one.fragmenter.end();
    assertWithoutHoles(one.fragments);
  });

  it('cuts audio alone by time', () => {
    const one = bench({ audioOnly: true });
    for (let i = 0; i < 480; i++) one.fragmenter.pushMain(audioUnit(i));
    one.fragmenter.end();
    assert.deepEqual(durations(one), [2005, 2005, 2005, 2005, 2005, 213]);
    assert.ok(one.fragments.every((part) => part.independent && part.tracks.length === 1));
    assertWithoutHoles(one.fragments);
  });
});
