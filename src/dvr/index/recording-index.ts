/**
 * What the recordings hold, in index.db: written by the recorder, recovery and retention, a commit a step.
 *
 *     intend   before a file is made             so that recovery looks at it after a crash
 *     synced   each sync round, all files        how far a file is to be trusted
 *     finish   the file is closed and synced     its segments, and the spans they make
 *     mark     before a file is removed          so that recovery removes what is left of it
 *     forget   the file is gone, durably
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../base/log.ts';
import { Database, DatabaseError, type Statement } from '../../state/database.ts';
import type { RecordedSpan } from '../../stream/archive.ts';
import type { ClosedFileRow } from './file-row.ts';
import { IndexLookups } from './index-lookups.ts';
import { runsOf, type IndexedSegment, type Run } from './indexed-segment.ts';
import { CHECKED_TABLES, FILE_CLOSED, FILE_GOING, FILE_OPEN, INDEX_STEPS } from './index-schema.ts';
import { packSegments } from './packed-segments.ts';
import { addRun, removeRun, type SpanChange } from './spans.ts';

/** A file that is about to be made. */
export interface IntendedFile {
  readonly stream: string;
  readonly storage: string;
  readonly baseUtcMs: number;
  readonly attempt: number;
  readonly initHash: string;
  readonly init: Uint8Array;
  /** How far it is synced: of one that is there already and becomes known. */
  readonly bytes?: number;
}

export class RecordingIndex implements AsyncDisposable {
  readonly look: IndexLookups;
  /** Files with ids from here on are this run's. */
  readonly firstOwnId: number;
  readonly #database: Database;
  #nextFileId: number;
  /** Changes of a stream's spans one after the other: each starts from what the one before committed. */
  readonly #spanChanges = new Map<string, Promise<void>>();

  /** A file that is no database (any more), or is damaged, is set aside as `index.db.unreadable-<time>`, and a new one made. Throws `index-failed`. */
  static async open(folder: string, nowUtcMs: number, log: Log): Promise<RecordingIndex> {
    const file = join(folder, 'index.db');
    const options = { file, steps: INDEX_STEPS, checked: CHECKED_TABLES, log };
    try {
      return await RecordingIndex.#over(await Database.open(options));
    } catch (error) {
      if (!(error instanceof DatabaseError && error.corrupt)) throw error;
      const aside = `${file}.unreadable-${nowUtcMs}`;
      log.error(
        { code: error.code, place: file, error, aside },
        'the index cannot be read: it is set aside and made again from the recordings',
      );
      await rename(file, aside);
      for (const suffix of ['-wal', '-shm']) await rename(file + suffix, aside + suffix).catch(() => undefined);
      return RecordingIndex.#over(await Database.open(options));
    }
  }

  static async #over(database: Database): Promise<RecordingIndex> {
    try {
      return new RecordingIndex(database);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  private constructor(database: Database) {
    this.#database = database;
    this.look = new IndexLookups(database);
    this.#nextFileId = this.look.maxFileId() + 1;
    this.firstOwnId = this.#nextFileId;
  }

  /** Resolves when the intent is on the disk: the file may then be made. Returns the file's id. Throws `index-failed`. */
  async intend(file: IntendedFile): Promise<number> {
    const id = this.#nextFileId++;
    await this.#database.write([
      { sql: 'INSERT INTO stream (name) VALUES (?) ON CONFLICT DO NOTHING', values: [file.stream] },
      {
        sql: 'INSERT INTO init (hash, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING',
        values: [file.initHash, file.init],
      },
      {
        sql: `INSERT INTO file (id, stream, storage, state, base_ms, attempt, init_hash, bytes)
          VALUES (?, (SELECT id FROM stream WHERE name = ?), ?, ${FILE_OPEN}, ?, ?, ?, ?)`,
        values: [id, file.stream, file.storage, file.baseUtcMs, file.attempt, file.initHash, file.bytes ?? 0],
      },
    ]);
    return id;
  }

  /** How far files are synced, all in one commit. */
  synced(files: readonly { readonly id: number; readonly bytes: number }[]): Promise<void> {
    const sql = `UPDATE file SET bytes = ? WHERE id = ? AND state = ${FILE_OPEN}`;
    return this.#database.write(files.map(({ id, bytes }) => ({ sql, values: [bytes, id] })));
  }

  /** The file is closed with these segments (at least one): its final row, its list and its spans in one commit. */
  finish(stream: string, id: number, bytes: number, segments: readonly IndexedSegment[]): Promise<void> {
    const first = segments[0];
    const last = segments.at(-1);
    if (first === undefined || last === undefined) return this.forget([id]);
    let startUtcMs = Infinity;
    let endUtcMs = -Infinity;
    for (const segment of segments) {
      startUtcMs = Math.min(startUtcMs, segment.startUtcMs);
      endUtcMs = Math.max(endUtcMs, segment.startUtcMs + segment.durationMs);
    }
    const final: readonly Statement[] = [
      {
        sql: `UPDATE file SET state = ${FILE_CLOSED}, bytes = ?, start_ms = ?, end_ms = ?, first_number = ?, last_number = ? WHERE id = ?`,
        values: [bytes, startUtcMs, endUtcMs, first.number, last.number, id],
      },
      { sql: 'INSERT OR REPLACE INTO segments (file, packed) VALUES (?, ?)', values: [id, packSegments(segments)] },
    ];
    return this.#changeSpans(stream, (spans) => {
      for (const run of runsOf(segments)) spans.apply(addRun(spans.before(run.number), spans.after(run.number), run));
      return final;
    });
  }

  /** Marks files of one stream for deletion: they are no longer listed, and their spans end. */
  mark(stream: string, files: readonly ClosedFileRow[]): Promise<void> {
    return this.#changeSpans(stream, (spans) => {
      const gone = new Set(files.map((file) => file.id));
      for (const file of files) {
        for (const run of this.runsOf(file)) spans.remove(run, this.#nextKept(stream, file.lastNumber, gone));
      }
      return files.map((file) => ({ sql: `UPDATE file SET state = ${FILE_GOING} WHERE id = ?`, values: [file.id] }));
    });
  }

  /** The files are gone. */
  forget(ids: readonly number[]): Promise<void> {
    for (const id of ids) this.look.forgetList(id);
    return this.#database.write(
      ids.flatMap((id) => [
        { sql: 'DELETE FROM segments WHERE file = ?', values: [id] },
        { sql: 'DELETE FROM file WHERE id = ?', values: [id] },
      ]),
    );
  }

  /** All files of the storage are known here from now on. */
  indexed(storage: string): Promise<void> {
    return this.#database.write([
      { sql: 'INSERT OR REPLACE INTO indexed_storage (name) VALUES (?)', values: [storage] },
    ]);
  }

  /** Writes that wait for the disk, and those that failed. */
  stats(): { readonly queuedWrites: number; readonly failedWrites: number } {
    return { queuedWrites: this.#database.queued, failedWrites: this.#database.failures };
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The unbroken runs in a file. A list that cannot be read must not keep its file for ever: the file is then one run. */
  runsOf(file: ClosedFileRow): readonly Run[] {
    try {
      return runsOf(this.look.segmentsOf(file));
    } catch {
      return [{ number: file.firstNumber, startUtcMs: file.startUtcMs, endUtcMs: file.endUtcMs }];
    }
  }

  #nextKept(stream: string, number: number, gone: ReadonlySet<number>): number | undefined {
    let next = this.look.nextNumber(stream, number);
    while (next !== undefined) {
      const file = this.look.fileOfSegment(stream, next);
      if (file === undefined || !gone.has(file.id)) return next;
      next = this.look.nextNumber(stream, file.lastNumber);
    }
    return undefined;
  }

  /** Runs `change` on the stream's spans once every earlier change is committed, and commits what it did with its statements. */
  #changeSpans(stream: string, change: (spans: SpanEditor) => readonly Statement[]): Promise<void> {
    const before = this.#spanChanges.get(stream) ?? Promise.resolve();
    const done = before
      .catch(() => undefined)
      .then(() => {
        const spans = new SpanEditor(stream, this.look);
        const statements = change(spans);
        return this.#database.write([...statements, ...spans.statements()]);
      });
    this.#spanChanges.set(stream, done);
    const settled = (): void => {
      if (this.#spanChanges.get(stream) === done) this.#spanChanges.delete(stream);
    };
    done.then(settled, settled);
    return done;
  }
}

/** Spans of one stream with changes that are not committed yet. */
class SpanEditor {
  readonly #stream: string;
  readonly #look: IndexLookups;
  /** Undefined: removed. */
  readonly #changed = new Map<number, RecordedSpan | undefined>();

  constructor(stream: string, look: IndexLookups) {
    this.#stream = stream;
    this.#look = look;
  }

  before(number: number): RecordedSpan | undefined {
    let best = this.#stored((at) => this.#look.spansAround(this.#stream, at).before, number, -1);
    for (const span of this.#changed.values()) {
      if (span !== undefined && span.id <= number && span.id > (best?.id ?? -Infinity)) best = span;
    }
    return best;
  }

  after(number: number): RecordedSpan | undefined {
    let best = this.#stored((at) => this.#look.spansAround(this.#stream, at).after, number, 0);
    for (const span of this.#changed.values()) {
      if (span !== undefined && span.id > number && span.id < (best?.id ?? Infinity)) best = span;
    }
    return best;
  }

  remove(run: Run, nextNumber: number | undefined): void {
    const span = this.before(run.number);
    if (span === undefined || span.endUtcMs <= run.startUtcMs) return;
    this.apply(removeRun(span, run, nextNumber));
  }

  apply(change: SpanChange): void {
    for (const id of change.removed) this.#changed.set(id, undefined);
    for (const span of change.put) this.#changed.set(span.id, span);
  }

  statements(): readonly Statement[] {
    const stream = '(SELECT id FROM stream WHERE name = ?)';
    return [...this.#changed].map(([id, span]) =>
      span === undefined
        ? { sql: `DELETE FROM span WHERE stream = ${stream} AND id = ?`, values: [this.#stream, id] }
        : {
            sql: `INSERT OR REPLACE INTO span (stream, id, start_ms, end_ms) VALUES (${stream}, ?, ?, ?)`,
            values: [this.#stream, id, span.startUtcMs, span.endUtcMs],
          },
    );
  }

  /** The nearest stored span that has not been changed. */
  #stored(find: (number: number) => RecordedSpan | undefined, number: number, step: -1 | 0): RecordedSpan | undefined {
    let span = find(number);
    while (span !== undefined && this.#changed.has(span.id)) span = find(span.id + step);
    return span;
  }
}
