/** Streams for tests: real ones, over fake cameras, numbers and archive, by a clock that the test turns. */
import { setImmediate } from 'node:timers/promises';
import { seededRandom } from '../../test/harness/seeded-random.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { WeirError } from '../core/errors.ts';
import { FakeCamera } from './fake-camera.ts';
import { LiveStreams } from './live-streams.ts';
import { QuietLog } from './quiet-log.table.ts';
import type { SourceSettings, StreamSettings } from '../config/settings.ts';
import type { RecordedSpan } from './archive.ts';
import type { SegmentNumbers, StreamNumbers } from './segment-numbers.ts';
import type { Source } from './source.ts';
import type { Generation } from './timeline.ts';

export class FakeNumbers implements SegmentNumbers {
  readonly inUse = new Set<string>();
  readonly next = new Map<string, number>();
  readonly generations = new Map<string, Generation>();
  /** What `open` waits for, by stream. */
  readonly held = new Map<string, Promise<void>>();

  async open(stream: string): Promise<StreamNumbers> {
    if (this.inUse.has(stream)) throw new RangeError(`${stream} is open`);
    this.inUse.add(stream);
    const { generations, next } = this;
    await this.held.get(stream);
    return {
      take: () => {
        const number = next.get(stream) ?? 1_767_261_600;
        next.set(stream, number + 1);
        return number;
      },
      get generation() {
        return generations.get(stream);
      },
      saveGeneration: (generation: Generation) => void generations.set(stream, generation),
      close: () => {
        this.inUse.delete(stream);
        return Promise.resolve();
      },
    };
  }
}

export function settingsOf(name: string, source: SourceSettings, more: Partial<StreamSettings> = {}): StreamSettings {
  return {
    name,
    source,
    record: false,
    alternatives: [],
    onDemand: false,
    onDemandIdleMs: 10_000,
    storage: 'main',
    keep: { ageMs: undefined, bytes: undefined, free: undefined },
    declaredAt: undefined,
    ...more,
  };
}

export const PULL: SourceSettings = { kind: 'test-pattern' };
export const PUBLISH: SourceSettings = { kind: 'publish', takeover: true };

export interface StreamBench {
  readonly clock: ManualClock;
  readonly streams: LiveStreams;
  readonly numbers: FakeNumbers;
  readonly log: QuietLog;
  /** By name of the stream, once its source was made. */
  readonly cameras: Map<string, FakeCamera>;
  readonly spans: Map<string, readonly RecordedSpan[]>;
  /** What happened to companions: 'open yard', 'close yard settings'. */
  readonly companions: string[];
  /** Settings with which companions were asked for. */
  readonly made: StreamSettings[];
  /** Streams whose companion cannot be made. */
  readonly withoutCompanion: Set<string>;
  /** What the end of a companion waits for, by stream. */
  readonly heldCompanions: Map<string, Promise<void>>;
  /** Lets time pass in steps of a frame, so that promises between timers settle. */
  pass(ms: number): Promise<void>;
  apply(...settings: readonly StreamSettings[]): Promise<void>;
}

export function streamBench(
  cameraOf: (clock: ManualClock, settings: StreamSettings) => Source = (clock) => new FakeCamera(clock),
): StreamBench {
  const clock = new ManualClock();
  const numbers = new FakeNumbers();
  const cameras = new Map<string, FakeCamera>();
  const spans = new Map<string, readonly RecordedSpan[]>();
  const companions: string[] = [];
  const withoutCompanion = new Set<string>();
  const made: StreamSettings[] = [];
  const heldCompanions = new Map<string, Promise<void>>();
  const log = new QuietLog();
  const streams = new LiveStreams({
    clock,
    log,
    random: seededRandom(5),
    numbers,
    archive: {
      spans: (stream) => Promise.resolve(spans.get(stream) ?? []),
      segment: () => Promise.resolve(undefined),
      init: () => Promise.resolve(undefined),
    },
    hls: { partMs: 500, segmentMs: 2000 },
    sourceOf: (settings) => {
      const source = cameraOf(clock, settings);
      if (source instanceof FakeCamera) cameras.set(settings.name, source);
      return source;
    },
    companionOf: (stream, settings) => {
      made.push(settings);
      if (withoutCompanion.has(stream.name)) throw new WeirError('config-invalid', 'no such storage');
      companions.push(`open ${stream.name}`);
      return {
        close: (why) => {
          companions.push(`close ${stream.name} ${why}`);
          return heldCompanions.get(stream.name) ?? Promise.resolve();
        },
      };
    },
  });
  const pass = async (ms: number): Promise<void> => {
    await setImmediate();
    for (let left = ms; left > 0; left -= 40) {
      clock.advance(Math.min(40, left));
      await setImmediate();
    }
  };
  const apply = (...settings: readonly StreamSettings[]): Promise<void> =>
    streams.apply(new Map(settings.map((one) => [one.name, one])));
  return {
    clock,
    streams,
    numbers,
    log,
    cameras,
    spans,
    companions,
    made,
    withoutCompanion,
    heldCompanions,
    pass,
    apply,
  };
}
