/** A folder on a disk as a storage. Reads and writes have lanes of their own, so that playback does not wait for a sync, nor a sync for it. */
import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, rmdir, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { within } from '../../base/within.ts';
import { WeirError } from '../../core/errors.ts';
import { DiskFile, readBounded, type DiskFileOptions, type WriteMeter } from './disk-file.ts';
import { checkMarker, syncFolderAt, type KnownUuids } from './marker.ts';
import { OperationLane } from './operation-lane.ts';
import { parseRecordingPath } from './recording-path.ts';
import { errnoOf, storageError } from './storage-error.ts';
import { FileExists, type FreeSpace, type Storage, type StorageFile, type StorageStats } from './storage.ts';

/** Operations in the thread pool at a time, of writing and of reading each: what a hung mount can take from it. */
export const MAX_RUNNING = 4;
/** Operations that wait: a look at ten thousand recordings at once is refused, not remembered. */
export const MAX_WAITING = 4096;
/** So long what waits has room in memory (segment-queue.ts): a disk that spins up or stalls costs nothing, one that hangs is given up. */
export const CHECK_LIMIT_MS = 30_000;

export interface DiskStorageOptions {
  readonly name: string;
  /** Absolute path. */
  readonly root: string;
  readonly clock: Clock;
  readonly known: KnownUuids;
}

export class DiskStorage implements Storage {
  readonly name: string;
  readonly #root: string;
  readonly #known: KnownUuids;
  readonly #clock: Clock;
  readonly #writes: OperationLane;
  readonly #reads: OperationLane;
  readonly #meter: WriteMeter = { queuedBytes: 0, bytesWritten: 0, writes: 0, syncs: 0, errors: 0 };
  /** One at a time, for all who ask: those that a hung mount holds up must not take the whole lane. */
  #checking: Promise<void> | undefined;

  constructor(options: DiskStorageOptions) {
    this.name = options.name;
    this.#root = options.root;
    this.#known = options.known;
    this.#clock = options.clock;
    this.#writes = new OperationLane(options.clock, options.name, MAX_RUNNING, MAX_WAITING);
    this.#reads = new OperationLane(options.clock, options.name, MAX_RUNNING, MAX_WAITING);
  }

  async check(): Promise<void> {
    this.#checking ??= this.#guard(this.#writes, '', () => checkMarker(this.name, this.#root, this.#known)).finally(
      () => (this.#checking = undefined),
    );
    if (await within(this.#clock, CHECK_LIMIT_MS, this.#checking)) return;
    throw new WeirError('storage-failed', `storage '${this.name}' does not answer`, {
      place: this.#root,
      expected: `an answer within ${CHECK_LIMIT_MS / 1000} s`,
    });
  }

  create(path: string): Promise<StorageFile> {
    return this.#guard(this.#writes, path, async () => {
      const full = join(this.#root, path);
      await this.#makeFolder(dirname(full));
      try {
        return this.#file(path, await open(full, 'wx+'), 0);
      } catch (error) {
        if (errnoOf(error) === 'EEXIST') throw new FileExists(path);
        // The folder was pruned in between: once more.
        if (errnoOf(error) !== 'ENOENT') throw error;
        await this.#makeFolder(dirname(full));
        return this.#file(path, await open(full, 'wx+'), 0);
      }
    });
  }

  open(path: string): Promise<StorageFile | undefined> {
    return this.#guard(this.#writes, path, async () => {
      const handle = await openIfThere(join(this.#root, path), 'r+');
      if (handle === undefined) return undefined;
      try {
        return this.#file(path, handle, (await handle.stat()).size);
      } catch (error) {
        await handle.close().catch(() => undefined);
        throw error;
      }
    });
  }

  read(path: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    return this.#guard(this.#reads, path, async () => {
      await using handle = await openIfThere(join(this.#root, path), 'r');
      return handle === undefined ? undefined : await readBounded(handle, offset, length);
    });
  }

  remove(path: string): Promise<void> {
    return this.#guard(this.#writes, path, () => unlink(join(this.#root, path)).catch(unlessMissing));
  }

  syncFolder(path: string): Promise<void> {
    return this.#guard(this.#writes, path, () => syncFolderAt(dirname(join(this.#root, path))).catch(unlessMissing));
  }

  prune(path: string): Promise<void> {
    return this.#guard(this.#writes, path, async () => {
      for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
        try {
          await rmdir(join(this.#root, folder));
        } catch (error) {
          if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) return;
          throw error;
        }
      }
    });
  }

  async *list(failed: (folder: string, error: unknown) => void): AsyncGenerator<string> {
    yield* this.#listFolder('', 0, failed);
  }

  free(): Promise<FreeSpace> {
    return this.#guard(this.#reads, '', async () => {
      const { bavail, blocks, bsize, files, ffree } = await statfs(this.#root);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeFiles: files === 0 ? undefined : ffree };
    });
  }

  stats(): StorageStats {
    return {
      ...this.#meter,
      operations: this.#writes.operations + this.#reads.operations,
      oldestMs: Math.max(this.#writes.oldestMs(), this.#reads.oldestMs()),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *#listFolder(
    folder: string,
    depth: number,
    failed: (folder: string, error: unknown) => void,
  ): AsyncGenerator<string> {
    const entries = await this.#entriesOf(folder).catch((error: unknown) => {
      if (depth === 0) throw error;
      failed(folder, error);
      return [];
    });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && depth < 3) yield* this.#listFolder(path, depth + 1, failed);
      else if (entry.isFile() && parseRecordingPath(path) !== undefined) yield path;
    }
  }

  #entriesOf(folder: string): Promise<readonly Dirent[]> {
    return this.#guard(this.#reads, folder, () =>
      readdir(join(this.#root, folder), { withFileTypes: true }).catch((error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return [];
        throw error;
      }),
    );
  }

  /** Makes a folder with its parents; each new name is durable before anything is written in it. */
  async #makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true });
    if (first === undefined) return;
    const top = dirname(first);
    for (let at = dirname(folder); !relative(top, at).startsWith('..'); at = dirname(at)) {
      await syncFolderAt(at);
      if (at === top || at === sep) return;
    }
  }

  #file(path: string, handle: FileHandle, length: number): StorageFile {
    const run: DiskFileOptions['run'] = (kind, operation) =>
      this.#guard(kind === 'read' ? this.#reads : this.#writes, path, operation, kind === 'close');
    return new DiskFile({ path, handle, length, run, meter: this.#meter });
  }

  async #guard<T>(lane: OperationLane, path: string, operation: () => Promise<T>, mustRun = false): Promise<T> {
    try {
      return await lane.run(operation, mustRun);
    } catch (error) {
      if (error instanceof FileExists) throw error;
      this.#meter.errors += 1;
      throw storageError(error, join(this.#root, path));
    }
  }
}

async function openIfThere(path: string, flags: 'r' | 'r+'): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function unlessMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error;
}
