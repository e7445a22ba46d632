/**
 * Where the segments of one recorded stream go: into the file in hand, into the next one, and after a failure nowhere for a while.
 *
 *     idle ──first part──▶ writing ──set-up, age, size──▶ writing, into the next file
 *                             │ failed      ▲
 *                             ▼             │ first part after RETRY_MS
 *                          resting ─────────┘
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { WeirError } from '../../core/errors.ts';
import type { Fragment, SegmentEntry } from '../../stream/fragment.ts';
import type { RecordingIndex } from '../index/recording-index.ts';
import type { Storage } from '../storage/storage.ts';
import { beginRecording } from './begin-recording.ts';
import type { OpenRecordings } from './open-recordings.ts';
import type { RecordingFile } from './recording-file.ts';
import { baseUtcMsOf, fitsFile, needsNewFile, ROTATION, staggered, type RotationRules } from './rotation.ts';

/** After a failure the disk is left alone for so long. */
export const RETRY_MS = 5_000;

export interface SegmentWriterOptions {
  readonly stream: string;
  readonly storage: Storage;
  readonly index: RecordingIndex;
  readonly open: OpenRecordings;
  /** Where the stream's recordings end so far. */
  readonly lastEndUtcMs: number | undefined;
  /** Called where a file that is no longer in hand could not be closed whole. */
  readonly lost: (lost: LostRecording) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Segments at the end of a closed file that were written, and are not sure to be there. */
export interface LostRecording {
  readonly startUtcMs: number;
  readonly endUtcMs: number;
  readonly error: unknown;
}

type WriterState =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'writing';
      readonly file: RecordingFile;
      /** Where the recordings before the file end. */
      readonly endBeforeUtcMs: number | undefined;
      /** The segment whose parts go into the file. */
      segment: number;
    }
  | { readonly kind: 'resting'; readonly untilMs: number };

/** 'begun': the first part of a segment is in the file. 'resting': it is not, since the disk is left alone. 'ignored': the rest of a segment that failed. */
export type Written = 'begun' | 'continued' | 'resting' | 'ignored';

export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  readonly #rules: RotationRules;
  #state: WriterState = { kind: 'idle' };
  /** Where the recordings end, while no file is in hand. */
  #endUtcMs: number | undefined;
  /** Files are closed one after the other, so that their rows come in order. */
  #closing: Promise<void> = Promise.resolve();

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
    this.#rules = staggered(ROTATION, options.stream);
    this.#endUtcMs = options.lastEndUtcMs;
  }

  /** The file in hand. */
  get file(): RecordingFile | undefined {
    return this.#state.kind === 'writing' ? this.#state.file : undefined;
  }

  /** Where what is written ends, whole parts; undefined: there is nothing. */
  get endUtcMs(): number | undefined {
    const state = this.#state;
    return state.kind === 'writing' ? (state.file.endUtcMs ?? state.endBeforeUtcMs) : this.#endUtcMs;
  }

  get resting(): boolean {
    return this.#state.kind === 'resting' && this.#options.clock.monoMs() < this.#state.untilMs;
  }

  /** Writes parts of one segment, in order. Throws as Storage and the index do, and the program's own faults: then `fail`. */
  async write(fragments: readonly [Fragment, ...Fragment[]]): Promise<Written> {
    const [first] = fragments;
    if (first.part === 0) {
      if (this.resting) return 'resting';
      await this.#begin(first);
    }
    const state = this.#state;
    if (state.kind !== 'writing' || state.segment !== first.segment) return 'ignored';
    const { file } = state;
    if (!fragments.every((fragment) => fitsFile(fragment, file.baseUtcMs)))
      throw new WeirError('internal', 'a track begins before the file that it goes into', { place: file.path });
    await file.append(fragments);
    return first.part === 0 ? 'begun' : 'continued';
  }

  /** The segment is complete. */
  endSegment(entry: SegmentEntry): void {
    this.file?.endSegment(entry);
  }

  /** After a failure: what is sure of the file in hand is kept, and the disk is left alone for a while. */
  async fail(): Promise<void> {
    const state = this.#state;
    const untilMs = this.#options.clock.monoMs() + RETRY_MS;
    if (state.kind !== 'writing') {
      this.#state = { kind: 'resting', untilMs };
      return;
    }
    const bytes = await state.file.abandon();
    this.#endUtcMs = this.endUtcMs;
    this.#state = { kind: 'resting', untilMs };
    await this.#finish(state.file, bytes);
  }

  /**
   * Closes the file in hand, and resolves when all rows are committed. A segment that is not complete is listed only where `rest` says
   * 'keep': its URL is the live side's as well, which may go on with it. Returns whether one was left out.
   */
  async close(rest: 'keep' | 'leave-out'): Promise<boolean> {
    const state = this.#state;
    const leaveOut = rest === 'leave-out' && this.file?.unfinished !== undefined;
    if (state.kind === 'writing') this.#close(state.file, leaveOut ? 'abandon' : 'seal');
    await this.#closing;
    this.#endUtcMs = this.endUtcMs;
    this.#state = { kind: 'idle' };
    return leaveOut;
  }

  /** A segment begins: in the file that is in hand, or in a new one. */
  async #begin(first: Fragment): Promise<void> {
    const state = this.#state;
    const old = this.file;
    if (state.kind === 'writing' && !needsNewFile(state.file, first, this.#rules)) {
      state.segment = first.segment;
      return;
    }
    const endBeforeUtcMs = this.endUtcMs;
    this.#endUtcMs = endBeforeUtcMs;
    this.#state = { kind: 'idle' };
    if (old !== undefined) this.#close(old, 'seal');
    const { stream, storage, index, open } = this.#options;
    const endTicksOf = (trackId: number): number | undefined =>
      first.discontinuity ? undefined : old?.endTicks(trackId);
    const baseUtcMs = baseUtcMsOf(first, endTicksOf);
    const file = await beginRecording({ stream, storage, index, baseUtcMs, init: first.init });
    this.#state = { kind: 'writing', file, endBeforeUtcMs, segment: first.segment };
    open.add(file);
  }

  /** Commits the file's rows, beside what is written to the next one. */
  #close(file: RecordingFile, how: 'seal' | 'abandon'): void {
    this.#closing = this.#closing.then(async () => {
      const bytes = how === 'seal' ? await this.#seal(file) : await this.#abandon(file);
      await this.#finish(file, bytes);
    });
  }

  async #seal(file: RecordingFile): Promise<number> {
    try {
      return await file.seal();
    } catch (error) {
      const code = error instanceof WeirError ? error.code : 'internal';
      this.#options.log.error({ code, place: file.path, error }, 'a recording could not be closed as it should be');
      return this.#abandon(file);
    }
  }

  async #abandon(file: RecordingFile): Promise<number> {
    const written = [...file.segments];
    const bytes = await file.abandon();
    const lost = written.slice(file.segments.length);
    const [first] = lost;
    const last = lost.at(-1);
    if (first !== undefined && last !== undefined) {
      const { startUtcMs } = first;
      this.#options.lost({ startUtcMs, endUtcMs: last.startUtcMs + last.durationMs, error: file.broken });
    }
    return bytes;
  }

  /** If the index cannot be written, or an empty file not removed, the file keeps its intent: the archive goes on listing it from memory, and recovery finds it. */
  async #finish(file: RecordingFile, bytes: number): Promise<void> {
    const { index, open, storage, log } = this.#options;
    try {
      if (file.segments.length === 0) {
        await storage.remove(file.path);
        await storage.syncFolder(file.path);
      }
      await index.finish(file.stream, file.id, bytes, file.segments);
      open.remove(file);
    } catch (error) {
      const code = error instanceof WeirError ? error.code : 'internal';
      log.error({ code, place: file.path, error }, 'the rows of a recording could not be written');
    }
  }
}
