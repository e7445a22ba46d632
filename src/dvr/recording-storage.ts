/** One configured storage at work: the disk, its recovery, its sync rounds, its retention. */
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { within } from '../base/within.ts';
import type { KeepSettings, StorageSettings } from '../config/settings.ts';
import { WeirError } from '../core/errors.ts';
import type { State } from '../state/state.ts';
import type { RecordingIndex } from './index/recording-index.ts';
import type { Recorder } from './record/recorder.ts';
import { StorageBudget } from './record/segment-queue.ts';
import { rebuildIndex } from './recover/rebuild-index.ts';
import { recoverStorage } from './recover/recover-storage.ts';
import { Retention } from './retention/retention.ts';
import type { Storage } from './storage/storage.ts';

const RETENTION_MS = 30_000;
/** A storage that is not there is looked for so often. */
const LOOK_MS = 10_000;
/** A start, or a changed configuration, waits for the first look at a storage for so long; a hung mount must not stop it. */
export const FIRST_LOOK_MS = 5_000;
/** What could not be recovered (a sector that cannot be read) is tried again so often. */
export const RECOVER_AGAIN_MS = 600_000;

export interface RecordingStorageOptions {
  readonly storage: Storage;
  readonly settings: StorageSettings;
  readonly index: RecordingIndex;
  readonly keepOf: (stream: string) => KeepSettings | undefined;
  readonly gaps: State['gaps'];
  readonly trustedTimes: State['trustedTimes'];
  readonly recorders: () => Iterable<Recorder>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * How far the storage is. 'ready': recovered, but for files that are tried again from `againAtMs` on (of the monotonic clock), by
 * recovery or by the rebuild of the index.
 */
type StorageState =
  | { readonly kind: 'unseen' | 'recovering' }
  | { readonly kind: 'absent'; readonly error: WeirError }
  | { readonly kind: 'ready'; readonly againAtMs: number };

export class RecordingStorage {
  readonly storage: Storage;
  readonly budget = new StorageBudget();
  readonly #options: RecordingStorageOptions;
  readonly #log: Log;
  readonly #retention: Retention;
  readonly #abort = new AbortController();
  readonly #timers: Timer[] = [];
  readonly #running = new Map<string, Promise<void>>();
  #syncTimer: Timer | undefined;
  #settings: StorageSettings;
  #state: StorageState = { kind: 'unseen' };

  constructor(options: RecordingStorageOptions) {
    this.#options = options;
    this.storage = options.storage;
    this.#settings = options.settings;
    this.#log = options.log.child({ storage: options.storage.name });
    this.#retention = new Retention({ ...options, log: this.#log, settings: () => this.#settings });
  }

  get settings(): StorageSettings {
    return this.#settings;
  }

  set settings(settings: StorageSettings) {
    this.#settings = settings;
  }

  /**
   * Starts its rounds, and recovers what a crash left: waits for that a while, and otherwise lets it go on beside. Never throws: a
   * storage that is not there, or does not answer, is looked for.
   */
  async start(): Promise<void> {
    const { clock } = this.#options;
    const looked = this.#once('look', () => this.#look());
    if (!(await within(clock, FIRST_LOOK_MS, looked))) this.#goesOnBeside();
    this.#syncLater();
    this.#timers.push(
      clock.every(LOOK_MS, () => void this.#once('look', () => this.#look())),
      clock.every(RETENTION_MS, () => void this.#once('retention', () => this.#retain())),
    );
  }

  /** Why it cannot be used, as far as its last look says. */
  get error(): WeirError | undefined {
    return this.#state.kind === 'absent' ? this.#state.error : undefined;
  }

  /** Whether recordings may be judged by their age. */
  trustsClock(): boolean {
    return this.#retention.trustsClock();
  }

  /** Resolves when the index holds what the files hold (at once, if it was not lost). */
  get rebuilt(): Promise<void> {
    return this.#running.get('rebuild') ?? Promise.resolve();
  }

  /** Syncs every file that grows, and commits how far, all in one. */
  async sync(): Promise<void> {
    const recorders = [...this.#options.recorders()].filter((recorder) => recorder.storage === this.storage.name);
    const synced = await Promise.all(recorders.map((recorder) => syncFile(recorder)));
    const rows = synced.filter((row) => row !== undefined);
    if (rows.length > 0) await this.#options.index.synced(rows);
  }

  stats(): { readonly filesDeleted: number; readonly bytesDeleted: number } {
    return { filesDeleted: this.#retention.filesDeleted, bytesDeleted: this.#retention.bytesDeleted };
  }

  /** Ends its rounds. The storage is the caller's to close, once nobody writes to it any more. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#syncTimer?.cancel();
    for (const timer of this.#timers.splice(0)) timer.cancel();
    await Promise.all(this.#running.values());
  }

  /** Looks at the interval anew each time: it may have been configured anew. */
  #syncLater(): void {
    this.#syncTimer = this.#options.clock.after(this.#settings.syncMs, () => {
      void this.#once('sync', () => this.sync());
      this.#syncLater();
    });
  }

  #goesOnBeside(): void {
    if (this.#state.kind === 'recovering')
      this.#log.info({}, 'what the last run left is put in order beside the start');
    else this.#isAbsent(new WeirError('storage-failed', `storage '${this.storage.name}' does not answer`));
  }

  async #look(): Promise<void> {
    const { storage, index, clock } = this.#options;
    const state = this.#state;
    if (state.kind === 'ready' && clock.monoMs() < state.againAtMs) return;
    if (!(await this.#answers()) || this.#abort.signal.aborted) return;
    if (this.#state.kind === 'absent') this.#log.info({}, 'the storage is there');
    if (state.kind !== 'ready') this.#state = { kind: 'recovering' };
    const report = await recoverStorage({ storage, index, log: this.#log });
    if (report.failed > 0 && !(await this.#answers())) return;
    const indexed = index.look.isIndexed(storage.name);
    const inOrder = report.failed === 0 && indexed;
    this.#state = { kind: 'ready', againAtMs: inOrder ? Infinity : clock.monoMs() + RECOVER_AGAIN_MS };
    if (Object.values(report).some((count) => count > 0))
      this.#log.info({ ...report }, 'what the last run left is in order');
    if (!indexed) void this.#once('rebuild', () => this.#rebuild());
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#options.storage.check();
      return true;
    } catch (error) {
      this.#isAbsent(
        error instanceof WeirError ? error : new WeirError('storage-failed', 'a look failed', { cause: error }),
      );
      return false;
    }
  }

  #isAbsent(error: WeirError): void {
    const { code, row } = error;
    if (this.#state.kind !== 'absent')
      this.#log.error({ code, remedy: row.remedy, error }, 'the storage cannot be used: it is looked for');
    this.#state = { kind: 'absent', error };
  }

  async #rebuild(): Promise<void> {
    const { storage, index } = this.#options;
    const report = await rebuildIndex({ storage, index, log: this.#log, signal: this.#abort.signal });
    if (this.#abort.signal.aborted) return;
    // A disk that went away meanwhile shows no files.
    await storage.check();
    if (report.failed === 0) await index.indexed(storage.name);
    if (report.added > 0) this.#log.info({ ...report }, 'the index was made again from the recordings');
  }

  async #retain(): Promise<void> {
    if (this.#state.kind !== 'ready') return;
    await this.storage.check();
    while (!this.#abort.signal.aborted && (await this.#retention.round()));
  }

  /** Runs a task unless it still runs; its failure is logged. */
  #once(name: string, task: () => Promise<void>): Promise<void> {
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const done = task()
      .catch((error: unknown) => {
        const code = error instanceof WeirError ? error.code : 'storage-failed';
        this.#log.error({ code, task: name, error }, 'work on a storage failed');
      })
      .finally(() => this.#running.delete(name));
    this.#running.set(name, done);
    return done;
  }
}

async function syncFile(recorder: Recorder): Promise<{ id: number; bytes: number } | undefined> {
  const { file } = recorder;
  if (file === undefined) return undefined;
  const before = file.syncedLength;
  try {
    await file.sync();
  } catch (error) {
    recorder.syncFailed(
      file,
      error instanceof WeirError ? error : new WeirError('storage-failed', 'a sync failed', { cause: error }),
    );
    return undefined;
  }
  return file.syncedLength === before ? undefined : { id: file.id, bytes: file.syncedLength };
}
