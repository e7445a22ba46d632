/** The writing side of one database: opens the file, brings its schema up to date, commits requests. Runs in the writing thread. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { checkDatabase } from './check-database.ts';
import type { OpenOrder, WriteFailure, WriteRequest } from './database-protocol.ts';
import { upgradeSchema } from './upgrade-schema.ts';
import { failureOf } from './write-failure.ts';

/** Prepared statements kept; the house has a few dozen texts, all of them constants. */
const MAX_STATEMENTS = 200;

export class DatabaseWriter {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(order: OpenOrder) {
    this.#database = new DatabaseSync(order.file, { timeout: 10_000, enableForeignKeyConstraints: true });
    try {
      // FULL: NORMAL may forget the newest commits at a power cut, and with them intents and deletion marks.
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000');
      if (order.checked !== undefined) checkDatabase(this.#database, order.checked);
      upgradeSchema(this.#database, order.steps);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** One commit for all; if that fails, each request alone, so that one bad row does not take the others with it. */
  commit(requests: readonly WriteRequest[]): readonly (WriteFailure | undefined)[] {
    if (this.#attempt(requests) === undefined) return requests.map(() => undefined);
    return requests.map((request) => this.#attempt([request]));
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #attempt(requests: readonly WriteRequest[]): WriteFailure | undefined {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const request of requests) for (const { sql, values } of request) this.#prepared(sql).run(...values);
      this.#database.exec('COMMIT');
      return undefined;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      return failureOf(error);
    }
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
