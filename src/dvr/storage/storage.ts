/**
 * The bytes of recordings: files in folders, by paths relative to the storage ('lobby/2026-11-24/08/….mp4'). A disk today, objects later.
 * Every operation is bounded in number and bytes a storage, so a hung mount stops neither live nor another disk. Errors:
 * `storage-full` (space or quota), `storage-overloaded` (too much is waiting), `storage-failed` (anything else, with its cause).
 */
import { WeirError } from '../../core/errors.ts';

export interface Storage {
  readonly name: string;
  /**
   * Proves that the disk is there (its marker), makes it on first use. Throws `storage-failed`, also of a disk that does not answer for a
   * while: nothing may be written then.
   */
  check(): Promise<void>;
  /** Makes the file and its folders; it must not exist: throws FileExists. */
  create(path: string): Promise<StorageFile>;
  /** An existing file, for recovery; undefined if there is none. */
  open(path: string): Promise<StorageFile | undefined>;
  /** Reads a range; shorter at the end of the file; undefined if there is no such file. */
  read(path: string, offset: number, length: number): Promise<Uint8Array | undefined>;
  /** Removes a file; one that is not there is removed. Not durable before `syncFolder`. */
  remove(path: string): Promise<void>;
  /** Makes creations and removals in the folder of `path` durable. */
  syncFolder(path: string): Promise<void>;
  /** Removes folders of `path` that have become empty, up to the stream's. */
  prune(path: string): Promise<void>;
  /** All files, folder by folder in order of their names. A folder that cannot be read is told to `failed` and passed over; the root throws. */
  list(failed: (folder: string, error: unknown) => void): AsyncIterable<string>;
  free(): Promise<FreeSpace>;
  stats(): StorageStats;
  close(): Promise<void>;
}

export interface StorageFile {
  readonly path: string;
  /** Bytes in the file, as far as appended and confirmed. */
  readonly length: number;
  /** Appends `pieces` in order: in the kernel when it resolves. Throws; the file may then end in a part of them. One at a time. */
  append(pieces: readonly Uint8Array[]): Promise<void>;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Overwrites bytes within the file. */
  patch(offset: number, bytes: Uint8Array): Promise<void>;
  truncate(length: number): Promise<void>;
  /** What was appended before the call is on the disk when it resolves (fdatasync). After a failure the file must not be written again. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FreeSpace {
  /** What we may use, not what is merely free (reserved blocks). */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Inodes; undefined where the file system does not count them. */
  readonly freeFiles: number | undefined;
}

export interface StorageStats {
  /** Operations that run or wait, and bytes that wait to be written. */
  readonly operations: number;
  readonly queuedBytes: number;
  /** Milliseconds for which the oldest running operation has been running: a hung disk shows here. */
  readonly oldestMs: number;
  readonly bytesWritten: number;
  readonly writes: number;
  readonly syncs: number;
  readonly errors: number;
}

/** `create` found the name taken. */
export class FileExists extends WeirError {
  constructor(path: string) {
    super('storage-failed', 'the file exists already', { place: path });
  }
}
