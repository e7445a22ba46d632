/**
 * One process a data folder. The lock is SQLite's exclusive lock on an empty `weir.lock`, so the kernel holds it: it ends with the
 * process, however that ends, and no stale file can keep the next start away.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WeirError } from '../core/errors.ts';

const SQLITE_BUSY = 5;

export class DataLock implements Disposable {
  readonly #database: DatabaseSync;

  /** Throws `data-locked` if another process has it, `index-failed` if the folder cannot be written. */
  static acquire(folder: string): DataLock {
    const file = join(folder, 'weir.lock');
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file, { timeout: 0 });
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return new DataLock(database);
    } catch (error) {
      database?.close();
      const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
      if (busy) throw new WeirError('data-locked', 'another weir uses the data folder', { place: folder });
      throw new WeirError('index-failed', 'the data folder cannot be used', { place: folder, cause: error });
    }
  }

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  release(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
