/**
 * Records one stream: listens to its timeline, and writes what it gives, part by part, into files and their rows into the index.
 * The listening side is synchronous and never waits; the writing side takes from the queue between them. What is lost on the way
 * (no room, a disk that fails) is an alarm and a gap with its reason, and recording goes on by itself in a new file.
 *
 *     timeline ──fragment──▶ SegmentQueue ──▶ #drain ──▶ RecordingFile ──▶ Storage
 *                                                  └───▶ RecordingIndex: intent, final row; GapTracker
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { ERRORS, WeirError } from '../../core/errors.ts';
import type { GapReason } from '../../stream/archive.ts';
import type { Fragment } from '../../stream/fragment.ts';
import type { StateChange, StreamStatus } from '../../stream/stream.ts';
import type { Lease, Timeline } from '../../stream/timeline.ts';
import { uncarriedMedia } from '../../stream/uncarried-media.ts';
import { gapReasonOf } from '../gaps/gap-reason.ts';
import type { GapTracker } from '../gaps/gap-tracker.ts';
import type { RecordingIndex } from '../index/recording-index.ts';
import type { Storage } from '../storage/storage.ts';
import { beginRecording } from './begin-recording.ts';
import type { OpenRecordings } from './open-recordings.ts';
import type { RecordingFile } from './recording-file.ts';
import { baseUtcMsOf, fitsFile, needsNewFile, ROTATION, staggered, type RotationRules } from './rotation.ts';
import { SegmentQueue, type QueueItem, type StorageBudget } from './segment-queue.ts';

/** After a failure of the disk it is left alone for so long. */
export const RETRY_MS = 5_000;
/** An operation that takes longer says that the disk hangs, not that there is too much to write. */
const HUNG_MS = 5_000;

/** What the recorder needs of a stream. */
export interface RecordedStream {
  readonly name: string;
  readonly timeline: Timeline;
  status(): Pick<StreamStatus, 'state' | 'tracks'>;
  onState(listener: (change: StateChange) => void): Lease;
}

export interface RecorderOptions {
  readonly stream: RecordedStream;
  readonly storage: Storage;
  readonly index: RecordingIndex;
  readonly open: OpenRecordings;
  readonly gaps: GapTracker;
  readonly budget: StorageBudget;
  readonly clock: Clock;
  readonly log: Log;
  readonly rotation?: RotationRules;
}

export interface RecorderStatus {
  readonly storage: string;
  /** End of what is in the files, whole parts; undefined: nothing yet. */
  readonly recordedUpToUtcMs: number | undefined;
  /** Why nothing is being recorded right now; undefined: it is. */
  readonly gap: GapReason | undefined;
  /** What failed last, while it does. */
  readonly error: WeirError | undefined;
  readonly sourceLive: boolean;
  /** Since the last part was written, the source came back, or recording began. */
  readonly silentMs: number;
  readonly queuedBytes: number;
  readonly bytesWritten: number;
  readonly segments: number;
  /** Segments that were not recorded although the source sent them. */
  readonly segmentsLost: number;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #name: string;
  readonly #log: Log;
  readonly #rules: RotationRules;
  readonly #queue: SegmentQueue;
  readonly #leases: readonly Lease[];
  /** Files are closed one after the other, so that their rows come in order. */
  #closing: Promise<void> = Promise.resolve();
  #file: RecordingFile | undefined;
  #endBeforeFile: number | undefined;
  /** The segment whose parts go into the file; those of another are the rest of one that failed. */
  #writing: number | undefined;
  #draining: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #retryAtMs = -Infinity;
  #error: WeirError | undefined;
  /** Why the source is not there, while it is not. */
  #sourceReason: GapReason | undefined;
  #ending: GapReason | undefined;
  #sourceLive = false;
  /** Why segments are not even taken, while they are not. */
  #refusing: 'disk' | 'overload' | undefined;
  #writtenAtMs: number;
  #bytesWritten = 0;
  #segments = 0;
  #segmentsLost = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    const { stream, clock, gaps } = options;
    this.#name = stream.name;
    this.#log = options.log.child({ stream: stream.name });
    this.#rules = staggered(options.rotation ?? ROTATION, stream.name);
    this.#queue = new SegmentQueue(options.budget);
    this.#writtenAtMs = clock.monoMs();
    if (gaps.open === undefined) gaps.lost('source-offline', clock.utcMs());
    this.#leases = [
      stream.onState((change) => this.#push({ kind: 'state', change })),
      stream.timeline.subscribe({
        fragment: (fragment) => this.#offer(fragment),
        segment: (entry) => this.#push({ kind: 'segment', entry }),
        pause: () => this.#push({ kind: 'pause', utcMs: clock.utcMs() }),
      }),
      stream.timeline.use('record'),
    ];
    if (stream.status().state === 'live')
      this.#push({ kind: 'state', change: { state: 'live', utcMs: clock.utcMs(), error: undefined } });
  }

  /** The file that is being written, for sync rounds. */
  get file(): RecordingFile | undefined {
    return this.#file;
  }

  get storage(): string {
    return this.#options.storage.name;
  }

  status(): RecorderStatus {
    return {
      storage: this.storage,
      recordedUpToUtcMs: this.#options.gaps.lastEndUtcMs,
      gap: this.#refusing ?? this.#options.gaps.open?.reason,
      error: this.#error,
      sourceLive: this.#sourceLive,
      silentMs: this.#options.clock.monoMs() - this.#writtenAtMs,
      queuedBytes: this.#queue.queuedBytes,
      bytesWritten: this.#bytesWritten,
      segments: this.#segments,
      segmentsLost: this.#segmentsLost,
    };
  }

  /** From now on the source goes away because weir ends: the gap that follows says so. */
  beginShutdown(): void {
    this.#ending = 'shutdown';
  }

  /** A sync of the file failed: it is closed and not written again. */
  syncFailed(error: WeirError): void {
    this.#error = error;
    this.#push({ kind: 'look' });
  }

  /** Writes what waits, closes the file, and resolves when its rows are committed. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const lease of this.#leases.toReversed()) lease.close();
    await this.#draining;
    if (this.#file !== undefined) this.#close(this.#file);
    this.#file = undefined;
    await this.#closing;
    const { gaps, clock } = this.#options;
    if (this.#ending === undefined) gaps.end(clock.utcMs());
    else gaps.lost(this.#ending, clock.utcMs());
  }

  #offer(fragment: Fragment): void {
    const { clock } = this.#options;
    const willing = clock.monoMs() >= this.#retryAtMs;
    const admission = this.#queue.offer(fragment, willing);
    if (admission === 'taken') {
      this.#refusing = undefined;
      this.#drainSoon();
    } else if (admission === 'refused') {
      this.#refuse(willing, fragment.startUtcMs);
    }
  }

  /** The gap begins where what waits ends, so it is noted behind that; the alarm does not wait. */
  #refuse(willing: boolean, utcMs: number): void {
    const { storage, gaps } = this.#options;
    const hung = storage.stats().oldestMs > HUNG_MS;
    const reason = willing && !hung ? 'overload' : 'disk';
    this.#segmentsLost += 1;
    if (this.#refusing === reason) return;
    this.#refusing = reason;
    if (gaps.open?.reason !== reason) this.#alarm(reason);
    this.#push({ kind: 'refused', reason, utcMs });
  }

  #push(item: Exclude<QueueItem, { kind: 'fragment' }>): void {
    this.#queue.push(item);
    this.#drainSoon();
  }

  #drainSoon(): void {
    this.#draining ??= this.#drain();
  }

  /** Called with something in the queue. It ends in the same step in which it finds nothing more there: what comes after starts it anew. */
  async #drain(): Promise<void> {
    try {
      for (let items = this.#queue.take(); items.length > 0; items = this.#queue.take()) {
        const fragments = items.flatMap((item) => (item.kind === 'fragment' ? [item.fragment] : []));
        if (fragments.length > 0) {
          await this.#write(fragments).catch((error: unknown) => this.#failed(error));
          this.#queue.release(fragments);
        }
        for (const item of items) await this.#look(item);
      }
    } finally {
      this.#draining = undefined;
    }
  }

  async #look(item: QueueItem): Promise<void> {
    switch (item.kind) {
      case 'fragment':
        return;
      case 'segment':
        this.#file?.endSegment(item.entry);
        if (this.#file !== undefined) this.#options.gaps.advanced(this.#file.endUtcMs ?? this.#endBeforeFile);
        return;
      case 'pause':
        this.#options.gaps.lost(this.#ending ?? this.#sourceReason ?? 'source-offline', item.utcMs);
        return;
      case 'refused':
        this.#options.gaps.lost(item.reason, item.utcMs);
        return;
      case 'state':
        this.#stateChanged(item.change);
        return;
      case 'look':
        if (this.#file?.broken !== undefined) await this.#failed(this.#file.broken);
        return;
      default:
        item satisfies never;
    }
  }

  #stateChanged(change: StateChange): void {
    this.#sourceLive = change.state === 'live';
    if (change.state === 'live') {
      this.#sourceReason = undefined;
      this.#writtenAtMs = this.#options.clock.monoMs();
      this.#lookAtCodecs(change.utcMs);
      return;
    }
    if (this.#error?.code === 'codec-unsupported') this.#error = undefined;
    if (change.error !== undefined) {
      this.#sourceReason = gapReasonOf(change.error.code);
      this.#options.gaps.sourceLost(this.#sourceReason, change.utcMs);
    }
  }

  /** The source is there, and yet nothing will come: nobody should wait for that without a word. */
  #lookAtCodecs(utcMs: number): void {
    const { stream, gaps } = this.#options;
    const media = uncarriedMedia(stream.status().tracks);
    if (media === undefined) return;
    this.#error = new WeirError('codec-unsupported', `Recordings do not carry the ${media} of ${this.#name}`);
    gaps.lost('codec', utcMs);
    this.#log.error({ code: this.#error.code, remedy: this.#error.row.remedy }, this.#error.describe());
  }

  /** Parts of one segment, in order. */
  async #write(fragments: readonly Fragment[]): Promise<void> {
    const first = fragments[0];
    if (first === undefined) return;
    if (first.part === 0) await this.#begin(first);
    const file = this.#file;
    if (file === undefined || this.#writing !== first.segment) return;
    if (!fragments.every((fragment) => fitsFile(fragment, file.baseUtcMs))) {
      throw new WeirError('storage-failed', 'a track begins before the file that it goes into', { place: file.path });
    }
    await file.append(fragments);
    for (const fragment of fragments) this.#bytesWritten += fragment.bytes.length;
    const { gaps, clock } = this.#options;
    this.#writtenAtMs = clock.monoMs();
    if (first.part === 0) {
      this.#segments += 1;
      this.#error = undefined;
      gaps.resumed(first.startUtcMs);
    }
    gaps.advanced(file.endUtcMs);
  }

  /** A segment begins: in the file that is open, or in a new one. */
  async #begin(first: Fragment): Promise<void> {
    const { clock, storage, index, gaps, open } = this.#options;
    this.#writing = undefined;
    if (clock.monoMs() < this.#retryAtMs) {
      this.#segmentsLost += 1;
      gaps.lost('disk', first.startUtcMs);
      return;
    }
    const old = this.#file;
    if (old === undefined || needsNewFile(old, first, this.#rules)) {
      if (old !== undefined) this.#close(old);
      this.#file = undefined;
      const endTicksOf = (trackId: number): number | undefined =>
        first.discontinuity ? undefined : old?.endTicks(trackId);
      const baseUtcMs = baseUtcMsOf(first, endTicksOf);
      this.#file = await beginRecording({ stream: this.#name, storage, index, baseUtcMs, init: first.init });
      this.#endBeforeFile = gaps.lastEndUtcMs;
      open.add(this.#file);
    }
    this.#writing = first.segment;
  }

  /** Seals the file and commits its rows, beside what is written to the next one. */
  #close(file: RecordingFile): void {
    this.#closing = this.#closing.then(() => this.#seal(file));
  }

  async #seal(file: RecordingFile): Promise<void> {
    let bytes: number;
    try {
      bytes = await file.seal();
    } catch (error) {
      this.#log.error(
        { code: codeOf(error), place: file.path, error },
        'a recording could not be closed as it should be',
      );
      bytes = await file.abandon();
    }
    await this.#finish(file, bytes);
  }

  /** If the index cannot be written, or an empty file not removed, the file keeps its intent: the archive goes on listing it from memory, and recovery finds it. */
  async #finish(file: RecordingFile, bytes: number): Promise<void> {
    const { index, open, storage } = this.#options;
    try {
      if (file.segments.length === 0) {
        await storage.remove(file.path);
        await storage.syncFolder(file.path);
      }
      await index.finish(file.stream, file.id, bytes, file.segments);
      open.remove(file);
    } catch (error) {
      this.#log.error(
        { code: 'index-failed', place: file.path, error },
        'the rows of a recording could not be written',
      );
    }
  }

  /** The disk failed: what is sure is kept, the rest is a gap, and after a while a new file is tried. */
  async #failed(error: unknown): Promise<void> {
    const { gaps, clock } = this.#options;
    this.#error =
      error instanceof WeirError ? error : new WeirError('storage-failed', 'recording failed', { cause: error });
    this.#retryAtMs = clock.monoMs() + RETRY_MS;
    this.#writing = undefined;
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) {
      const bytes = await file.abandon();
      gaps.advanced(file.endUtcMs ?? this.#endBeforeFile);
      await this.#finish(file, bytes);
    }
    this.#segmentsLost += 1;
    if (gaps.lost('disk', clock.utcMs())) this.#alarm('disk');
  }

  #alarm(reason: 'disk' | 'overload'): void {
    const code = this.#error?.code ?? (reason === 'disk' ? 'storage-failed' : 'storage-overloaded');
    const fields = { code, remedy: ERRORS[code].remedy, storage: this.storage, reason, error: this.#error };
    this.#log.error(fields, 'recording stopped; it goes on by itself');
  }
}

function codeOf(error: unknown): string {
  return error instanceof WeirError ? error.code : 'storage-failed';
}
