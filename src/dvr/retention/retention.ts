/**
 * Keeps one storage within its bounds, in rounds: choose, mark, unlink, sync the folders, forget. A marked file stays marked until it is
 * gone: each round begins with what the ones before left, and recovery with what a crash did.
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { KeepSettings, StorageSettings } from '../../config/settings.ts';
import { ERRORS, WeirError } from '../../core/errors.ts';
import type { GapStore } from '../../state/gap-store.ts';
import type { TrustedTimes } from '../../state/trusted-times.ts';
import type { ClosedFileRow, FileRow } from '../index/file-row.ts';
import type { RecordingIndex } from '../index/recording-index.ts';
import type { FreeSpace, Storage } from '../storage/storage.ts';
import { chooseDeletions, MAX_DELETIONS, type RetentionState } from './choose-deletions.ts';
import { ClockTrust } from './clock-trust.ts';

export interface RetentionOptions {
  readonly storage: Storage;
  readonly settings: () => StorageSettings;
  /** What the configuration says of a stream; undefined: it no longer has it, and the storage's own rules are its. */
  readonly keepOf: (stream: string) => KeepSettings | undefined;
  readonly index: RecordingIndex;
  readonly gaps: Pick<GapStore, 'forget'>;
  readonly trustedTimes: Pick<TrustedTimes, 'get' | 'set'>;
  readonly clock: Clock;
  readonly log: Log;
}

export class Retention {
  readonly #options: RetentionOptions;
  readonly #clockTrust: ClockTrust;
  #filesDeleted = 0;
  #bytesDeleted = 0;

  constructor(options: RetentionOptions) {
    this.#options = options;
    const { storage, index, trustedTimes, clock, log } = options;
    this.#clockTrust = new ClockTrust({
      storage: storage.name,
      times: trustedTimes,
      newestEndUtcMs: () => index.look.newestEndUtcMs(storage.name),
      clock,
      log,
    });
  }

  /** Whether recordings may be judged by their age. */
  trustsClock(): boolean {
    return this.#clockTrust.look();
  }

  get filesDeleted(): number {
    return this.#filesDeleted;
  }

  get bytesDeleted(): number {
    return this.#bytesDeleted;
  }

  /**
   * One bounded round. Returns whether another is due at once. Throws as the index does. A file that cannot be removed is said, counts as
   * gone, so that no other goes in its place, and is tried again in the next round.
   */
  async round(): Promise<boolean> {
    const { storage, index } = this.#options;
    const before = index.look.going(storage.name, MAX_DELETIONS);
    const stuck = await this.#remove(before);
    const chosen = chooseDeletions(await this.#state(stuck));
    await this.#mark(chosen);
    const left = [...stuck, ...(await this.#remove(chosen))];
    return left.length === 0 && Math.max(before.length, chosen.length) === MAX_DELETIONS;
  }

  async #state(stuck: readonly FileRow[]): Promise<RetentionState> {
    const { storage, index, clock, keepOf, settings, log } = this.#options;
    const free = await storage.free().catch((error: unknown): FreeSpace | undefined => {
      log.warn({ storage: storage.name, error }, 'the free space of a storage is not known');
      return undefined;
    });
    const { keep } = settings();
    const trusted = this.#clockTrust.look();
    const streams = index.look.usage().filter((usage) => usage.storage === storage.name);
    return {
      nowUtcMs: clock.utcMs(),
      keep,
      free: free && { ...free, freeBytes: free.freeBytes + bytesOf(stuck) },
      oldest: (limit) => index.look.oldestFiles(storage.name, undefined, limit),
      streams: streams.map(({ stream, bytes }) => {
        const own = keepOf(stream);
        return {
          keep: { ageMs: trusted ? (own?.ageMs ?? keep.ageMs) : undefined, bytes: own?.bytes },
          bytes: bytes - bytesOf(stuck.filter((file) => file.stream === stream)),
          oldest: (limit) => index.look.oldestFiles(storage.name, stream, limit),
        };
      }),
    };
  }

  /** From then on they are not listed; of the gaps between them nobody asks any more. */
  async #mark(files: readonly ClosedFileRow[]): Promise<void> {
    const { index, gaps } = this.#options;
    const byStream = [...Map.groupBy(files, (file) => file.stream)];
    await Promise.all(byStream.map(([stream, ofStream]) => index.mark(stream, ofStream)));
    for (const [stream, ofStream] of byStream) {
      const endUtcMs = Math.max(...ofStream.map((file) => file.endUtcMs));
      await gaps.forget(stream, index.look.nearest(stream, -1).afterUtcMs ?? endUtcMs);
    }
  }

  /** Removes marked files, folder by folder, durably. Returns those that are still there. */
  async #remove(files: readonly FileRow[]): Promise<readonly FileRow[]> {
    const { storage } = this.#options;
    const left = new Set(files);
    const failures: unknown[] = [];
    const succeeds = async (work: () => Promise<void>): Promise<boolean> => {
      try {
        await work();
        return true;
      } catch (error) {
        failures.push(error);
        return false;
      }
    };
    for (const inFolder of Map.groupBy(files, folderOf).values()) {
      const gone: FileRow[] = [];
      for (const file of inFolder) if (await succeeds(() => storage.remove(file.path))) gone.push(file);
      if (await succeeds(() => this.#forget(gone))) for (const file of gone) left.delete(file);
    }
    this.#report(files.length - left.size, [...left], failures[0]);
    return [...left];
  }

  /** Makes the removal of files of one folder durable, and takes their rows away. */
  async #forget(files: readonly FileRow[]): Promise<void> {
    const { storage, index, log } = this.#options;
    const [first] = files;
    if (first === undefined) return;
    await storage.syncFolder(first.path);
    await index.forget(files.map((file) => file.id));
    this.#bytesDeleted += bytesOf(files);
    this.#filesDeleted += files.length;
    await storage
      .prune(first.path)
      .catch((error: unknown) => log.warn({ place: first.path, error }, 'an empty folder could not be removed'));
  }

  #report(deleted: number, left: readonly FileRow[], failure: unknown): void {
    const { storage, log } = this.#options;
    if (deleted > 0) log.info({ storage: storage.name, files: deleted }, 'old recordings deleted');
    const [first] = left;
    if (first === undefined) return;
    const code = failure instanceof WeirError ? failure.code : 'internal';
    const { remedy } = ERRORS[code];
    const fields = { code, remedy, storage: storage.name, place: first.path, files: left.length, error: failure };
    log.error(fields, 'old recordings could not be deleted: it is tried again');
  }
}

function folderOf(file: FileRow): string {
  return file.path.slice(0, file.path.lastIndexOf('/'));
}

function bytesOf(files: readonly FileRow[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}
