/**
 * Numbers that name a stream's segments for life, and the generation of its media list. A stream's first number is the Unix second of
 * its creation; they are reserved in blocks, ahead of use, and a block that a crash cut short is not used again, so no number ever
 * names two segments. The rows outlive the deletion of a stream: whoever makes it again goes on behind.
 */
import assert from 'node:assert';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Database } from './database.ts';

/** Numbers in a block: two minutes of segments of 2 s. */
export const BLOCK_NUMBERS = 64;
/** The next block is reserved once fewer are left. */
const RESERVE_BELOW = 32;

export interface SegmentNumberStoreOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}

/** The constants of a media list that players hold us to. */
export interface StoredGeneration {
  readonly number: number;
  readonly targetDurationS: number;
}

/** Implements `SegmentNumbers` of the stream layer. */
export class SegmentNumberStore {
  readonly #options: SegmentNumberStoreOptions;
  /** Of streams in use; resolves when their numbers are given back. */
  readonly #open = new Map<string, SegmentCounter>();

  constructor(options: SegmentNumberStoreOptions) {
    this.#options = options;
  }

  /** The counter of a stream, its first block reserved; waits for one that is being closed. Throws `index-failed`. */
  async open(stream: string): Promise<SegmentCounter> {
    await this.#open.get(stream)?.closing;
    assert(!this.#open.has(stream), `the numbers of ${stream} are already in use`);
    const counter = new SegmentCounter(stream, this.#options, () => this.#open.delete(stream));
    this.#open.set(stream, counter);
    try {
      await counter.reserved();
      return counter;
    } catch (error) {
      this.#open.delete(stream);
      throw error;
    }
  }
}

export class SegmentCounter {
  readonly #stream: string;
  readonly #options: SegmentNumberStoreOptions;
  readonly #released: () => void;
  #next: number;
  /** The first number that is not reserved. */
  #reservedTo: number;
  #reserving: Promise<void> | undefined;
  #generation: StoredGeneration | undefined;
  #closed: Promise<void> | undefined;

  constructor(stream: string, options: SegmentNumberStoreOptions, released: () => void) {
    this.#stream = stream;
    this.#options = options;
    this.#released = released;
    const { database, clock } = options;
    const row = database.get('SELECT reserved_to, next FROM segment_number WHERE stream = ?', stream);
    this.#next = row === undefined ? Math.floor(clock.utcMs() / 1000) : Number(row['next'] ?? row['reserved_to']);
    this.#reservedTo = this.#next;
    const stored = database.get('SELECT number, target_duration_s FROM generation WHERE stream = ?', stream);
    if (stored !== undefined) {
      this.#generation = { number: Number(stored['number']), targetDurationS: Number(stored['target_duration_s']) };
    }
  }

  /** Resolves when the numbers to come are reserved. Throws `index-failed`. */
  reserved(): Promise<void> {
    if (this.#reservedTo - this.#next >= RESERVE_BELOW) return Promise.resolve();
    this.#reserving ??= this.#reserve().finally(() => (this.#reserving = undefined));
    return this.#reserving;
  }

  /** The next number; undefined while none is reserved, since the database does not keep up. */
  take(): number | undefined {
    if (this.#closed !== undefined) return undefined;
    const number = this.#next < this.#reservedTo ? this.#next++ : undefined;
    this.reserved().catch((error: unknown) => {
      this.#options.log.error(
        { stream: this.#stream, code: 'index-failed', error },
        'segment numbers cannot be reserved',
      );
    });
    return number;
  }

  get generation(): StoredGeneration | undefined {
    return this.#generation;
  }

  /** Stores in the background. */
  saveGeneration(generation: StoredGeneration): void {
    this.#generation = generation;
    const sql = 'INSERT OR REPLACE INTO generation (stream, number, target_duration_s) VALUES (?, ?, ?)';
    const values = [this.#stream, generation.number, generation.targetDurationS];
    this.#options.database.write([{ sql, values }]).catch((error: unknown) => {
      this.#options.log.error(
        { stream: this.#stream, code: 'index-failed', error },
        'the generation of the media list is not stored',
      );
    });
  }

  /** Ends cleanly: the next run goes on with the next number. A failure is logged: the next run then leaves the block's rest out. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get closing(): Promise<void> | undefined {
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.#reserving?.catch(() => undefined);
      await this.#write(this.#reservedTo, this.#next);
    } catch (error) {
      this.#options.log.error(
        { stream: this.#stream, code: 'index-failed', error },
        'the last segment number is not stored',
      );
    } finally {
      this.#released();
    }
  }

  async #reserve(): Promise<void> {
    const reservedTo = this.#next + BLOCK_NUMBERS;
    await this.#write(reservedTo, null);
    this.#reservedTo = reservedTo;
  }

  #write(reservedTo: number, next: number | null): Promise<void> {
    const sql = `INSERT INTO segment_number (stream, reserved_to, next) VALUES (?, ?, ?)
      ON CONFLICT (stream) DO UPDATE SET reserved_to = max(reserved_to, excluded.reserved_to), next = excluded.next`;
    return this.#options.database.write([{ sql, values: [this.#stream, reservedTo, next] }]);
  }
}
