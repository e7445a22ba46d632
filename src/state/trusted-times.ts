/** The last moment at which each storage's retention trusted the system clock: what a clock is held against at the next start. */
import type { Database } from './database.ts';

export class TrustedTimes {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** UTC milliseconds; undefined: nothing is known. */
  get(storage: string): number | undefined {
    const utcMs = this.#database.get('SELECT utc_ms FROM trusted_time WHERE storage = ?', storage)?.['utc_ms'];
    return typeof utcMs === 'number' ? utcMs : undefined;
  }

  set(storage: string, utcMs: number): Promise<void> {
    return this.#database.write([
      { sql: 'INSERT OR REPLACE INTO trusted_time (storage, utc_ms) VALUES (?, ?)', values: [storage, utcMs] },
    ]);
  }
}
