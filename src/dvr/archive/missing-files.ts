/**
 * Recordings whose file somebody deleted. They are found when somebody asks for them: then they leave the lists, and their time is a gap.
 * Nothing looks for them by itself: a year of recordings is a million files.
 */
import type { Log } from '../../base/log.ts';
import type { GapStore } from '../../state/gap-store.ts';
import type { ClosedFileRow } from '../index/file-row.ts';
import type { RecordingIndex } from '../index/recording-index.ts';
import type { Storage } from '../storage/storage.ts';

export interface MissingFilesOptions {
  readonly index: RecordingIndex;
  readonly gaps: Pick<GapStore, 'add'>;
  readonly storageOf: (name: string) => Storage | undefined;
  readonly log: Log;
}

export class MissingFiles {
  readonly #options: MissingFilesOptions;
  readonly #looking = new Map<number, Promise<void>>();

  constructor(options: MissingFilesOptions) {
    this.#options = options;
  }

  /** A file of this id was not there. Returns at once; failures are logged, and the file is looked at again when it is next asked for. */
  found(id: number): void {
    if (this.#looking.has(id)) return;
    const look = this.#look(id)
      .catch((error: unknown) =>
        this.#options.log.error({ error }, 'a missing recording could not be taken off the lists'),
      )
      .finally(() => this.#looking.delete(id));
    this.#looking.set(id, look);
  }

  async close(): Promise<void> {
    await Promise.all(this.#looking.values());
  }

  /** A disk that is not mounted has no files either, and one that retention deletes is marked before it goes: neither is missing. */
  async #look(id: number): Promise<void> {
    const { index, storageOf } = this.#options;
    const file = index.look.closedFile(id);
    const storage = file && storageOf(file.storage);
    if (file === undefined || storage === undefined) return;
    await storage.check();
    if ((await storage.read(file.path, 0, 1)) !== undefined || index.look.closedFile(id) === undefined) return;
    await this.#takeOff(file);
  }

  async #takeOff(file: ClosedFileRow): Promise<void> {
    const { index, gaps, log } = this.#options;
    const { stream, path } = file;
    log.error(
      { code: 'storage-failed', stream, storage: file.storage, place: path },
      'the file of a recording is gone: it is listed no longer',
    );
    const runs = index.runsOf(file);
    // The gap first: an end in between shows a recording that is not there, and never a hole without a reason.
    await Promise.all(
      runs.map(({ startUtcMs, endUtcMs }) => gaps.add({ stream, startUtcMs, endUtcMs, reason: 'disk' }).written),
    );
    await index.mark(stream, [file]);
    await index.forget([file.id]);
  }
}
