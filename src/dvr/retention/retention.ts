/**
 * Keeps one storage within its bounds, in rounds: choose, mark, unlink, sync the folders, forget. What a crash interrupts between the
 * steps is finished by recovery, since a marked file stays marked.
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { KeepSettings, StorageSettings } from '../../config/settings.ts';
import type { ClosedFileRow } from '../index/file-row.ts';
import type { RecordingIndex } from '../index/recording-index.ts';
import type { FreeSpace, Storage } from '../storage/storage.ts';
import { chooseDeletions, MAX_DELETIONS, type RetentionState } from './choose-deletions.ts';

/** UTC that has run ahead of monotonic time by more than this since the last round was set: age is then not judged for a while. */
const CLOCK_JUMP_MS = 3_600_000;
/** For so long: until somebody had the time to notice, or the clock was set back. */
const CLOCK_DOUBT_MS = 3_600_000;

export interface RetentionOptions {
  readonly storage: Storage;
  readonly settings: () => StorageSettings;
  /** What the configuration says of a stream; undefined: it no longer has it, and the storage's own rules are its. */
  readonly keepOf: (stream: string) => KeepSettings | undefined;
  readonly index: RecordingIndex;
  readonly clock: Clock;
  readonly log: Log;
}

export class Retention {
  readonly #options: RetentionOptions;
  #offsetMs: number;
  #doubtUntilMs = -Infinity;
  #filesDeleted = 0;
  #bytesDeleted = 0;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#offsetMs = options.clock.utcMs() - options.clock.monoMs();
  }

  get filesDeleted(): number {
    return this.#filesDeleted;
  }

  get bytesDeleted(): number {
    return this.#bytesDeleted;
  }

  /** One bounded round. Returns whether another is due at once. Throws as Storage and the index do; what was marked is then recovered later. */
  async round(): Promise<boolean> {
    const chosen = chooseDeletions(await this.#state());
    if (chosen.length === 0) return false;
    await this.#delete(chosen);
    return chosen.length === MAX_DELETIONS;
  }

  async #state(): Promise<RetentionState> {
    const { storage, index, clock, keepOf, settings, log } = this.#options;
    const free = await storage.free().catch((error: unknown): FreeSpace | undefined => {
      log.warn({ storage: storage.name, error }, 'the free space of a storage is not known');
      return undefined;
    });
    const { keep } = settings();
    const trusted = this.#trustsClock();
    const streams = index.look.usage().filter((usage) => usage.storage === storage.name);
    return {
      nowUtcMs: clock.utcMs(),
      keep,
      free,
      oldest: (limit) => index.look.oldestFiles(storage.name, undefined, limit),
      streams: streams.map(({ stream, bytes }) => {
        const own = keepOf(stream);
        return {
          keep: { ageMs: trusted ? (own?.ageMs ?? keep.ageMs) : undefined, bytes: own?.bytes },
          bytes,
          oldest: (limit) => index.look.oldestFiles(storage.name, stream, limit),
        };
      }),
    };
  }

  /** A clock that was set a year ahead by mistake must not delete a year of recordings in a minute. */
  #trustsClock(): boolean {
    const { clock, log, storage } = this.#options;
    const offsetMs = clock.utcMs() - clock.monoMs();
    if (offsetMs - this.#offsetMs > CLOCK_JUMP_MS) {
      this.#doubtUntilMs = clock.monoMs() + CLOCK_DOUBT_MS;
      log.error(
        { storage: storage.name, jumpMs: offsetMs - this.#offsetMs },
        'the system clock jumped ahead: nothing is deleted by age for an hour',
      );
    }
    this.#offsetMs = offsetMs;
    return clock.monoMs() >= this.#doubtUntilMs;
  }

  async #delete(files: readonly ClosedFileRow[]): Promise<void> {
    const { storage, index, log } = this.#options;
    const byStream = Map.groupBy(files, (file) => file.stream);
    await Promise.all([...byStream].map(([stream, ofStream]) => index.mark(stream, ofStream)));
    for (const file of files) await storage.remove(file.path);
    for (const folder of oneAFolder(files)) await storage.syncFolder(folder.path);
    await index.forget(files.map((file) => file.id));
    for (const folder of oneAFolder(files)) await storage.prune(folder.path);
    for (const file of files) this.#bytesDeleted += file.bytes;
    this.#filesDeleted += files.length;
    log.info({ storage: storage.name, files: files.length }, 'old recordings deleted');
  }
}

/** One file of each folder that the files lie in. */
function oneAFolder(files: readonly ClosedFileRow[]): readonly ClosedFileRow[] {
  const byFolder = new Map(files.map((file) => [file.path.slice(0, file.path.lastIndexOf('/')), file]));
  return [...byFolder.values()];
}
