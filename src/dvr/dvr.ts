/** Recordings: what records, keeps, recovers and answers. One a process, over the data folder that `State` holds. */
import type { Clock, Timer } from '../base/clock.ts';
import type { Log, LogFields } from '../base/log.ts';
import { within } from '../base/within.ts';
import type { KeepSettings, StorageSettings, StreamSettings } from '../config/settings.ts';
import { WeirError, type ErrorCode } from '../core/errors.ts';
import type { State } from '../state/state.ts';
import type { Archive, GapReason } from '../stream/archive.ts';
import type { CompanionEnd, StreamCompanion } from '../stream/live-streams.ts';
import { MissingFiles } from './archive/missing-files.ts';
import { RecordingArchive } from './archive/recording-archive.ts';
import { GapLedger } from './gaps/gap-ledger.ts';
import { RecordingIndex } from './index/recording-index.ts';
import { OpenRecordings } from './record/open-recordings.ts';
import { Recorder, type RecordedStream } from './record/recorder.ts';
import { RecordingStart, type FailedStart } from './record/recording-start.ts';
import { RecordingStorage } from './recording-storage.ts';
import { forgetGaps } from './retention/forget-gaps.ts';
import { DiskStorage } from './storage/disk-storage.ts';
import type { Storage, StorageStats } from './storage/storage.ts';

/** What a hung disk may hold the end of the process up for; recovery does the rest at the next start. */
export const CLOSE_LIMIT_MS = 10_000;
/** A stream that sends, and of which nothing was written for so long, is an alarm. */
export const SILENT_ALARM_MS = 30_000;
const WATCH_MS = 10_000;
/** So often gaps are looked through for those that nobody asks about any more. */
export const FORGET_GAPS_MS = 3_600_000;

export interface DvrOptions {
  readonly state: State;
  readonly storages: ReadonlyMap<string, StorageSettings>;
  /** What the configuration says of keeping a stream's recordings; undefined: it does not have the stream any more. */
  readonly keepOf: (stream: string) => KeepSettings | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Opens a storage; a disk, if it is left out. */
  readonly openStorage?: (settings: StorageSettings) => Storage;
}

export interface RecordingStatus {
  /** Segments are being written: false also of a stream that is to be recorded, while it cannot be (`gap` says why). */
  readonly active: boolean;
  /** End of what is recorded, whole parts; undefined: nothing. */
  readonly recordedUpToUtcMs: number | undefined;
  /** Why nothing is being recorded right now; undefined: it is, or is not meant to be. */
  readonly gap: GapReason | undefined;
  readonly error: WeirError | undefined;
}

export interface StorageReport extends StorageStats {
  readonly storage: string;
  /** Bytes of parts that wait for the recorders, and whose disk is asked. */
  readonly waitingBytes: number;
  readonly filesDeleted: number;
  readonly bytesDeleted: number;
}

export class Dvr implements AsyncDisposable {
  readonly archive: Archive;
  readonly #options: DvrOptions;
  readonly #index: RecordingIndex;
  readonly #archive: RecordingArchive;
  readonly #missing: MissingFiles;
  readonly #gaps: GapLedger;
  readonly #open = new OpenRecordings();
  readonly #storages = new Map<string, RecordingStorage>();
  readonly #recorders = new Map<string, Recorder>();
  /** Recordings that are to begin, and have not yet. */
  readonly #starts = new Map<string, RecordingStart>();
  /** Recorders that still write, by stream: the next one of the stream begins behind them. */
  readonly #stopping = new Map<string, Promise<void>>();
  /** Recorders that still write, all of them (a stream may have several), and their ends. */
  readonly #ending = new Map<Recorder, Promise<void>>();
  readonly #alarmed = new Set<string>();
  readonly #timers: Timer[] = [];
  #forgetting: Promise<void> = Promise.resolve();
  #shuttingDown = false;
  #closed: Promise<void> | undefined;

  /** Opens the index, recovers what the last run left, and starts keeping the storages. Throws `index-failed`. */
  static async open(options: DvrOptions): Promise<Dvr> {
    const { state, clock, log } = options;
    const index = await RecordingIndex.open(state.dataFolder, clock.utcMs(), log);
    const dvr = new Dvr(options, index);
    await dvr.applyStorages(options.storages);
    await dvr.#gaps.begin((stream) => dvr.#archive.recordedUpToUtcMs(stream));
    dvr.#timers.push(
      clock.every(WATCH_MS, () => dvr.#look()),
      clock.every(FORGET_GAPS_MS, () => (dvr.#forgetting = dvr.#forgetting.then(() => dvr.#forgetGaps()))),
    );
    return dvr;
  }

  private constructor(options: DvrOptions, index: RecordingIndex) {
    this.#options = options;
    this.#index = index;
    this.#gaps = new GapLedger(options.state.gaps, options.clock, options.log);
    const storageOf = (name: string): Storage | undefined => this.#storages.get(name)?.storage;
    const { gaps } = options.state;
    this.#missing = new MissingFiles({ index, gaps, storageOf, log: options.log });
    const missing = (file: number): void => this.#missing.found(file);
    this.#archive = new RecordingArchive({ look: index.look, open: this.#open, gaps, storageOf, missing });
    this.archive = this.#archive;
  }

  /** Takes up the storages of a changed configuration. One that is no longer there is still read, and keeps its last settings. */
  async applyStorages(storages: ReadonlyMap<string, StorageSettings>): Promise<void> {
    const added: RecordingStorage[] = [];
    for (const settings of storages.values()) {
      const known = this.#storages.get(settings.name);
      if (known === undefined) {
        const storage = this.#makeStorage(settings);
        this.#storages.set(settings.name, storage);
        added.push(storage);
      } else if (known.settings.path === settings.path) {
        known.settings = settings;
      } else {
        this.#options.log.error(
          { storage: settings.name, place: settings.path },
          'the path of a storage is taken up at the next start',
        );
      }
    }
    await Promise.all(added.map((storage) => storage.start()));
  }

  /**
   * Records a stream until it is closed: begins at its next segment, goes on over every failure, also of its beginning. A recording of
   * the same name ends before. Throws `config-invalid` if there is no such storage.
   */
  record(stream: RecordedStream, settings: Pick<StreamSettings, 'storage'>): StreamCompanion {
    const { clock, log } = this.#options;
    let recorder: Recorder | undefined;
    const begin = (failed: FailedStart | undefined): void => {
      if (!this.#shuttingDown) recorder = this.#begin(stream, settings.storage, failed);
      this.#starts.delete(stream.name);
    };
    const start = new RecordingStart({ stream: stream.name, begin, clock, log });
    const close = async (why: CompanionEnd): Promise<void> => {
      start.callOff();
      if (this.#starts.get(stream.name) === start) this.#starts.delete(stream.name);
      if (recorder !== undefined && this.#recorders.get(stream.name) === recorder) await this.#stop(stream.name, why);
    };
    this.#target(stream.name, settings.storage);
    this.#starts.get(stream.name)?.callOff();
    this.#starts.set(stream.name, start);
    void this.#stop(stream.name, 'settings');
    const before = this.#stopping.get(stream.name);
    if (before === undefined) start.attempt();
    else void before.then(() => start.attempt());
    return { close };
  }

  status(stream: string): RecordingStatus {
    const failed = this.#starts.get(stream)?.failed;
    if (failed !== undefined) return { active: false, recordedUpToUtcMs: undefined, gap: 'disk', error: failed.error };
    const recorder = this.#recorders.get(stream);
    const status = recorder?.status();
    // A disk that hangs is known of before what is written to it fails.
    const error = status?.gap === undefined ? undefined : this.#storages.get(recorder?.storage ?? '')?.error;
    return {
      active: status !== undefined && status.gap === undefined,
      recordedUpToUtcMs: status?.recordedUpToUtcMs ?? this.#archive.recordedUpToUtcMs(stream),
      gap: error === undefined ? status?.gap : 'disk',
      error: status?.error ?? error,
    };
  }

  /** Plain numbers for metrics: a row a storage, and the index. */
  stats(): { readonly storages: readonly StorageReport[]; readonly index: ReturnType<RecordingIndex['stats']> } {
    const storages = [...this.#storages.values()].map((each) => {
      return {
        ...each.storage.stats(),
        ...each.stats(),
        storage: each.storage.name,
        waitingBytes: each.budget.queuedBytes,
      };
    });
    return { storages, index: this.#index.stats() };
  }

  /** Resolves when an index that was lost is remade from the files of all storages that are there. */
  async rebuilt(): Promise<void> {
    await Promise.all([...this.#storages.values()].map((each) => each.rebuilt));
  }

  /** From now on a source that goes away does so because weir ends. Call it before the streams are closed. */
  beginShutdown(): void {
    this.#shuttingDown = true;
    for (const recorder of this.#writing()) recorder.beginShutdown();
  }

  /** Writes everything that came, closes every file and the index. Idempotent; the state is the caller's to close, afterwards. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.beginShutdown();
    for (const timer of this.#timers.splice(0)) timer.cancel();
    for (const start of this.#starts.values()) start.callOff();
    this.#starts.clear();
    for (const name of this.#recorders.keys()) void this.#stop(name, 'removed');
    for (const recorder of this.#ending.keys()) void recorder.stopNow();
    await Promise.all([...this.#storages.values()].map((storage) => this.#closeStorage(storage)));
    await this.#inTime(this.#missing.close(), { code: 'storage-failed' });
    const stored = [this.#forgetting, this.#gaps.close()];
    await this.#inTime(
      Promise.all(stored).then(() => this.#index.close()),
      { code: 'index-failed', place: this.#options.state.dataFolder },
    );
  }

  /** Behind its own recorders: another disk that hangs holds it up as little as it does them. */
  async #closeStorage(storage: RecordingStorage): Promise<void> {
    const { name } = storage.storage;
    const ends = [...this.#ending].filter(([recorder]) => recorder.storage === name).map(([, end]) => end);
    const rounds = storage.stop();
    await this.#inTime(
      Promise.all([...ends, rounds]).then(() => storage.storage.close()),
      { code: 'storage-failed', storage: name },
    );
  }

  async #inTime(work: Promise<unknown>, fields: LogFields): Promise<void> {
    const { clock, log } = this.#options;
    const done = work.catch((error: unknown) =>
      log.error({ ...fields, error }, 'recording could not end as it should'),
    );
    if (await within(clock, CLOSE_LIMIT_MS, done)) return;
    log.error(fields, 'a disk does not answer: what waits for it is left to recovery');
  }

  #makeStorage(settings: StorageSettings): RecordingStorage {
    const { clock, log, keepOf, state, openStorage } = this.#options;
    const storage =
      openStorage?.(settings) ??
      new DiskStorage({ name: settings.name, root: settings.path, clock, known: state.storages });
    const recorders = (): Iterable<Recorder> => this.#writing();
    const { gaps, trustedTimes } = state;
    const index = this.#index;
    return new RecordingStorage({ storage, settings, index, keepOf, gaps, trustedTimes, recorders, clock, log });
  }

  #begin(stream: RecordedStream, storageName: string, failed: FailedStart | undefined): Recorder {
    const { clock, log } = this.#options;
    const { storage, budget } = this.#target(stream.name, storageName);
    const gaps = this.#gaps.track(stream.name, this.#archive.recordedUpToUtcMs(stream.name));
    if (failed !== undefined) {
      gaps.begin('disk', failed.sinceUtcMs);
      gaps.end(clock.utcMs());
    }
    const recorder = new Recorder({ stream, storage, index: this.#index, open: this.#open, gaps, budget, clock, log });
    this.#recorders.set(stream.name, recorder);
    return recorder;
  }

  #target(stream: string, storage: string): RecordingStorage {
    const target = this.#storages.get(storage);
    if (target === undefined)
      throw new WeirError('config-invalid', `there is no storage '${storage}'`, { place: stream });
    return target;
  }

  #writing(): readonly Recorder[] {
    return [...this.#recorders.values(), ...this.#ending.keys()];
  }

  /** Ends the recording of a stream; does nothing if there is none. */
  #stop(name: string, why: CompanionEnd): Promise<void> {
    const recorder = this.#recorders.get(name);
    if (recorder === undefined) return this.#stopping.get(name) ?? Promise.resolve();
    this.#recorders.delete(name);
    this.#alarmed.delete(name);
    const stopped = recorder
      .stop(why)
      .then(() => this.#gaps.release(name))
      .catch((error: unknown) =>
        this.#options.log.error({ stream: name, error }, 'a recording could not be ended as it should be'),
      )
      .finally(() => {
        this.#ending.delete(recorder);
        if (this.#stopping.get(name) === stopped) this.#stopping.delete(name);
      });
    this.#ending.set(recorder, stopped);
    this.#stopping.set(name, stopped);
    return stopped;
  }

  async #forgetGaps(): Promise<void> {
    const { state, keepOf, clock, log } = this.#options;
    await forgetGaps({
      gaps: state.gaps,
      look: this.#index.look,
      storages: [...this.#storages.values()],
      keepOf,
      recordedTo: (stream) => this.#recorders.get(stream)?.storage,
      nowUtcMs: clock.utcMs(),
    }).catch((error: unknown) => log.error({ code: 'index-failed', error }, 'old gaps could not be forgotten'));
  }

  /** A stream that is live and of which nothing is written is the worst fault of a recorder: it must not stay silent. */
  #look(): void {
    for (const [name, recorder] of this.#recorders) {
      const { gap, ownFault, error, sourceLive, silentMs } = recorder.status();
      // A source that is there explains a gap no more by its having been away.
      const explained = error !== undefined || ownFault || (gap !== undefined && !sourceLive);
      this.#judge(name, explained ? 0 : silentMs, 'storage-failed');
    }
    for (const [name, { failed }] of this.#starts) {
      if (failed !== undefined) this.#judge(name, this.#options.clock.monoMs() - failed.sinceMs, failed.error.code);
    }
    this.#gaps.endForgotten();
  }

  /** An alarm, once, for a stream that has been silent too long. */
  #judge(stream: string, silentMs: number, code: ErrorCode): void {
    if (silentMs <= SILENT_ALARM_MS) {
      this.#alarmed.delete(stream);
      return;
    }
    if (this.#alarmed.has(stream)) return;
    this.#alarmed.add(stream);
    this.#options.log.error({ stream, code, silentMs }, 'nothing is being recorded of a stream that should be');
  }
}
