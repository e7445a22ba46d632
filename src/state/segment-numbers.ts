/**
 * Numbers that name a stream's segments for life. A stream's first is the Unix second of its creation; they are reserved in blocks,
 * ahead of use, and a block that a crash cut short is not used again, so no number ever names two segments. The rows outlive the
 * deletion of a stream: whoever makes it again goes on behind.
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

export class SegmentNumberStore {
  readonly #options: SegmentNumberStoreOptions;
  readonly #open = new Set<string>();

  constructor(options: SegmentNumberStoreOptions) {
    this.#options = options;
  }

  /** The counter of a stream, its first block reserved. One at a time a stream. Throws `index-failed`. */
  async open(stream: string): Promise<SegmentCounter> {
    assert(!this.#open.has(stream), `the numbers of ${stream} are already in use`);
    this.#open.add(stream);
    try {
      const row = this.#options.database.get('SELECT reserved_to, next FROM segment_number WHERE stream = ?', stream);
      const first =
        row === undefined ? Math.floor(this.#options.clock.utcMs() / 1000) : Number(row['next'] ?? row['reserved_to']);
      const counter = new SegmentCounter(stream, first, this.#options, () => this.#open.delete(stream));
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
  #closed: Promise<void> | undefined;

  constructor(stream: string, first: number, options: SegmentNumberStoreOptions, released: () => void) {
    this.#stream = stream;
    this.#options = options;
    this.#released = released;
    this.#next = first;
    this.#reservedTo = first;
  }

  /** Resolves when the numbers to come are reserved. Throws `index-failed`. */
  reserved(): Promise<void> {
    if (this.#reservedTo - this.#next >= RESERVE_BELOW) return Promise.resolve();
    this.#reserving ??= this.#reserve().finally(() => (this.#reserving = undefined));
    return this.#reserving;
  }

  /**
   * The next number. Never waits and never fails: should the database not answer for a whole block, numbers go on unreserved, with
   * an alarm, since live matters more than the case of a crash just then.
   */
  take(): number {
    const number = this.#next;
    this.#next += 1;
    if (number >= this.#reservedTo) {
      this.#options.log.error(
        { stream: this.#stream, code: 'index-failed', number },
        'a segment number could not be reserved',
      );
    }
    this.reserved().catch((error: unknown) => {
      this.#options.log.warn(
        { stream: this.#stream, code: 'index-failed', error },
        'segment numbers are not reserved yet',
      );
    });
    return number;
  }

  /** Ends cleanly: the next run goes on with the next number. Throws `index-failed`. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.#reserving?.catch(() => undefined);
      await this.#write(Math.max(this.#reservedTo, this.#next), this.#next);
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
