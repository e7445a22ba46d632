/** Streams for tests of the server: fixed answers, no media. */
import { WeirError } from '../../core/errors.ts';
import type { Archive, ArchivedKeyFrame, NearestTimes, RecordedGap, RecordedSpan } from '../../stream/archive.ts';
import type { Stream, StreamRegistry, StreamStatus } from '../../stream/stream.ts';
import type { HeadSegment, Lease, Timeline } from '../../stream/timeline.ts';

const NOW = Date.UTC(2026, 0, 1, 10);
const LEASE: Lease = { close: () => undefined, [Symbol.dispose]: () => undefined };

export class FakeStream implements Stream {
  readonly name: string;
  readonly timeline: Timeline;

  constructor(name: string) {
    this.name = name;
    const segment = { number: 7 } as HeadSegment;
    this.timeline = {
      stream: name,
      use: () => LEASE,
      subscribe: () => LEASE,
      head: () => ({ version: 1, generation: undefined, segments: [segment], discontinuitiesBefore: 0, live: true }),
      changed: () => Promise.resolve(),
      segment: () => Promise.resolve(undefined),
      init: () => Promise.resolve(undefined),
    };
  }

  status(): StreamStatus {
    const counts = {
      bytes: 1000,
      packets: 10,
      lost: 1,
      frames: 5,
      framesPerSecond: 24.9996,
      faults: { 'bad-marker': 2 },
    };
    const video = {
      media: 'video',
      encoding: 'H264',
      clockRate: 90_000,
      payloadType: 96,
      fmtp: new Map<string, string>(),
    } as const;
    const audio = {
      media: 'audio',
      encoding: 'PCMA',
      clockRate: 8000,
      payloadType: 8,
      fmtp: new Map<string, string>(),
    } as const;
    const shape = { media: 'video', width: 1280, height: 720, aspect: [1, 1], frameRate: 25 } as const;
    const parameters = {
      codec: 'h264',
      identity: 'x',
      codecString: 'avc1.64001f',
      sampleEntry: new Uint8Array(),
      parameterSets: [],
      shape,
    } as const;
    return {
      state: 'connecting',
      sinceUtcMs: NOW - 60_000,
      error: new WeirError('source-unreachable', 'No connection: nothing listens there', {
        place: 'rtsp://admin:hunter2@192.0.2.10',
      }),
      warnings: [new WeirError('key-frames-rare', 'Key frames are 60 s apart')],
      source: {
        kind: 'rtsp',
        label: 'rtsp://admin:hunter2@192.0.2.10/main',
        attempts: 3,
        nextAttemptUtcMs: NOW + 5000,
        faults: {},
        skipped: [{ media: 'audio', reason: 'it is a back-channel' }],
      },
      tracks: [
        { format: { ...video, parameters }, ...counts },
        {
          format: { ...audio, parameters: undefined },
          bytes: 100,
          packets: 1,
          lost: 0,
          frames: 1,
          framesPerSecond: undefined,
          faults: {},
        },
      ],
      readers: { rtsp: 2, hls: 1 },
      gopMs: 2000,
      lastKeyFrameUtcMs: NOW - 30_000,
      memoryBytes: 4096,
    };
  }

  tracks(): Promise<never> {
    return Promise.reject(new WeirError('stream-offline', `${this.name} is not live`));
  }

  attach(): ReturnType<Stream['attach']> {
    return { ...LEASE, burst: [] };
  }

  keyFrame(): undefined {
    return undefined;
  }

  senderClock(): undefined {
    return undefined;
  }

  use(): Lease {
    return LEASE;
  }

  onState(): Lease {
    return LEASE;
  }
}

export class FakeRegistry implements StreamRegistry {
  readonly #streams: readonly Stream[];

  constructor(streams: readonly Stream[]) {
    this.#streams = streams;
  }

  find(name: string): Promise<Stream | undefined> {
    return Promise.resolve(this.#streams.find((stream) => stream.name === name));
  }

  list(): readonly Stream[] {
    return this.#streams;
  }

  publishError(name: string): WeirError {
    return new WeirError('publish-refused', `${name} cannot be published`);
  }

  publish(name: string): Promise<never> {
    return Promise.reject(this.publishError(name));
  }
}

/** Recorded from 9:00 to 9:30, then a gap that lasts. */
export class FakeArchive implements Archive {
  spans(stream: string): Promise<readonly RecordedSpan[]> {
    if (stream.startsWith('unrecorded')) return Promise.resolve([]);
    return Promise.resolve([{ id: 1, startUtcMs: NOW - 3_600_000, endUtcMs: NOW - 1_799_500 }]);
  }

  gaps(): Promise<readonly RecordedGap[]> {
    return Promise.resolve([{ startUtcMs: NOW - 1_799_500, endUtcMs: undefined, reason: 'network' }]);
  }

  segments(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  segment(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  init(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  keyFrame(): Promise<ArchivedKeyFrame | NearestTimes> {
    return Promise.resolve({ kind: 'nearest', beforeUtcMs: undefined, afterUtcMs: undefined });
  }
}
