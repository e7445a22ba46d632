/**
 * One live stream: its source under supervision, the relay, the access units for whoever wants them, and the timeline. It outlives its
 * sources and changes of its settings; its readers stay.
 */
import { isDeepStrictEqual } from 'node:util';
import { delay } from '../base/clock.ts';
import { Turns } from '../base/turns.ts';
import { WeirError } from '../core/errors.ts';
import { AccessUnitFeed } from './access-unit-feed.ts';
import { LeaseCounter, joinLeases, lease } from './lease.ts';
import { LiveTimeline } from './live-timeline.ts';
import { LongGopWatch, longGop } from './long-gop.ts';
import { Relay } from './relay.ts';
import { Supervisor } from './supervisor.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StreamSettings } from '../config/settings.ts';
import type { Archive } from './archive.ts';
import type { StreamNumbers } from './segment-numbers.ts';
import type { Source } from './source.ts';
import type { StartLimiter } from './start-limiter.ts';
import type {
  Attachment,
  LiveKeyFrame,
  PublishGrant,
  RelayReader,
  RelayTrack,
  SenderClock,
  StartMode,
  StateChange,
  Stream,
  StreamStatus,
} from './stream.ts';
import type { Lease } from './timeline.ts';

/** From when a stream is live, so long it is waited for to say what it carries (parameter sets in-band); then it is served as it is. */
export const FORMATS_WAIT_MS = 5000;

export interface LiveStreamOptions {
  readonly settings: StreamSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly limiter: StartLimiter;
  readonly numbers: StreamNumbers;
  readonly archive: Pick<Archive, 'segment' | 'init'>;
  readonly partMs: number;
  readonly segmentMs: number;
  /** Makes the source that `settings.source` describes (not 'publish'); may throw a WeirError. */
  readonly sourceOf: (settings: StreamSettings) => Source;
}

interface Publisher {
  readonly end: (error: WeirError | undefined) => void;
}

export class LiveStream implements Stream {
  readonly name: string;
  readonly timeline: LiveTimeline;
  readonly #options: LiveStreamOptions;
  readonly #clock: Clock;
  readonly #relay: Relay;
  readonly #feed: AccessUnitFeed;
  readonly #supervisor: Supervisor;
  readonly #demand: LeaseCounter;
  #settings: StreamSettings;
  #started = false;
  #closed: WeirError | undefined;
  #publisher: Publisher | undefined;
  #stateListeners: readonly ((change: StateChange) => void)[] = [];
  /** Until when the tracks that it is live with are waited for to become complete: monotonic. Undefined: not live, or without any. */
  #formatsDue: { readonly tracks: readonly RelayTrack[]; readonly ms: number } | undefined;
  /** Those who wait for a state or a format. */
  readonly #waiting = new Set<() => void>();
  readonly #longGop = new LongGopWatch();
  /** What changes the source happens one after another. */
  readonly #turns = new Turns();

  constructor(options: LiveStreamOptions) {
    const { settings, clock, log, random, limiter, numbers, archive, partMs, segmentMs } = options;
    this.name = settings.name;
    this.#options = options;
    this.#settings = settings;
    this.#clock = clock;
    this.#relay = new Relay({
      clock,
      random,
      listener: {
        batch: (batch) => {
          this.#feed.batch(batch);
          if (batch.key && batch.track === this.#relay.main?.index) this.#keyFrame();
        },
        media: () => this.#supervisor.media(),
        pause: () => this.#feed.pause(),
        formats: () => {
          this.#expectFormats();
          this.#wake();
        },
      },
    });
    this.#feed = new AccessUnitFeed(this.#relay);
    this.#supervisor = new Supervisor({
      stream: this.name,
      clock,
      log,
      random,
      limiter,
      begin: () => this.#relay.begin(),
      changed: (change) => this.#stateChanged(change),
    });
    this.#demand = new LeaseCounter((count) => this.#supervisor.want(count > 0));
    this.timeline = new LiveTimeline({
      stream: this.name,
      clock,
      log,
      relay: this.#relay,
      feed: this.#feed,
      numbers,
      archive,
      partMs,
      segmentMs,
      recorded: settings.record,
      demand: (reason) => this.use(reason),
    });
  }

  get settings(): StreamSettings {
    return this.#settings;
  }

  get publishing(): boolean {
    return this.#publisher !== undefined;
  }

  /** Whether anybody reads, watches or records it. */
  get used(): boolean {
    return this.#demand.count > 0;
  }

  status(): StreamStatus {
    const { state, utcMs, error } = this.#supervisor.state;
    const { gopCache, readers } = this.#relay;
    const none = { kind: this.#settings.source.kind, label: '', attempts: 0, nextAttemptUtcMs: undefined, faults: {} };
    return {
      state,
      sinceUtcMs: utcMs,
      error,
      warnings: this.#warnings(),
      source: this.#supervisor.source ?? none,
      tracks: this.#relay.status(this.timeline.faults),
      readers: { rtsp: readers.count('rtsp'), hls: this.timeline.users('hls') },
      gopMs: gopCache.gopMs,
      lastKeyFrameUtcMs: gopCache.lastKeyUtcMs,
      memoryBytes: gopCache.bytes + this.timeline.bytes,
    };
  }

  async tracks(signal: AbortSignal): Promise<readonly RelayTrack[]> {
    const demand = this.use('describe');
    try {
      return await this.#completeTracks(signal);
    } finally {
      demand.close();
    }
  }

  attach(reader: RelayReader, start: StartMode): Attachment {
    const attachment = this.#relay.attach(reader, start);
    return { ...joinLeases(attachment, this.use(reader.protocol)), burst: attachment.burst };
  }

  keyFrame(): LiveKeyFrame | undefined {
    const unit = this.#relay.keyFrame();
    const { main, times, gopCache } = this.#relay;
    if (unit === undefined || main === undefined) return undefined;
    const utcMs = times.track(main.index)?.utcMs(unit.ptsTicks) ?? this.#clock.utcMs();
    return { unit, utcMs, gopMs: gopCache.gopMs, id: `${main.ssrc.toString(16)}-${unit.ptsTicks}` };
  }

  senderClock(track: number): SenderClock | undefined {
    return this.#relay.senderClock(track);
  }

  use(reason: string): Lease {
    return this.#demand.open(reason);
  }

  onState(listener: (change: StateChange) => void): Lease {
    const entry = (change: StateChange): void => listener(change);
    this.#stateListeners = [...this.#stateListeners, entry];
    return lease(() => {
      this.#stateListeners = this.#stateListeners.filter((other) => other !== entry);
    });
  }

  /** Takes settings up, at the start and when they change; a source that they do not concern goes on. */
  configure(settings: StreamSettings): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#closed !== undefined) return;
      const before = this.#started ? this.#settings : undefined;
      this.#settings = settings;
      this.#started = true;
      this.timeline.recorded = settings.record;
      if (before !== undefined && sameSource(before, settings)) return;
      if (before !== undefined)
        await this.#endSource(new WeirError('publish-refused', 'The stream has another source now'));
      if (settings.source.kind !== 'publish') this.#pull(settings);
    });
  }

  /** A publisher's session becomes the source. Throws `publish-refused`, `stream-busy`. */
  publish(source: Source): Promise<PublishGrant> {
    return this.#turns.take(async () => {
      if (this.#closed !== undefined) throw this.#closed;
      // As they are now, which may be others than when the publisher was let in.
      const { source: wanted } = this.#settings;
      if (wanted.kind !== 'publish') throw new WeirError('publish-refused', `${this.name} has a source of its own`);
      if (this.#publisher !== undefined) {
        if (!wanted.takeover) throw new WeirError('stream-busy', `Somebody publishes ${this.name} already`);
        await this.#endSource(new WeirError('taken-over', 'Another publisher took over'));
      }
      const { promise: ended, resolve } = Promise.withResolvers<WeirError | undefined>();
      const publisher = { end: resolve };
      this.#publisher = publisher;
      void this.#supervisor.publish(source).then((error) => {
        if (this.#publisher === publisher) this.#publisher = undefined;
        resolve(error);
      });
      return { ended };
    });
  }

  /** Ends the source, its session torn down; what it sent last is in the timeline then. `error` is what state and publisher say. */
  stopSource(error: WeirError): Promise<void> {
    return this.#turns.take(() => this.#endSource(error, error));
  }

  /** After the source: ends the readers and the timeline. */
  async close(error: WeirError): Promise<void> {
    this.#closed = error;
    await this.stopSource(error);
    this.#relay.readers.end(error);
    await this.timeline.close();
    this.#wake();
  }

  async #completeTracks(signal: AbortSignal): Promise<readonly RelayTrack[]> {
    for (;;) {
      const { state, error } = this.#supervisor.state;
      const waits = state === 'connecting' || state === 'live';
      if (!waits || signal.aborted) throw this.#offline(error);
      const due = this.#formatsDue;
      if (due !== undefined) {
        const { tracks } = this.#relay;
        const complete = tracks.every(({ codec, format }) => codec === undefined || format.parameters !== undefined);
        if (complete || this.#clock.monoMs() >= due.ms) {
          return tracks.map(({ index, format, ssrc }) => ({ index, format, ssrc }));
        }
      }
      await this.#changed(signal, due?.ms);
    }
  }

  #keyFrame(): void {
    const warning = this.#longGop.keyFrame(this.#relay.gopCache.gopMs, this.#clock.utcMs());
    if (warning === undefined) return;
    const { code, row } = warning;
    this.#options.log.warn({ stream: this.name, code, remedy: row.remedy }, warning.describe());
  }

  #warnings(): readonly WeirError[] {
    const { state, utcMs: liveUtcMs } = this.#supervisor.state;
    if (state !== 'live' || this.#relay.main === undefined) return [];
    const { gopMs, lastKeyUtcMs } = this.#relay.gopCache;
    const warning = longGop({ gopMs, lastUtcMs: lastKeyUtcMs, liveUtcMs }, this.#clock.utcMs());
    return warning === undefined ? [] : [warning];
  }

  #pull(settings: StreamSettings): void {
    try {
      const { source, alternatives, onDemand, onDemandIdleMs } = settings;
      const sources = [source, ...alternatives].map((one) => this.#options.sourceOf({ ...settings, source: one }));
      this.#supervisor.pull(sources, onDemand ? onDemandIdleMs : undefined);
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      this.#options.log.error({ stream: this.name, code: error.code }, error.describe());
      this.#supervisor.refuse(error);
    }
  }

  async #endSource(told: WeirError, state?: WeirError): Promise<void> {
    this.#publisher?.end(told);
    this.#publisher = undefined;
    await this.#supervisor.stop(state);
  }

  #stateChanged(change: StateChange): void {
    this.timeline.live = change.state === 'live';
    this.#expectFormats();
    for (const listener of this.#stateListeners) listener(change);
    this.#wake();
  }

  /** Counted once for all who come: of a track that never becomes complete only the first seconds' readers wait, and each of them once. */
  #expectFormats(): void {
    const { tracks } = this.#relay;
    if (this.#supervisor.state.state !== 'live' || tracks.length === 0) this.#formatsDue = undefined;
    else if (this.#formatsDue?.tracks !== tracks)
      this.#formatsDue = { tracks, ms: this.#clock.monoMs() + FORMATS_WAIT_MS };
  }

  #offline(error: WeirError | undefined): WeirError {
    const why = error === undefined ? 'nothing is sent to it' : error.message;
    return new WeirError('stream-offline', `${this.name} is not live: ${why}`, { cause: error });
  }

  /** Resolves at the next change of state or format, at the deadline, or when `signal` aborts. */
  async #changed(signal: AbortSignal, deadlineMs: number | undefined): Promise<void> {
    const over = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
    if (deadlineMs !== undefined) void delay(this.#clock, deadlineMs - this.#clock.monoMs(), over.signal).then(wake);
    await promise;
    over.abort();
    this.#waiting.delete(wake);
    signal.removeEventListener('abort', wake);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

/** What the source sees is the same; whether a publisher may be taken over is asked when one comes. */
function sameSource(a: StreamSettings, b: StreamSettings): boolean {
  if (a.source.kind === 'publish' && b.source.kind === 'publish') return true;
  return isDeepStrictEqual(whatSourcesSee(a), whatSourcesSee(b));
}

function whatSourcesSee({ source, alternatives, onDemand, onDemandIdleMs }: StreamSettings): unknown {
  return [source, alternatives, onDemand, onDemandIdleMs];
}
