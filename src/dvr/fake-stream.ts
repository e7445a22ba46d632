/** A stream for tests of recording: real H.264 and AAC, muxed as the fragmenter does, given out when the test says so. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { loadAac } from '../../test/fixtures/streams/streams.ts';
import { videoStream, type VideoStream } from '../../test/fixtures/streams/units.ts';
import { isMuxable } from '../core/codec/codec-parameters.ts';
import { aacCodec } from '../core/codec/aac/aac-codec.ts';
import { samplePieces, sampleSize } from '../core/codec/sample.ts';
import { joined } from '../../test/harness/mutations.ts';
import { writeFragment, type FragmentSample } from '../core/mp4/write/fragment.ts';
import { writeInit } from '../core/mp4/write/init.ts';
import { writeSegmentStart } from '../core/mp4/recording/segment-start.ts';
import type { Fragment, InitSegment, SegmentEntry } from '../stream/fragment.ts';
import type { StateChange, StreamState, TrackStatus } from '../stream/stream.ts';
import type { Lease, Timeline, TimelineListener } from '../stream/timeline.ts';
import type { RecordedStream } from './record/recorder.ts';

const VIDEO_TIMESCALE = 90_000;
const AUDIO_TIMESCALE = 48_000;
const AUDIO_FRAME_TICKS = 1024;
const PARTS = 3;
/** Audio comes so much later than the picture that it belongs to. */
const AUDIO_LAG_MS = 60;

export interface FakeSegment {
  readonly entry: SegmentEntry;
  readonly fragments: readonly Fragment[];
  /** As HLS serves it. */
  readonly bytes: Uint8Array;
}

export interface FakeStreamOptions {
  readonly name?: string;
  readonly startUtcMs?: number;
  readonly firstNumber?: number;
  readonly video?: 'plain-h264' | 'pyramid-h264';
  /** So much is put behind each key frame, to make the stream heavier. */
  readonly paddingBytes?: number;
}

export class FakeStream implements RecordedStream {
  readonly name: string;
  readonly timeline: Timeline;
  readonly given: FakeSegment[] = [];
  /** Of its video tracks, as its status says them. */
  encodings: readonly string[] = ['H264'];
  #state: StreamState = 'connecting';
  readonly #video: VideoStream;
  readonly #audio = loadAac();
  readonly #listeners = new Set<TimelineListener>();
  readonly #stateListeners = new Set<(change: StateChange) => void>();
  #users = 0;
  readonly #padding: Uint8Array;
  #number: number;
  #sequence = 0;
  #discontinuities = 0;
  /** Where the next segment's first picture is decoded, and where audio goes on. */
  #videoTicks: number;
  #audioTicks: number;
  #init: InitSegment;

  constructor(options: FakeStreamOptions = {}) {
    const { name = 'lobby', startUtcMs = Date.UTC(2026, 0, 1, 10), firstNumber = 1000 } = options;
    this.name = name;
    this.#video = videoStream(options.video ?? 'plain-h264');
    this.#number = firstNumber;
    this.#padding = fillerData(options.paddingBytes ?? 0);
    this.#videoTicks = startUtcMs * 90;
    this.#audioTicks = startUtcMs * 48;
    this.#init = this.#makeInit();
    this.timeline = {
      stream: name,
      use: () => this.#lease(1),
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return leaseOf(() => void this.#listeners.delete(listener));
      },
      head: () => ({ version: 0, generation: undefined, segments: [], discontinuitiesBefore: 0, live: true }),
      changed: () => Promise.resolve(),
      segment: () => Promise.resolve(undefined),
      init: () => Promise.resolve(undefined),
    };
  }

  get users(): number {
    return this.#users;
  }

  get init(): InitSegment {
    return this.#init;
  }

  status(): { readonly state: StreamState; readonly tracks: readonly TrackStatus[] } {
    const tracks = this.encodings.map((encoding) => ({
      format: { ...this.#video.format, encoding },
      bytes: 0,
      packets: 0,
      lost: 0,
      frames: 0,
      framesPerSecond: undefined,
      faults: {},
    }));
    return { state: this.#state, tracks };
  }

  onState(listener: (change: StateChange) => void): Lease {
    this.#stateListeners.add(listener);
    return leaseOf(() => void this.#stateListeners.delete(listener));
  }

  state(change: StateChange): void {
    this.#state = change.state;
    for (const listener of this.#stateListeners) listener(change);
  }

  /** Gives whole segments out. */
  give(count = 1): readonly FakeSegment[] {
    const segments = Array.from({ length: count }, () => this.make());
    for (const segment of segments) {
      for (const fragment of segment.fragments) this.giveFragment(fragment);
      this.endSegment(segment);
    }
    return segments;
  }

  giveFragment(fragment: Fragment): void {
    for (const listener of this.#listeners) listener.fragment(fragment);
  }

  endSegment(segment: FakeSegment): void {
    this.given.push(segment);
    for (const listener of this.#listeners) listener.segment(segment.entry);
  }

  pause(): void {
    for (const listener of this.#listeners) listener.pause();
  }

  /** Time goes on, and nothing comes; negative: the clock was set back. What follows is a discontinuity. */
  skip(ms: number): void {
    this.#videoTicks += ms * 90;
    this.#audioTicks = Math.round((this.#videoTicks * AUDIO_TIMESCALE) / VIDEO_TIMESCALE);
    this.#discontinuities += 1;
  }

  /** Another decoder set-up from the next segment on. */
  changeSetUp(video: 'plain-h264' | 'pyramid-h264'): FakeStream {
    const other = new FakeStream({ name: this.name, video });
    this.#init = other.#init;
    return this;
  }

  /** Makes the next segment: three parts, the whole of the encoded stream, audio lagging behind. */
  make(): FakeSegment {
    const { units } = this.#video;
    const number = this.#number++;
    const discontinuity = this.#discontinuities > 0 && this.#breaks();
    const frames = units.map((unit, i) => ({
      unit,
      durationTicks: (units[i + 1]?.dtsTicks ?? 2 * unit.dtsTicks - (units[i - 1]?.dtsTicks ?? 0)) - unit.dtsTicks,
    }));
    const fragments: Fragment[] = [];
    const size = Math.ceil(frames.length / PARTS);
    for (let part = 0; part < PARTS; part++) {
      fragments.push(this.#part(number, part, frames.slice(part * size, (part + 1) * size), discontinuity));
    }
    const bytes = joined(fragments.map((fragment) => fragment.bytes));
    const first = fragments[0];
    assert.ok(first);
    const durationMs = fragments.reduce((sum, fragment) => sum + fragment.durationMs, 0);
    const entry = {
      number,
      startUtcMs: first.startUtcMs,
      durationMs,
      bytes: bytes.length,
      initHash: this.#init.hash,
      discontinuity,
      independent: true,
    };
    return { entry, fragments, bytes };
  }

  #brokenAt = 0;

  /** Once for each skip. */
  #breaks(): boolean {
    const breaks = this.#brokenAt !== this.#discontinuities;
    this.#brokenAt = this.#discontinuities;
    return breaks;
  }

  #part(
    number: number,
    part: number,
    frames: readonly { unit: VideoStream['units'][number]; durationTicks: number }[],
    discontinuity: boolean,
  ): Fragment {
    const startTicks = this.#videoTicks;
    const samples = frames.map(({ unit, durationTicks }): FragmentSample => {
      const compositionOffsetTicks = unit.ptsTicks - unit.dtsTicks;
      const padding = unit.key ? this.#padding : new Uint8Array(0);
      const pieces = [...samplePieces(unit), padding];
      return { durationTicks, compositionOffsetTicks, key: unit.key, pieces, size: sampleSize(unit) + padding.length };
    });
    const durationTicks = samples.reduce((sum, sample) => sum + sample.durationTicks, 0);
    this.#videoTicks += durationTicks;
    const audioStart = this.#audioTicks;
    const audio = this.#audioUpTo(this.#videoTicks / 90 - AUDIO_LAG_MS);
    const prefix = writeSegmentStart({
      number,
      discontinuityNumber: this.#discontinuities,
      discontinuity,
      independent: true,
    });
    const { bytes, tfdtOffsets } = writeFragment({
      sequence: this.#sequence++,
      ...(part === 0 && { prefix }),
      tracks: [
        { trackId: 1, baseDecodeTicks: startTicks, samples },
        { trackId: 2, baseDecodeTicks: audioStart, samples: audio },
      ],
    });
    const audioTrack = {
      trackId: 2,
      timescale: AUDIO_TIMESCALE,
      startTicks: audioStart,
      durationTicks: audio.length * AUDIO_FRAME_TICKS,
      samples: audio.length,
      keys: [],
    };
    return {
      segment: number,
      part,
      bytes,
      tfdtOffsets,
      startUtcMs: (startTicks + (samples[0]?.compositionOffsetTicks ?? 0)) / 90,
      durationMs: durationTicks / 90,
      tracks: [
        { trackId: 1, timescale: VIDEO_TIMESCALE, startTicks, durationTicks, samples: samples.length, keys: [] },
        ...(audio.length > 0 ? [audioTrack] : []),
      ],
      independent: samples[0]?.key === true,
      damaged: false,
      discontinuity: part === 0 && discontinuity,
      init: this.#init,
    };
  }

  #audioUpTo(utcMs: number): readonly FragmentSample[] {
    const samples: FragmentSample[] = [];
    while (this.#audioTicks / 48 + AUDIO_FRAME_TICKS / 48 <= utcMs) {
      const frame = this.#audio[((this.#audioTicks / AUDIO_FRAME_TICKS) % this.#audio.length) | 0] ?? new Uint8Array(1);
      samples.push({
        durationTicks: AUDIO_FRAME_TICKS,
        compositionOffsetTicks: 0,
        key: true,
        pieces: [frame],
        size: frame.length,
      });
      this.#audioTicks += AUDIO_FRAME_TICKS;
    }
    return samples;
  }

  #makeInit(): InitSegment {
    const aac = aacCodec.parametersFromFmtp({
      media: 'audio',
      encoding: 'MPEG4-GENERIC',
      clockRate: AUDIO_TIMESCALE,
      channels: 2,
      payloadType: 97,
      fmtp: new Map([
        ['config', '1190'],
        ['mode', 'AAC-hbr'],
        ['sizelength', '13'],
        ['indexlength', '3'],
        ['indexdeltalength', '3'],
      ]),
    });
    assert.ok(aac !== undefined && isMuxable(aac));
    const tracks = [
      { trackId: 1, timescale: VIDEO_TIMESCALE, parameters: this.#video.parameters },
      { trackId: 2, timescale: AUDIO_TIMESCALE, parameters: aac },
    ];
    const bytes = writeInit(tracks);
    return { hash: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes, tracks };
  }

  #lease(count: number): Lease {
    this.#users += count;
    return leaseOf(() => void (this.#users -= count));
  }
}

/** A filler data unit (type 12) with its length. */
function fillerData(bytes: number): Uint8Array {
  if (bytes === 0) return new Uint8Array(0);
  const filler = new Uint8Array(4 + bytes).fill(255);
  new DataView(filler.buffer).setUint32(0, bytes);
  filler[4] = 12;
  return filler;
}

function leaseOf(close: () => void): Lease {
  return { close, [Symbol.dispose]: close };
}
