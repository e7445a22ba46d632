/**
 * All live streams of this process: made, changed and removed as the configuration says, and by publishers whose name a pattern allows.
 * A change of the configuration touches only the streams that it concerns.
 */
import { isDeepStrictEqual } from 'node:util';
import { streamNameError } from '../config/stream-name.ts';
import { WeirError } from '../core/errors.ts';
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
  /** Makes the source that settings describe (not 'publish'). Throws a WeirError if it cannot. */
  readonly sourceOf: (settings: StreamSettings) => Source;
  /** What goes with a stream: its recorder. Asked again when `record` or `storage` changes. May throw a WeirError. */
  readonly companionOf?: (stream: Stream, settings: StreamSettings) => StreamCompanion | undefined;
}

/**
 * Why a companion ends. 'settings': the stream goes on, with another companion or none. 'removed': after its source ended, the stream
 * goes. 'unused': the same, but whoever publishes that name again brings it back.
 */
export type CompanionEnd = 'settings' | 'removed' | 'unused';

export interface StreamCompanion {
  /** Resolves when it has ended; never rejects. After 'settings' the next one of the stream may be asked for at once. */
  close(why: CompanionEnd): Promise<void>;
}

interface Member {
  readonly stream: LiveStream;
  companion: StreamCompanion | undefined;
}

export class LiveStreams implements StreamRegistry {
  readonly #options: LiveStreamsOptions;
  readonly #limiter: StartLimiter;
  readonly #members = new Map<string, Member>();
  /** Streams in the making or being removed, by name. */
  readonly #pending = new Map<string, Promise<unknown>>();
  /** Streams that it will be looked at whether anybody needs them. */
  readonly #forgetting = new Set<LiveStream>();
  #rules = new StreamRules(new Map());
  #closing = false;
  #turn: Promise<unknown> = Promise.resolve();

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
    return this.#inTurn(async () => {
      this.#rules = new StreamRules(streams);
      const gone = [...this.#members.keys()].filter((name) => this.#rules.settingsOf(name) === undefined);
      const removed = new WeirError('stream-removed', 'The configuration no longer has this stream');
      await Promise.all(gone.map((name) => this.#remove(name, removed)));
      await Promise.all([...this.#members.values()].map((member) => this.#change(member)));
      const missing = [...this.#rules.exact].filter(({ name }) => !this.#members.has(name));
      await Promise.all(missing.map(({ name }) => this.#tryObtain(name)));
    });
  }

  /** Ends all streams: sources torn down, recordings closed, readers told. Idempotent. */
  close(): Promise<void> {
    this.#closing = true;
    return this.#inTurn(async () => {
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
    const settings = this.#rules.settingsOf(name);
    if (settings === undefined) throw new WeirError('stream-unknown', `There is no stream ${name}`);
    if (this.#members.size >= STREAMS_MAX)
      throw new WeirError('limit-reached', `There are ${STREAMS_MAX} streams already`);
    const { clock, log, random, archive, hls, sourceOf } = this.#options;
    const numbers = await this.#options.numbers.open(name);
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
    try {
      this.#members.set(name, { stream, companion: this.#options.companionOf?.(stream, settings) });
    } catch (error) {
      await numbers.close();
      throw error;
    }
    await stream.configure(settings);
    return stream;
  }

  async #change(member: Member): Promise<void> {
    const { stream } = member;
    const settings = this.#rules.settingsOf(stream.name);
    if (settings === undefined || sameSettings(settings, stream.settings)) return;
    if (!sameRecording(settings, stream.settings)) this.#changeCompanion(member, settings);
    await stream.configure(settings);
  }

  /** The one before ends by itself, at the end of the segment in hand: nobody waits for that. */
  #changeCompanion(member: Member, settings: StreamSettings): void {
    void member.companion?.close('settings');
    member.companion = undefined;
    try {
      member.companion = this.#options.companionOf?.(member.stream, settings);
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      this.#options.log.error(
        { stream: settings.name, code: error.code, error },
        `The stream cannot be recorded: ${error.describe()}`,
      );
    }
  }

  async #remove(name: string, error: WeirError, why: CompanionEnd = 'removed'): Promise<void> {
    await this.#pending.get(name);
    const member = this.#members.get(name);
    if (member === undefined) return;
    await this.#whilePending(name, async () => {
      this.#members.delete(name);
      await member.stream.stopSource(error);
      await member.companion?.close(why);
      await member.stream.close(error);
    });
  }

  /** A stream that only its publisher called into being, and that nobody uses, goes after a while. */
  #forgetLater(stream: LiveStream): void {
    if (this.#forgetting.has(stream)) return;
    this.#forgetting.add(stream);
    this.#options.clock.after(UNUSED_STREAM_MS, () => void this.#inTurn(() => this.#forget(stream)));
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

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
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
