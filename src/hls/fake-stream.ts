/** A stream, its timeline and an archive for tests: real fragments and inits, given by hand, and no source behind them. */
import { createHash } from 'node:crypto';
import { writeFragment, type FragmentSample } from '../core/mp4/write/fragment.ts';
import { writeInit } from '../core/mp4/write/init.ts';
import { writeSegmentStart } from '../core/mp4/write/segment-start.ts';
import { samplePieces, sampleSize } from '../core/codec/sample.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { CodecParameters } from '../core/codec/codec-parameters.ts';
import { H264_KEY_FRAME } from '../picture/key-frames.table.ts';
import type { Archive, ArchivedKeyFrame, NearestTimes, RecordedGap, RecordedSpan } from '../stream/archive.ts';
import type { Fragment, InitSegment, SegmentEntry } from '../stream/fragment.ts';
import type {
  Attachment,
  LiveKeyFrame,
  RelayReader,
  RelayTrack,
  StateChange,
  Stream,
  StreamStatus,
} from '../stream/stream.ts';
import type { Generation, HeadSegment, Lease, Timeline, TimelineHead } from '../stream/timeline.ts';

export const FAKE_START_UTC_MS = Date.UTC(2026, 0, 1, 10);
export const FAKE_FIRST_NUMBER = 1_767_261_600;
const FRAME_RATE = 20;
const FRAME_TICKS = 90_000 / FRAME_RATE;
const PARTS = 4;

export interface FakeSegment {
  /** Counted from FAKE_FIRST_NUMBER. */
  readonly index: number;
  readonly startUtcMs?: number;
  readonly durationMs?: number;
  readonly discontinuity?: boolean;
  readonly independent?: boolean;
  readonly init?: InitSegment;
}

export function fakeUnit(parameters: CodecParameters = H264_KEY_FRAME.parameters): AccessUnit {
  const data = H264_KEY_FRAME.nals;
  const byteLength = data.reduce((sum, nal) => sum + nal.length, 0);
  return { ptsTicks: 0, dtsTicks: 0, key: true, damaged: false, data, byteLength, parameters };
}

export function fakeInit(parameters: CodecParameters = H264_KEY_FRAME.parameters): InitSegment {
  const tracks = [{ trackId: 1, timescale: 90_000, parameters }];
  const bytes = writeInit(tracks);
  return { hash: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes, tracks };
}

/** Two seconds of twenty frames a second in four parts, if it is not said otherwise. */
export function fakeSegment(wanted: FakeSegment): HeadSegment {
  const { index, durationMs = 2000, discontinuity = false, independent = true, init = fakeInit() } = wanted;
  const number = FAKE_FIRST_NUMBER + index;
  const startUtcMs = wanted.startUtcMs ?? FAKE_START_UTC_MS + 2000 * index;
  const partMs = durationMs / PARTS;
  const fragments = Array.from({ length: PARTS }, (_, part): Fragment => {
    const startTicks = (startUtcMs + part * partMs) * 90;
    const samples = samplesOf(Math.round((partMs * FRAME_RATE) / 1000), part === 0 && independent);
    const prefix = writeSegmentStart({ number, discontinuityNumber: 0, discontinuity, independent });
    const { bytes, tfdtOffsets } = writeFragment({
      sequence: index * PARTS + part,
      ...(part === 0 && { prefix }),
      tracks: [{ trackId: 1, baseDecodeTicks: startTicks, samples }],
    });
    const durationTicks = samples.length * FRAME_TICKS;
    return {
      segment: number,
      part,
      bytes,
      tfdtOffsets,
      startUtcMs: startUtcMs + part * partMs,
      durationMs: partMs,
      tracks: [{ trackId: 1, timescale: 90_000, startTicks, durationTicks, samples: samples.length, keys: [] }],
      independent: part === 0 && independent,
      damaged: false,
      discontinuity: part === 0 && discontinuity,
      init,
    };
  });
  const bytes = fragments.reduce((sum, fragment) => sum + fragment.bytes.length, 0);
  return { number, startUtcMs, durationMs, bytes, initHash: init.hash, discontinuity, independent, init, fragments };
}

function samplesOf(count: number, key: boolean): readonly FragmentSample[] {
  const unit = fakeUnit();
  const sample = {
    durationTicks: FRAME_TICKS,
    compositionOffsetTicks: 0,
    pieces: samplePieces(unit),
    size: sampleSize(unit),
  };
  return Array.from({ length: count }, (_, i) => ({ ...sample, key: key && i === 0 }));
}

export class FakeTimeline implements Timeline {
  readonly stream: string;
  /** Open leases, by reason. */
  readonly leases: string[] = [];
  generation: Generation | undefined = { number: 1, targetDurationS: 2 };
  discontinuitiesBefore = 0;
  #version = 1;
  #segments: readonly HeadSegment[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(stream: string) {
    this.stream = stream;
  }

  use(reason: string): Lease {
    this.leases.push(reason);
    return leaseOf(() => void this.leases.splice(this.leases.indexOf(reason), 1));
  }

  subscribe(): Lease {
    return leaseOf(() => {});
  }

  head(): TimelineHead {
    const { generation, discontinuitiesBefore } = this;
    return { version: this.#version, generation, segments: this.#segments, discontinuitiesBefore, live: true };
  }

  async changed(version: number, signal: AbortSignal): Promise<void> {
    if (version !== this.#version || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(resolve);
  }

  /** How many wait for a change. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** What the head holds from now on. */
  set(segments: readonly HeadSegment[]): void {
    this.#segments = segments;
    this.#version++;
    for (const wake of this.#waiting) wake();
  }

  async segment(number: number): Promise<Uint8Array | undefined> {
    const found = this.#segments.find((segment) => segment.number === number);
    return found === undefined ? undefined : Buffer.concat(found.fragments.map(({ bytes }) => bytes));
  }

  async init(hash: string): Promise<Uint8Array | undefined> {
    return this.#segments.find(({ init }) => init.hash === hash)?.init.bytes;
  }
}

export class FakeStream implements Stream {
  readonly name: string;
  readonly timeline: FakeTimeline;
  /** Merged into the status. */
  now: Partial<StreamStatus> = {};
  picture: LiveKeyFrame | undefined;
  readonly readers = new Set<RelayReader>();
  readonly #listeners = new Set<(change: StateChange) => void>();

  constructor(name = 's') {
    this.name = name;
    this.timeline = new FakeTimeline(name);
  }

  status(): StreamStatus {
    return {
      state: 'live',
      sinceUtcMs: FAKE_START_UTC_MS,
      error: undefined,
      source: { kind: 'rtsp', label: 'rtsp://192.0.2.10/main', attempts: 1, nextAttemptUtcMs: undefined },
      tracks: [],
      readers: { rtsp: 0, hls: this.timeline.leases.length },
      gopMs: 2000,
      lastKeyFrameUtcMs: undefined,
      memoryBytes: 0,
      ...this.now,
    };
  }

  /** Changes the status and tells who listens. */
  become(status: Partial<StreamStatus>): void {
    this.now = status;
    const { state, error } = this.status();
    for (const listener of this.#listeners) listener({ state, utcMs: FAKE_START_UTC_MS, error });
  }

  async tracks(): Promise<readonly RelayTrack[]> {
    return [];
  }

  attach(reader: RelayReader): Attachment {
    this.readers.add(reader);
    return { burst: [], ...leaseOf(() => void this.readers.delete(reader)) };
  }

  keyFrame(): LiveKeyFrame | undefined {
    return this.picture;
  }

  senderClock(): undefined {
    return undefined;
  }

  use(): Lease {
    return leaseOf(() => {});
  }

  onState(listener: (change: StateChange) => void): Lease {
    this.#listeners.add(listener);
    return leaseOf(() => void this.#listeners.delete(listener));
  }
}

/** What is recorded: these segments, in order of time; a span is a run without a discontinuity. */
export class FakeArchive implements Archive {
  segmentsOf: readonly HeadSegment[] = [];
  recordedGaps: readonly RecordedGap[] = [];
  keyFrames = new Map<number, ArchivedKeyFrame>();

  async spans(_stream: string, fromUtcMs: number, toUtcMs: number): Promise<readonly RecordedSpan[]> {
    const spans: RecordedSpan[] = [];
    for (const { startUtcMs, durationMs, discontinuity } of this.segmentsOf) {
      const last = discontinuity ? undefined : spans.pop();
      spans.push({
        id: last?.id ?? startUtcMs,
        startUtcMs: last?.startUtcMs ?? startUtcMs,
        endUtcMs: startUtcMs + durationMs,
      });
    }
    return spans
      .filter(({ startUtcMs, endUtcMs }) => startUtcMs < toUtcMs && endUtcMs > fromUtcMs)
      .map((span) => ({
        ...span,
        startUtcMs: Math.max(span.startUtcMs, fromUtcMs),
        endUtcMs: Math.min(span.endUtcMs, toUtcMs),
      }));
  }

  async gaps(): Promise<readonly RecordedGap[]> {
    return this.recordedGaps;
  }

  async segments(_stream: string, fromUtcMs: number, toUtcMs: number, limit: number): Promise<readonly SegmentEntry[]> {
    const touches = ({ startUtcMs, durationMs }: SegmentEntry): boolean =>
      startUtcMs < toUtcMs && startUtcMs + durationMs > fromUtcMs;
    return this.segmentsOf.filter(touches).slice(0, limit);
  }

  async segment(_stream: string, number: number): Promise<Uint8Array | undefined> {
    const found = this.segmentsOf.find((segment) => segment.number === number);
    return found === undefined ? undefined : Buffer.concat(found.fragments.map(({ bytes }) => bytes));
  }

  async init(_stream: string, hash: string): Promise<Uint8Array | undefined> {
    return this.segmentsOf.find(({ initHash }) => initHash === hash)?.init.bytes;
  }

  async keyFrame(_stream: string, utcMs: number): Promise<ArchivedKeyFrame | NearestTimes> {
    const found = this.segmentsOf.findLast(({ startUtcMs }) => startUtcMs <= utcMs);
    if (found !== undefined && utcMs < found.startUtcMs + found.durationMs) return keyFrameOf(found);
    const next = this.segmentsOf.find(({ startUtcMs }) => startUtcMs > utcMs);
    return {
      kind: 'nearest',
      beforeUtcMs: found === undefined ? undefined : found.startUtcMs + found.durationMs,
      afterUtcMs: next?.startUtcMs,
    };
  }
}

function keyFrameOf({ startUtcMs, init }: HeadSegment): ArchivedKeyFrame {
  const unit = fakeUnit(init.tracks[0]?.parameters);
  return {
    kind: 'key-frame',
    utcMs: startUtcMs,
    sample: Buffer.concat(samplePieces(unit)),
    initHash: init.hash,
    parameters: unit.parameters,
  };
}

function leaseOf(close: () => void): Lease {
  let open = true;
  const end = (): void => {
    if (open) close();
    open = false;
  };
  return { close: end, [Symbol.dispose]: end };
}
