/**
 * All live streams of this process: made, changed and removed as the configuration says, and by publishers whose name a pattern allows.
 * A change of the configuration touches only the streams that it concerns.
 */
import { isDeepStrictEqual } from 'node:util';
import { Turns } from '../base/turns.ts';
import { streamNameError } from '../config/stream-name.ts';
import { WeirError } from '../core/errors.ts';
import {
  COMPANION_END_MS_MAX,
  COMPANION_SHUTDOWN_MS_MAX,
  CompanionKeeper,
  type CompanionEnd,
  type CompanionOf,
} from './companion.ts';
import { LiveStream } from './live-stream.ts';
import { StartLimiter } from './start-limiter.ts';
import { StreamRules } from './stream-rules.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StreamSettings } from '../config/settings.ts';
import type { Archive } from './archive.ts';
import type { SegmentNumbers } from './segment-numbers.ts';
import type { Source } from './source.ts';
import type { PublishGrant, Stream, StreamRegistry } from './stream.ts';

export type { CompanionEnd, StreamCompanion } from './companion.ts';

/** More streams than one process serves. */
const STREAMS_MAX = 10_000;
/** A stream that a pattern made is forgotten so long after its publisher left, if nobody uses it; its recordings bring it back. */
export const UNUSED_STREAM_MS = 60_000;

export interface LiveStreamsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  readonly numbers: SegmentNumbers;
  readonly archive: Pick<Archive, 'segment' | 'init' | 'spans'>;
  readonly hls: { readonly partMs: number; readonly segmentMs: number };
  /** Makes the source that `settings.source` describes (not 'publish'). Throws a WeirError if it cannot. */
  readonly sourceOf: (settings: StreamSettings) => Source;
  /** What goes with a stream: its recorder. Asked again when `record` or `storage` changes, and a while after it threw a WeirError. */
  readonly companionOf?: CompanionOf;
}

interface Member {
  readonly stream: LiveStream;
  readonly companion: CompanionKeeper;
}

export class LiveStreams implements StreamRegistry {
  readonly #options: LiveStreamsOptions;
  readonly #limiter: StartLimiter;
  readonly #members = new Map<string, Member>();
  /** Streams in the making or being removed, by name. */
  readonly #pending = new Map<string, Promise<unknown>>();
  /** Streams that it will be looked at whether anybody needs them. */
  readonly #forgetting = new Set<LiveStream>();
  /** Configurations, what is forgotten, and the end. */
  readonly #turns = new Turns();
  #rules = new StreamRules(new Map());
  #closing = false;

  constructor(options: LiveStreamsOptions) {
    this.#options = options;
    this.#limiter = new StartLimiter(options.clock);
  }

  async find(name: string): Promise<Stream | undefined> {
    const stream = this.#members.get(name)?.stream;
    if (stream !== undefined || this.#closing || this.#rules.settingsOf(name) === undefined) return stream;
    // A name that only a pattern allows: it is a stream if it is being made, or if it has been one and was recorded.
    await this.#pending.get(name);
    if (this.#members.has(name)) return this.#members.get(name)?.stream;
    const spans = await this.#options.archive.spans(name, 0, this.#options.clock.utcMs());
    if (spans.length === 0) return undefined;
    const found = await this.#obtain(name);
    this.#forgetLater(found);
    return found;
  }

  list(): readonly Stream[] {
    return [...this.#members.values()].map((member) => member.stream);
  }

  publishError(name: string): WeirError | undefined {
    if (this.#closing) return new WeirError('shutting-down', 'weir is shutting down');
    const source = this.#rules.settingsOf(name)?.source;
    if (source === undefined)
      return streamNameError(name) ?? new WeirError('publish-refused', `No stream may be published as ${name}`);
    if (source.kind !== 'publish') return new WeirError('publish-refused', `${name} has a source of its own`);
    const busy = this.#members.get(name)?.stream.publishing === true;
    if (busy && !source.takeover) return new WeirError('stream-busy', `Somebody publishes ${name} already`);
    return undefined;
  }

  async publish(name: string, source: Source): Promise<PublishGrant> {
    const error = this.publishError(name);
    if (error !== undefined) throw error;
    const stream = await this.#obtain(name);
    const grant = await stream.publish(source);
    void grant.ended.then(() => this.#forgetLater(stream));
    return grant;
  }

  /** Takes a configuration up: adds, removes and changes what differs, and resolves when that is done. */
  apply(streams: ReadonlyMap<string, StreamSettings>): Promise<void> {
    return this.#turns.take(async () => {
      this.#rules = new StreamRules(streams);
      const gone = [...this.#members.keys()].filter((name) => this.#rules.settingsOf(name) === undefined);
      const removed = new WeirError('stream-removed', 'The configuration no longer has this stream');
      await Promise.all(gone.map((name) => this.#remove(name, removed)));
      await Promise.all([...this.#members.values()].map((member) => this.#change(member)));
      const missing = [...this.#rules.exact].filter(({ name }) => !this.#members.has(name));
      await Promise.all(missing.map(({ name }) => this.#tryObtain(name)));
      // Those in the making take up what is in force when they are made.
      await Promise.all(this.#pending.values());
    });
  }

  /** Ends all streams: sources torn down, recordings closed, readers told. Idempotent. */
  close(): Promise<void> {
    this.#closing = true;
    return this.#turns.take(async () => {
      await Promise.all(this.#pending.values());
      const error = new WeirError('shutting-down', 'weir is shutting down');
      await Promise.all([...this.#members.keys()].map((name) => this.#remove(name, error)));
    });
  }

  /** One stream that cannot be made does not keep the others from it. */
  async #tryObtain(name: string): Promise<void> {
    try {
      await this.#obtain(name);
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      this.#options.log.error(
        { stream: name, code: error.code, error },
        `The stream cannot be made: ${error.describe()}`,
      );
    }
  }

  /** The stream of that name, made if it is not there. The name has settings. */
  async #obtain(name: string): Promise<LiveStream> {
    for (;;) {
      const there = this.#members.get(name)?.stream;
      if (there !== undefined) return there;
      const pending = this.#pending.get(name);
      if (pending === undefined) return this.#whilePending(name, () => this.#make(name));
      await pending;
    }
  }

  async #make(name: string): Promise<LiveStream> {
    if (this.#members.size >= STREAMS_MAX)
      throw new WeirError('limit-reached', `There are ${STREAMS_MAX} streams already`);
    const { clock, log, random, archive, hls, sourceOf } = this.#options;
    const numbers = await this.#options.numbers.open(name);
    // As they are by now: the configuration may have changed meanwhile.
    const settings = this.#rules.settingsOf(name);
    if (settings === undefined) {
      await numbers.close();
      throw new WeirError('stream-unknown', `There is no stream ${name} any more`);
    }
    const stream = new LiveStream({
      settings,
      clock,
      log,
      random,
      limiter: this.#limiter,
      numbers,
      archive,
      partMs: hls.partMs,
      segmentMs: hls.segmentMs,
      sourceOf,
    });
    const companionOf = this.#options.companionOf ?? (() => undefined);
    const companion = new CompanionKeeper({ stream, companionOf, clock, log });
    companion.begin(settings);
    this.#members.set(name, { stream, companion });
    await stream.configure(settings);
    return stream;
  }

  async #change({ stream, companion }: Member): Promise<void> {
    const settings = this.#rules.settingsOf(stream.name);
    if (settings === undefined || sameSettings(settings, stream.settings)) return;
    if (!sameRecording(settings, stream.settings)) companion.begin(settings);
    await stream.configure(settings);
  }

  async #remove(name: string, error: WeirError, why: CompanionEnd = 'removed'): Promise<void> {
    await this.#pending.get(name);
    const member = this.#members.get(name);
    if (member === undefined) return;
    await this.#whilePending(name, async () => {
      this.#members.delete(name);
      await member.stream.stopSource(error);
      await member.companion.end(why, this.#closing ? COMPANION_SHUTDOWN_MS_MAX : COMPANION_END_MS_MAX);
      await member.stream.close(error);
    });
  }

  /** A stream that only its publisher called into being, and that nobody uses, goes after a while. */
  #forgetLater(stream: LiveStream): void {
    if (this.#forgetting.has(stream)) return;
    this.#forgetting.add(stream);
    this.#options.clock.after(UNUSED_STREAM_MS, () => void this.#turns.take(() => this.#forget(stream)));
  }

  async #forget(stream: LiveStream): Promise<void> {
    this.#forgetting.delete(stream);
    if (this.#members.get(stream.name)?.stream !== stream || this.#closing) return;
    if (stream.publishing || this.#rules.isExact(stream.name)) return;
    if (this.#busy(stream)) return this.#forgetLater(stream);
    await this.#remove(stream.name, new WeirError('stream-removed', 'Nobody publishes or reads this stream'), 'unused');
  }

  /** Whether others than its own recorder use it. */
  #busy(stream: LiveStream): boolean {
    const { readers } = stream.status();
    return readers.rtsp > 0 || readers.hls > 0;
  }

  async #whilePending<T>(name: string, work: () => Promise<T>): Promise<T> {
    const done = work();
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#pending.set(name, settled);
    try {
      return await done;
    } finally {
      if (this.#pending.get(name) === settled) this.#pending.delete(name);
    }
  }
}

/** Another recorder would do the same. */
function sameRecording(a: StreamSettings, b: StreamSettings): boolean {
  return a.record === b.record && a.storage === b.storage;
}

/** Where it is declared is for messages only. */
function sameSettings(a: StreamSettings, b: StreamSettings): boolean {
  return isDeepStrictEqual({ ...a, declaredAt: undefined }, { ...b, declaredAt: undefined });
}
