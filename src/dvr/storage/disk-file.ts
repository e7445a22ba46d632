import type { FileHandle } from 'node:fs/promises';
import { readRange } from '../../base/read-range.ts';
import { SEGMENT_BYTES_LONGEST } from '../../stream/cutting-rules.ts';
import type { StorageFile } from './storage.ts';

/** One read: the longest segment. More comes back short. */
export const MAX_READ_BYTES = SEGMENT_BYTES_LONGEST;

/** What a storage counts over all its files. */
export interface WriteMeter {
  queuedBytes: number;
  bytesWritten: number;
  writes: number;
  syncs: number;
  errors: number;
}

export interface DiskFileOptions {
  readonly path: string;
  readonly handle: FileHandle;
  readonly length: number;
  /** Runs an operation in a lane of the storage, and names its errors. A close is never refused: the handle would stay open. */
  readonly run: <T>(kind: 'read' | 'write' | 'close', operation: () => Promise<T>) => Promise<T>;
  readonly meter: WriteMeter;
}

/** A file of a disk storage. Written at explicit offsets: what a failed append left behind its end is overwritten or cut off. */
export class DiskFile implements StorageFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #run: DiskFileOptions['run'];
  readonly #meter: WriteMeter;
  #length: number;
  #closed: Promise<void> | undefined;

  constructor(options: DiskFileOptions) {
    this.path = options.path;
    this.#handle = options.handle;
    this.#length = options.length;
    this.#run = options.run;
    this.#meter = options.meter;
  }

  get length(): number {
    return this.#length;
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    let size = 0;
    for (const piece of pieces) size += piece.length;
    this.#meter.queuedBytes += size;
    try {
      await this.#run('write', () => this.#writeAll(pieces, size));
    } finally {
      this.#meter.queuedBytes -= size;
    }
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#run('read', () => readBounded(this.#handle, offset, length));
  }

  patch(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#run('write', async () => {
      let written = 0;
      while (written < bytes.length) {
        written += (await this.#handle.write(bytes, written, bytes.length - written, offset + written)).bytesWritten;
      }
    });
  }

  truncate(length: number): Promise<void> {
    return this.#run('write', async () => {
      await this.#handle.truncate(length);
      this.#length = Math.min(this.#length, length);
    });
  }

  sync(): Promise<void> {
    return this.#run('write', async () => {
      await this.#handle.datasync();
      this.#meter.syncs += 1;
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#run('close', () => this.#handle.close());
    return this.#closed;
  }

  /** Most writes are one system call; the kernel may take less than all of it (a signal, the last free block). */
  async #writeAll(pieces: readonly Uint8Array[], size: number): Promise<void> {
    let rest = pieces;
    let written = 0;
    while (written < size) {
      const { bytesWritten } = await this.#handle.writev(rest, this.#length + written);
      written += bytesWritten;
      rest = without(rest, bytesWritten);
    }
    this.#meter.writes += 1;
    this.#meter.bytesWritten += size;
    this.#length += size;
  }
}

/** What one read of a storage gives: at most `MAX_READ_BYTES`, less at the end of the file. */
export function readBounded(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  return readRange(handle, offset, Math.min(length, MAX_READ_BYTES));
}

/** The pieces that follow the first `count` bytes. */
function without(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  const rest: Uint8Array[] = [];
  let left = count;
  for (const piece of pieces) {
    if (left < piece.length) rest.push(piece.subarray(left));
    left = Math.max(0, left - piece.length);
  }
  return rest;
}
