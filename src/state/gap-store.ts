/** Rows about what is not recorded, and why: only we know, so they live in state.db. At most one gap of a stream is open at a time. */
import type { Database, Row, SqlValue, Statement } from './database.ts';

/** What is shorter is no gap: recordings that are so close to each other are one span. */
export const MIN_GAP_MS = 200;
/** Rows that one look-up gives. */
const MAX_GAPS = 10_000;
/** Rows that one commit deletes. */
const MAX_FORGOTTEN_GAPS = 500;

export interface GapRow {
  readonly stream: string;
  readonly startUtcMs: number;
  /** Undefined while it lasts. */
  readonly endUtcMs: number | undefined;
  readonly reason: string;
}

/** A gap with the id that `end` wants. */
export interface StoredGap {
  readonly id: number;
  readonly row: GapRow;
}

export class GapStore {
  readonly #database: Database;
  #nextId: number;

  constructor(database: Database) {
    this.#database = database;
    this.#nextId = Number(database.get('SELECT max(id) AS id FROM gap')?.['id'] ?? 0) + 1;
  }

  /** Adds a gap; returns its id, with which `end` closes it. Resolves when written. */
  add(gap: GapRow): { readonly id: number; readonly written: Promise<void> } {
    const id = this.#nextId++;
    const sql = 'INSERT INTO gap (id, stream, start_ms, end_ms, reason) VALUES (?, ?, ?, ?, ?)';
    return {
      id,
      written: this.#database.write([
        { sql, values: [id, gap.stream, gap.startUtcMs, gap.endUtcMs ?? null, gap.reason] },
      ]),
    };
  }

  /** Ends a gap; one that turns out to be shorter than MIN_GAP_MS never was. */
  end(id: number, endUtcMs: number): Promise<void> {
    return this.#database.write([
      { sql: 'UPDATE gap SET end_ms = ? WHERE id = ?', values: [endUtcMs, id] },
      { sql: 'DELETE FROM gap WHERE id = ? AND end_ms - start_ms < ?', values: [id, MIN_GAP_MS] },
    ]);
  }

  /** The gaps that are open, as far as they are written, in the order in which they were added. */
  openGaps(): readonly StoredGap[] {
    const sql = 'SELECT id, stream, start_ms, end_ms, reason FROM gap WHERE end_ms IS NULL ORDER BY id';
    return this.#database.all(sql).map(storedGap);
  }

  /** The open gap of a stream, if it is written. */
  openGap(stream: string): StoredGap | undefined {
    const sql =
      'SELECT id, stream, start_ms, end_ms, reason FROM gap WHERE stream = ? AND end_ms IS NULL ORDER BY id DESC';
    const row = this.#database.get(sql, stream);
    return row && storedGap(row);
  }

  /** Gaps that touch [from, to), in order, the newest MAX_GAPS at most. */
  between(stream: string, fromUtcMs: number, toUtcMs: number): readonly GapRow[] {
    const sql = `SELECT stream, start_ms, end_ms, reason FROM gap
      WHERE stream = ? AND start_ms < ? AND (end_ms IS NULL OR end_ms > ?) ORDER BY start_ms DESC, id DESC LIMIT ${MAX_GAPS}`;
    return this.#database.all(sql, stream, toUtcMs, fromUtcMs).map(gapRow).reverse();
  }

  /** Streams that were being recorded when the last run ended without saying so. */
  interrupted(): readonly { readonly stream: string; readonly sinceUtcMs: number }[] {
    const rows = this.#database.all('SELECT stream, since_ms FROM recording');
    return rows.map((row) => ({ stream: String(row['stream']), sinceUtcMs: Number(row['since_ms']) }));
  }

  /** Notes that a stream is being recorded from now on, or (undefined) no longer. */
  mark(stream: string, sinceUtcMs: number | undefined): Promise<void> {
    const statement: Statement =
      sinceUtcMs === undefined
        ? { sql: 'DELETE FROM recording WHERE stream = ?', values: [stream] }
        : { sql: 'INSERT OR REPLACE INTO recording (stream, since_ms) VALUES (?, ?)', values: [stream, sinceUtcMs] };
    return this.#database.write([statement]);
  }

  /** Streams that have gaps, in order of their names, from behind `after` on; at most `limit`. */
  streams(after: string, limit: number): readonly string[] {
    const sql = 'SELECT DISTINCT stream FROM gap WHERE stream > ? ORDER BY stream LIMIT ?';
    return this.#database.all(sql, after, limit).map((row) => String(row['stream']));
  }

  /** Forgets gaps that ended up to `utcMs`: nothing that old is recorded any more. A bounded number a commit. */
  forget(stream: string, utcMs: number): Promise<void> {
    return this.#forget('stream = ? AND start_ms <= ? AND end_ms <= ?', stream, utcMs, utcMs);
  }

  /** Forgets all gaps of a stream, one that lasts as well. */
  forgetAll(stream: string): Promise<void> {
    return this.#forget('stream = ?', stream);
  }

  async #forget(where: string, ...values: readonly SqlValue[]): Promise<void> {
    const sql = `SELECT id FROM gap WHERE ${where} LIMIT ${MAX_FORGOTTEN_GAPS}`;
    for (;;) {
      const rows = this.#database.all(sql, ...values);
      if (rows.length === 0) return;
      await this.#database.write(
        rows.map((row) => ({ sql: 'DELETE FROM gap WHERE id = ?', values: [Number(row['id'])] })),
      );
      if (rows.length < MAX_FORGOTTEN_GAPS) return;
    }
  }
}

function storedGap(row: Row): StoredGap {
  return { id: Number(row['id']), row: gapRow(row) };
}

function gapRow(row: Row): GapRow {
  const end = row['end_ms'];
  return {
    stream: String(row['stream']),
    startUtcMs: Number(row['start_ms']),
    endUtcMs: end === null || end === undefined ? undefined : Number(end),
    reason: String(row['reason']),
  };
}
