/** A stream and its timeline for tests, told by hand what they hold; no source behind them. */
import type {
  Attachment,
  LiveKeyFrame,
  RelayReader,
  RelayTrack,
  StateChange,
  Stream,
  StreamStatus,
} from '../stream/stream.ts';
import { contentOf, type SegmentContent } from '../stream/segment-content.ts';
import type { Generation, HeadSegment, Lease, Timeline, TimelineHead } from '../stream/timeline.ts';
import { FAKE_START_UTC_MS } from './fake-segment.ts';

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

  async segment(number: number): Promise<SegmentContent | undefined> {
    const found = this.#segments.find((segment) => segment.number === number)?.fragments;
    const pieces = found?.map(({ bytes }) => bytes);
    return pieces === undefined || found === undefined ? undefined : contentOf(pieces, found);
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
      warnings: [],
      source: { kind: 'rtsp', label: 'rtsp://192.0.2.10/main', attempts: 1, nextAttemptUtcMs: undefined, faults: {} },
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

function leaseOf(close: () => void): Lease {
  let open = true;
  const end = (): void => {
    if (open) close();
    open = false;
  };
  return { close: end, [Symbol.dispose]: end };
}
