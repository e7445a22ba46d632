/**
 * A SQLite file with one writer and one reader. Writes go to a thread of their own, in order, through a bounded queue, and are on
 * the disk when they resolve (WAL, synchronous=FULL): no sync ever stops the media loop. Look-ups run in the calling thread on a
 * connection of their own, see what is committed, and wait for nobody.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Log } from '../base/log.ts';
import { WeirError } from '../core/errors.ts';
import type {
  OpenOrder,
  SqlValue,
  Statement,
  WorkerAnswer,
  WorkerOrder,
  WriteFailure,
  WriteRequest,
} from './database-protocol.ts';
import { failureOf } from './write-failure.ts';

export type { SqlValue, Statement } from './database-protocol.ts';

/** Requests that wait for the disk; past it a write is refused. 100 recorders make about 15 a second: ten minutes of a hung disk. */
export const MAX_QUEUED_WRITES = 10_000;
/** From here on the log warns, until the queue is empty again. */
const ALARM_QUEUED_WRITES = 1_000;
/** Requests in one commit. */
const MAX_COMMIT_REQUESTS = 500;

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

export interface DatabaseOptions {
  /** Absolute path. */
  readonly file: string;
  /** SQL that brings the schema from version i to i + 1. */
  readonly steps: readonly string[];
  /** Looks for damage first (checkDatabase), in a large file in these tables alone. Left out: damage shows when somebody comes upon it. */
  readonly checked?: readonly string[];
  readonly log: Log;
}

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, null | number | bigint | string | Uint8Array>>;

/** `index-failed` with SQLite's result code. */
export class DatabaseError extends WeirError {
  readonly sqliteCode: number;

  constructor(file: string, failure: WriteFailure, cause?: unknown) {
    super('index-failed', failure.message, { place: file, cause });
    this.sqliteCode = failure.sqliteCode;
  }

  /** The file is not a database any more. */
  get corrupt(): boolean {
    return this.sqliteCode === SQLITE_CORRUPT || this.sqliteCode === SQLITE_NOTADB;
  }
}

export class Database implements AsyncDisposable {
  readonly #file: string;
  readonly #log: Log;
  readonly #worker: Worker;
  readonly #reader: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #queue: PendingWrite[] = [];
  #inFlight: readonly PendingWrite[] = [];
  #state: 'open' | 'closing' | 'closed' = 'open';
  #alarmed = false;
  #failures = 0;
  readonly #ended = Promise.withResolvers<void>();

  /** Opens or makes the file and brings its schema up to date. Throws `index-failed` (a DatabaseError where SQLite says why). */
  static async open(options: DatabaseOptions): Promise<Database> {
    const order: OpenOrder = { file: options.file, steps: options.steps, checked: options.checked };
    const worker = new Worker(new URL('./database-worker.ts', import.meta.url), { workerData: order });
    const { promise, resolve, reject } = Promise.withResolvers<WorkerAnswer>();
    worker.once('message', resolve);
    worker.once('error', reject);
    try {
      const answer = await promise;
      if (answer.kind === 'failed') throw new DatabaseError(options.file, answer.failure);
      return new Database(options, worker);
    } catch (error) {
      await worker.terminate();
      if (error instanceof WeirError) throw error;
      throw new WeirError('index-failed', 'the writing thread of the database did not start', {
        place: options.file,
        cause: error,
      });
    }
  }

  private constructor(options: DatabaseOptions, worker: Worker) {
    this.#file = options.file;
    this.#log = options.log;
    this.#worker = worker;
    this.#reader = new DatabaseSync(options.file, { readOnly: true, timeout: 1_000 });
    worker.removeAllListeners('error');
    worker.on('message', (answer: WorkerAnswer) => this.#answered(answer));
    worker.on('error', (error) =>
      this.#log.error({ code: 'index-failed', place: this.#file, error }, 'the writing thread of the database failed'),
    );
    worker.on('exit', () => this.#exited());
  }

  /** Commits the statements together; resolves when they are on the disk. Throws `index-failed`, also when too many wait. */
  write(statements: WriteRequest): Promise<void> {
    if (this.#state !== 'open')
      return Promise.reject(new WeirError('index-failed', 'the database is closed', { place: this.#file }));
    if (this.queued >= MAX_QUEUED_WRITES) {
      this.#failures += 1;
      return Promise.reject(
        new WeirError('index-failed', `the database does not keep up: ${MAX_QUEUED_WRITES} writes wait`, {
          place: this.#file,
        }),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.push({ statements, resolve, reject });
    this.#alarm();
    this.#commitNext();
    return promise;
  }

  /** First row, or undefined. Throws `index-failed`. */
  get(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.#read(() => this.#prepared(sql).get(...values));
  }

  /** All rows: the query bounds them. Throws `index-failed`. */
  all(sql: string, ...values: readonly SqlValue[]): readonly Row[] {
    return this.#read(() => this.#prepared(sql).all(...values));
  }

  /** Writes that wait or are being committed. */
  get queued(): number {
    return this.#queue.length + this.#inFlight.length;
  }

  /** Writes refused or failed since the start. */
  get failures(): number {
    return this.#failures;
  }

  /** Commits what waits, then closes. */
  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      this.#commitNext();
    }
    await this.#ended.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #commitNext(): void {
    if (this.#inFlight.length > 0) return;
    if (this.#queue.length === 0) {
      if (this.#state === 'closing') this.#closeFile();
      return;
    }
    this.#inFlight = this.#queue.slice(0, MAX_COMMIT_REQUESTS);
    this.#queue = this.#queue.slice(MAX_COMMIT_REQUESTS);
    this.#send({ kind: 'commit', requests: this.#inFlight.map((write) => write.statements) });
  }

  /** The reader first: the last connection that closes, and may write, folds the log back into the file. */
  #closeFile(): void {
    this.#statements.clear();
    if (this.#reader.isOpen) this.#reader.close();
    this.#send({ kind: 'close' });
  }

  #send(order: WorkerOrder): void {
    this.#worker.postMessage(order);
  }

  #answered(answer: WorkerAnswer): void {
    if (answer.kind !== 'committed') return;
    const done = this.#inFlight;
    this.#inFlight = [];
    for (const [index, write] of done.entries()) {
      const failure = answer.failures[index];
      if (failure === undefined) {
        write.resolve();
        continue;
      }
      this.#failures += 1;
      write.reject(new DatabaseError(this.#file, failure));
    }
    this.#alarm();
    this.#commitNext();
  }

  /** The thread is gone: closed as asked, or failed (then nothing is written any more, and every writer is told). */
  #exited(): void {
    const lost = [...this.#inFlight, ...this.#queue];
    this.#inFlight = [];
    this.#queue = [];
    this.#state = 'closed';
    this.#statements.clear();
    if (this.#reader.isOpen) this.#reader.close();
    for (const write of lost)
      write.reject(new WeirError('index-failed', 'the writing thread of the database ended', { place: this.#file }));
    this.#ended.resolve();
  }

  #alarm(): void {
    if (!this.#alarmed && this.queued >= ALARM_QUEUED_WRITES) {
      this.#alarmed = true;
      this.#log.error(
        { code: 'index-failed', place: this.#file, queued: this.queued },
        'the database does not keep up',
      );
    } else if (this.#alarmed && this.queued === 0) {
      this.#alarmed = false;
      this.#log.info({ place: this.#file }, 'the database keeps up again');
    }
  }

  #read<T>(query: () => T): T {
    if (!this.#reader.isOpen) throw new WeirError('index-failed', 'the database is closed', { place: this.#file });
    try {
      return query();
    } catch (error) {
      const failure = failureOf(error);
      throw new DatabaseError(this.#file, { ...failure, message: `a look-up failed: ${failure.message}` }, error);
    }
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#reader.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

interface PendingWrite {
  readonly statements: readonly Statement[];
  readonly resolve: () => void;
  readonly reject: (error: WeirError) => void;
}
