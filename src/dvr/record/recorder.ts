/**
 * Records one stream: listens to its timeline, and has what it gives written, part by part. The listening side is synchronous and
 * never waits; the writing side takes from the queue between them. What is lost on the way (no room, a disk that fails) is an alarm and
 * a gap with its reason, and recording goes on by itself in a new file.
 *
 *     timeline ──fragment──▶ SegmentQueue ──▶ #drain ──▶ SegmentWriter ──▶ files, index
 *                                                  └───▶ GapTracker
 */
import { delay, type Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { ERRORS, WeirError } from '../../core/errors.ts';
import type { GapReason } from '../../stream/archive.ts';
import type { Fragment, SegmentEntry } from '../../stream/fragment.ts';
import type { CompanionEnd } from '../../stream/live-streams.ts';
import type { StateChange, StreamStatus } from '../../stream/stream.ts';
import type { Lease, Timeline } from '../../stream/timeline.ts';
import { uncarriedMedia } from '../../stream/uncarried-media.ts';
import { gapReasonOf } from '../gaps/gap-reason.ts';
import type { GapTracker } from '../gaps/gap-tracker.ts';
import type { RecordingIndex } from '../index/recording-index.ts';
import type { Storage } from '../storage/storage.ts';
import type { OpenRecordings } from './open-recordings.ts';
import type { RecordingFile } from './recording-file.ts';
import { SegmentQueue, type FaultReason, type QueueItem, type StorageBudget } from './segment-queue.ts';
import { SegmentWriter, type LostRecording } from './segment-writer.ts';

/** A segment in hand is waited for so long: the longest one takes 6.4 s, unless the source stalls. */
export const FINISH_MS = 10_000;
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
}

export interface RecorderStatus {
  readonly storage: string;
  /** End of what is in the files, whole parts; undefined: nothing yet. */
  readonly recordedUpToUtcMs: number | undefined;
  /** Why nothing is being recorded right now; undefined: it is. */
  readonly gap: GapReason | undefined;
  /** It lies in the recorder, whatever the source does. */
  readonly ownFault: boolean;
  /** What failed last, while it does. */
  readonly error: WeirError | undefined;
  readonly sourceLive: boolean;
  /** Since the last part was written, the source came back, or recording began. */
  readonly silentMs: number;
}

type Phase =
  /** Takes every segment. */
  | { readonly kind: 'recording' }
  /** Is to stop: takes what is left of one segment, and calls `over` at its end. */
  | { readonly kind: 'finishing'; readonly segment: number; readonly over: () => void };

type SourceState =
  | { readonly kind: 'live' }
  /** Why, as far as it is known. */
  | { readonly kind: 'away'; readonly reason: GapReason | undefined };

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #log: Log;
  readonly #queue: SegmentQueue;
  readonly #writer: SegmentWriter;
  readonly #leases: readonly Lease[];
  #phase: Phase = { kind: 'recording' };
  #source: SourceState = { kind: 'away', reason: undefined };
  #draining: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #error: WeirError | undefined;
  #shuttingDown = false;
  /** Why segments are not even taken, while they are not. */
  #refusing: FaultReason | undefined;
  /** What the last alarm was about, until recording goes on. */
  #alarmed: FaultReason | undefined;
  #writtenAtMs: number;

  constructor(options: RecorderOptions) {
    this.#options = options;
    const { stream, storage, index, open, clock, gaps } = options;
    this.#log = options.log.child({ stream: stream.name });
    this.#queue = new SegmentQueue(options.budget);
    const { lastEndUtcMs } = gaps;
    this.#writer = new SegmentWriter({
      stream: stream.name,
      storage,
      index,
      open,
      lastEndUtcMs,
      lost: (lost) => this.#lostAtClose(lost),
      clock,
      log: this.#log,
    });
    this.#writtenAtMs = clock.monoMs();
    const live = stream.status().state === 'live';
    // Of a stream that is there what is missing is the rest of a segment that began before recording was asked for.
    gaps.begin(live ? 'schedule' : 'source-offline', clock.utcMs());
    this.#leases = [
      stream.onState((change) => this.#push({ kind: 'state', change })),
      stream.timeline.subscribe({
        fragment: (fragment) => this.#offer(fragment),
        segment: (entry) => this.#segmentEnded(entry),
        pause: () => this.#paused(),
      }),
      stream.timeline.use('record'),
    ];
    if (live) this.#push({ kind: 'state', change: { state: 'live', utcMs: clock.utcMs(), error: undefined } });
  }

  /** The file that is being written, for sync rounds. */
  get file(): RecordingFile | undefined {
    return this.#writer.file;
  }

  get storage(): string {
    return this.#options.storage.name;
  }

  status(): RecorderStatus {
    return {
      storage: this.storage,
      recordedUpToUtcMs: this.#options.gaps.lastEndUtcMs,
      gap: this.#refusing ?? this.#options.gaps.open?.reason,
      ownFault: this.#refusing !== undefined || this.#options.gaps.ownFault,
      error: this.#error,
      sourceLive: this.#source.kind === 'live',
      silentMs: this.#options.clock.monoMs() - this.#writtenAtMs,
    };
  }

  /** From now on the source goes away because weir ends: the gap that follows says so. */
  beginShutdown(): void {
    this.#shuttingDown = true;
  }

  /** A sync of the file failed: it is closed and not written again. One that is no longer in hand is being closed, and knows it. */
  syncFailed(file: RecordingFile, error: WeirError): void {
    if (file !== this.file) return;
    this.#error = error;
    this.#push({ kind: 'look' });
  }

  /**
   * Writes what waits, closes the file, and resolves when its rows are committed. A stream that goes on goes on with the segment in
   * hand: that is written to its end first (FINISH_MS at most), or not listed. Idempotent.
   */
  stop(why: CompanionEnd): Promise<void> {
    this.#stopped ??= this.#stop(why);
    return this.#stopped;
  }

  /** The process ends: nothing is waited for but the disk. What is there of a segment is kept, since nobody serves the rest of it any more. */
  stopNow(): Promise<void> {
    this.#shuttingDown = true;
    if (this.#phase.kind === 'finishing') this.#phase.over();
    return this.stop('removed');
  }

  async #stop(why: CompanionEnd): Promise<void> {
    const { inHand } = this.#queue;
    if (why === 'settings' && inHand !== undefined && !this.#shuttingDown) await this.#finishSegment(inHand);
    for (const lease of this.#leases.toReversed()) lease.close();
    await this.#draining;
    const leftOut = await this.#writer.close(this.#shuttingDown ? 'keep' : 'leave-out');
    const { gaps, clock } = this.#options;
    gaps.advanced(this.#writer.endUtcMs);
    if (leftOut) {
      gaps.lost('source-offline', clock.utcMs());
      this.#log.warn({ storage: this.storage }, 'the segment in hand did not end: it is not in the recording');
    }
    if (this.#shuttingDown) gaps.lost('shutdown', clock.utcMs());
    else if (why !== 'unused') gaps.end(clock.utcMs());
    else if (gaps.open === undefined) gaps.lost('source-offline', clock.utcMs());
  }

  async #finishSegment(segment: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#phase = { kind: 'finishing', segment, over: resolve };
    const over = new AbortController();
    await Promise.race([promise, delay(this.#options.clock, FINISH_MS, over.signal)]);
    over.abort();
  }

  #offer(fragment: Fragment): void {
    if (this.#phase.kind === 'finishing' && fragment.segment !== this.#phase.segment) return;
    const willing = !this.#writer.resting;
    const admission = this.#queue.offer(fragment, willing);
    if (admission === 'taken') {
      this.#refusing = undefined;
      this.#drainSoon();
    } else if (admission === 'refused') {
      this.#refuse(willing, fragment.startUtcMs);
    }
  }

  #segmentEnded(entry: SegmentEntry): void {
    if (entry.number === this.#queue.inHand) this.#push({ kind: 'segment', entry });
    if (this.#phase.kind === 'finishing' && this.#phase.segment === entry.number) this.#phase.over();
  }

  #paused(): void {
    this.#push({ kind: 'pause', utcMs: this.#options.clock.utcMs() });
    if (this.#phase.kind === 'finishing') this.#phase.over();
  }

  /** The gap begins where what waits ends, so it is noted behind that; the alarm does not wait. */
  #refuse(willing: boolean, utcMs: number): void {
    const { storage, gaps } = this.#options;
    const hung = storage.stats().oldestMs > HUNG_MS;
    const reason = willing && !hung ? 'overload' : faultReasonOf(this.#error);
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
        const [first, ...rest] = items.flatMap((item) => (item.kind === 'fragment' ? [item.fragment] : []));
        if (first !== undefined) {
          await this.#write([first, ...rest]).catch((error: unknown) => this.#failed(error));
          this.#queue.release([first, ...rest]);
        }
        for (const item of items) await this.#look(item);
      }
    } finally {
      this.#draining = undefined;
    }
  }

  async #look(item: QueueItem): Promise<void> {
    const { gaps } = this.#options;
    switch (item.kind) {
      case 'fragment':
        return;
      case 'segment':
        this.#writer.endSegment(item.entry);
        gaps.advanced(this.#writer.endUtcMs);
        return;
      case 'pause':
        gaps.lost(this.#reasonOfPause(), item.utcMs);
        return;
      case 'refused':
        gaps.lost(item.reason, item.utcMs);
        return;
      case 'state':
        this.#stateChanged(item.change);
        return;
      case 'look':
        if (this.file?.broken !== undefined) await this.#failed(this.file.broken);
        return;
      default:
        item satisfies never;
    }
  }

  #reasonOfPause(): GapReason {
    if (this.#shuttingDown) return 'shutdown';
    return (this.#source.kind === 'away' ? this.#source.reason : undefined) ?? 'source-offline';
  }

  #stateChanged(change: StateChange): void {
    if (change.state === 'live') {
      this.#source = { kind: 'live' };
      this.#writtenAtMs = this.#options.clock.monoMs();
      this.#lookAtCodecs(change.utcMs);
      return;
    }
    const known = this.#source.kind === 'away' ? this.#source.reason : undefined;
    const reason = change.error === undefined ? known : gapReasonOf(change.error.code);
    this.#source = { kind: 'away', reason };
    if (this.#error?.code === 'codec-unsupported') this.#error = undefined;
    if (change.error !== undefined && reason !== undefined) this.#options.gaps.sourceLost(reason, change.utcMs);
  }

  /** The source is there, and yet nothing will come: nobody should wait for that without a word. */
  #lookAtCodecs(utcMs: number): void {
    const { stream, gaps } = this.#options;
    const media = uncarriedMedia(stream.status().tracks);
    if (media === undefined) return;
    this.#error = new WeirError('codec-unsupported', `Recordings do not carry the ${media} of ${stream.name}`);
    gaps.lost('codec', utcMs);
    this.#log.error({ code: this.#error.code, remedy: this.#error.row.remedy }, this.#error.describe());
  }

  /** Parts of one segment, in order. */
  async #write(fragments: readonly [Fragment, ...Fragment[]]): Promise<void> {
    const { gaps, clock } = this.#options;
    const [first] = fragments;
    const written = await this.#writer.write(fragments);
    if (written === 'ignored') return;
    if (written === 'resting') {
      gaps.lost(faultReasonOf(this.#error), first.startUtcMs);
      return;
    }
    this.#writtenAtMs = clock.monoMs();
    if (written === 'begun') this.#resumed(first);
    gaps.advanced(this.#writer.endUtcMs);
  }

  #resumed(first: Fragment): void {
    this.#error = undefined;
    this.#options.gaps.resumed(first.startUtcMs);
    if (this.#alarmed !== undefined)
      this.#log.info({ storage: this.storage, reason: this.#alarmed }, 'recording goes on');
    this.#alarmed = undefined;
  }

  /** What is sure is kept, the rest is a gap, and after a while a new file is tried. */
  async #failed(error: unknown): Promise<void> {
    const { gaps, clock } = this.#options;
    this.#error = weirErrorOf(error);
    await this.#writer.fail();
    gaps.advanced(this.#writer.endUtcMs);
    const reason = faultReasonOf(this.#error);
    if (gaps.lost(reason, clock.utcMs())) this.#alarm(reason);
  }

  /** Recording goes on in another file, or is over: what is lost lies behind. */
  #lostAtClose({ startUtcMs, endUtcMs, error: cause }: LostRecording): void {
    const error = weirErrorOf(cause);
    const { code, row } = error;
    this.#options.gaps.lostBetween(faultReasonOf(error), startUtcMs, endUtcMs);
    const fields = { code, remedy: row.remedy, storage: this.storage, startUtcMs, endUtcMs, error };
    this.#log.error(fields, 'the end of a recording is lost: it could not be synced');
  }

  #alarm(reason: FaultReason): void {
    this.#alarmed = reason;
    const code = this.#error?.code ?? (reason === 'overload' ? 'storage-overloaded' : 'storage-failed');
    const fields = { code, remedy: ERRORS[code].remedy, storage: this.storage, reason, error: this.#error };
    this.#log.error(fields, 'recording stopped; it goes on by itself');
  }
}

function weirErrorOf(error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  return new WeirError('internal', 'recording failed by a fault of weir itself', { cause: error });
}

/** A fault of weir itself must not look like a bad disk. */
function faultReasonOf(error: WeirError | undefined): 'disk' | 'crash' {
  return error?.code === 'internal' ? 'crash' : 'disk';
}
