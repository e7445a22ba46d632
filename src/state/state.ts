/** The data folder while it is ours: its lock, and what state.db holds. */
import { mkdir } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { WeirError } from '../core/errors.ts';
import { DataLock } from './data-lock.ts';
import type { Database } from './database.ts';
import { GapStore } from './gap-store.ts';
import { SegmentNumberStore } from './segment-numbers.ts';
import { openStateDatabase } from './state-database.ts';
import { StorageIdentities } from './storage-identities.ts';
import { TrustedTimes } from './trusted-times.ts';

export interface StateOptions {
  /** Absolute path; made if it is not there. */
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class State implements AsyncDisposable {
  readonly dataFolder: string;
  readonly numbers: SegmentNumberStore;
  readonly gaps: GapStore;
  readonly storages: StorageIdentities;
  readonly trustedTimes: TrustedTimes;
  readonly #lock: DataLock;
  readonly #database: Database;

  /** Throws `data-locked` if another process has the folder, `index-failed` if it cannot be used. */
  static async open(options: StateOptions): Promise<State> {
    const { dataFolder, log } = options;
    await mkdir(dataFolder, { recursive: true }).catch((error: unknown) => {
      throw new WeirError('index-failed', 'the data folder cannot be made', { place: dataFolder, cause: error });
    });
    const lock = DataLock.acquire(dataFolder);
    try {
      return new State(options, lock, await openStateDatabase(dataFolder, log));
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(options: StateOptions, lock: DataLock, database: Database) {
    this.dataFolder = options.dataFolder;
    this.#lock = lock;
    this.#database = database;
    this.numbers = new SegmentNumberStore({ database, clock: options.clock, log: options.log });
    this.gaps = new GapStore(database);
    this.storages = new StorageIdentities(database);
    this.trustedTimes = new TrustedTimes(database);
  }

  /** Writes what waits and lets the folder go. Idempotent. */
  async close(): Promise<void> {
    await this.#database.close();
    this.#lock.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
