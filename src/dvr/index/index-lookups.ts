/**
 * Look-ups in index.db: on a connection of their own, in the calling thread, each a walk down one B-tree and a bounded scan from
 * there. They see closed files; what is being written is in open-recordings.ts. All throw `index-failed`.
 */
import type { RecordedSpan } from '../../stream/archive.ts';
import type { Database, Row } from '../../state/database.ts';
import { closedFileRow, FILE_COLUMNS, fileRow, type ClosedFileRow, type FileRow } from './file-row.ts';
import type { IndexedSegment } from './indexed-segment.ts';
import { FILE_CLOSED, FILE_GOING, FILE_OPEN } from './index-schema.ts';
import { unpackSegments } from './packed-segments.ts';

/** No file covers more time: the recorder closes it at five minutes, whatever comes. Bounds the scan back from a moment. */
export const MAX_FILE_MS = 10 * 60_000;
/** Spans in one answer: a year of a camera that breaks off every five minutes. */
const MAX_SPANS = 100_000;
/** Unpacked lists kept: those of a day's viewing. */
const MAX_LISTS = 256;

const FROM_FILES = 'FROM file JOIN stream ON stream.id = file.stream';

export interface UsageRow {
  readonly stream: string;
  readonly storage: string;
  readonly bytes: number;
  readonly files: number;
}

export class IndexLookups {
  readonly #database: Database;
  /** Unpacked lists by file, least lately used first. */
  readonly #lists = new Map<number, readonly IndexedSegment[]>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Files whose time touches [from, to), in order of their start, from the one that starts at `startUtcMs` on. */
  filesBetween(
    stream: string,
    fromUtcMs: number,
    toUtcMs: number,
    startUtcMs: number,
    limit: number,
  ): readonly ClosedFileRow[] {
    const sql = `SELECT ${FILE_COLUMNS} ${FROM_FILES}
      WHERE file.stream = ${STREAM_ID} AND state = ${FILE_CLOSED} AND start_ms >= ? AND start_ms < ? AND end_ms > ?
      ORDER BY start_ms, first_number LIMIT ?`;
    const start = Math.max(startUtcMs, fromUtcMs - MAX_FILE_MS);
    return this.#database.all(sql, stream, start, toUtcMs, fromUtcMs, limit).map(closedFileRow);
  }

  /** Files that start at or before a moment, the newest first. */
  filesBefore(stream: string, utcMs: number, limit: number): readonly ClosedFileRow[] {
    const sql = `SELECT ${FILE_COLUMNS} ${FROM_FILES}
      WHERE file.stream = ${STREAM_ID} AND state = ${FILE_CLOSED} AND start_ms <= ? ORDER BY start_ms DESC LIMIT ?`;
    return this.#database.all(sql, stream, utcMs, limit).map(closedFileRow);
  }

  /** Whether the final row of a file is committed. */
  isClosed(file: number): boolean {
    return this.#database.get(`SELECT 1 FROM file WHERE id = ? AND state <> ${FILE_OPEN}`, file) !== undefined;
  }

  /** A closed file by its id; undefined if it is not closed, or no longer listed. */
  closedFile(id: number): ClosedFileRow | undefined {
    const row = this.#database.get(
      `SELECT ${FILE_COLUMNS} ${FROM_FILES} WHERE file.id = ? AND state = ${FILE_CLOSED}`,
      id,
    );
    return row && closedFileRow(row);
  }

  /** The file that holds the segment, if there is one. */
  fileOfSegment(stream: string, number: number): ClosedFileRow | undefined {
    const sql = `SELECT ${FILE_COLUMNS} ${FROM_FILES}
      WHERE file.stream = ${STREAM_ID} AND state = ${FILE_CLOSED} AND first_number <= ? ORDER BY first_number DESC LIMIT 1`;
    const row = this.#database.get(sql, stream, number);
    if (row === undefined) return undefined;
    const file = closedFileRow(row);
    return file.lastNumber >= number ? file : undefined;
  }

  /** Number of the first segment of the first file behind `number`. */
  nextNumber(stream: string, number: number): number | undefined {
    const sql = `SELECT min(first_number) AS next FROM file WHERE stream = ${STREAM_ID} AND state = ${FILE_CLOSED} AND first_number > ?`;
    return optionalNumber(this.#database.get(sql, stream, number)?.['next']);
  }

  /** The segments of a closed file. */
  segmentsOf(file: FileRow): readonly IndexedSegment[] {
    let list = this.#lists.get(file.id);
    if (list === undefined) {
      const packed = this.#database.get('SELECT packed FROM segments WHERE file = ?', file.id)?.['packed'];
      list = packed instanceof Uint8Array ? unpackSegments(packed, file.initHash) : [];
    }
    this.#lists.delete(file.id);
    this.#lists.set(file.id, list);
    for (const [oldest] of this.#lists) {
      if (this.#lists.size <= MAX_LISTS) break;
      this.#lists.delete(oldest);
    }
    return list;
  }

  /** Spans that touch [from, to), in order of UTC, not clipped. */
  spansBetween(stream: string, fromUtcMs: number, toUtcMs: number): readonly RecordedSpan[] {
    const sql = `SELECT id, start_ms, end_ms FROM span WHERE stream = ${STREAM_ID} AND start_ms < ? AND end_ms > ?
      ORDER BY start_ms, id LIMIT ${MAX_SPANS}`;
    return this.#database.all(sql, stream, toUtcMs, fromUtcMs).map(spanOf);
  }

  /** The span whose name is the largest up to `number`, and the first behind it. */
  spansAround(stream: string, number: number): { before: RecordedSpan | undefined; after: RecordedSpan | undefined } {
    const columns = `SELECT id, start_ms, end_ms FROM span WHERE stream = ${STREAM_ID}`;
    const before = this.#database.get(`${columns} AND id <= ? ORDER BY id DESC LIMIT 1`, stream, number);
    const after = this.#database.get(`${columns} AND id > ? ORDER BY id LIMIT 1`, stream, number);
    return { before: before && spanOf(before), after: after && spanOf(after) };
  }

  /** The nearest recorded moments around one in which nothing is recorded. */
  nearest(stream: string, utcMs: number): { beforeUtcMs: number | undefined; afterUtcMs: number | undefined } {
    const before = `SELECT end_ms AS at FROM span WHERE stream = ${STREAM_ID} AND start_ms <= ? ORDER BY start_ms DESC LIMIT 1`;
    const after = `SELECT start_ms AS at FROM span WHERE stream = ${STREAM_ID} AND start_ms > ? ORDER BY start_ms LIMIT 1`;
    return {
      beforeUtcMs: optionalNumber(this.#database.get(before, stream, utcMs)?.['at']),
      afterUtcMs: optionalNumber(this.#database.get(after, stream, utcMs)?.['at']),
    };
  }

  /** End of the newest recording (by number, not by time). */
  lastEndUtcMs(stream: string): number | undefined {
    const sql = `SELECT end_ms FROM span WHERE stream = ${STREAM_ID} ORDER BY id DESC LIMIT 1`;
    return optionalNumber(this.#database.get(sql, stream)?.['end_ms']);
  }

  init(hash: string): Uint8Array | undefined {
    const bytes = this.#database.get('SELECT bytes FROM init WHERE hash = ?', hash)?.['bytes'];
    return bytes instanceof Uint8Array ? bytes : undefined;
  }

  /** Where the newest recording of a storage ends, by time. */
  newestEndUtcMs(storage: string): number | undefined {
    const sql = `SELECT max(end_ms) AS at FROM file WHERE storage = ? AND state = ${FILE_CLOSED}`;
    return optionalNumber(this.#database.get(sql, storage)?.['at']);
  }

  /** Files that are marked for deletion and still there, the oldest mark first. */
  going(storage: string, limit: number): readonly FileRow[] {
    const sql = `SELECT ${FILE_COLUMNS} ${FROM_FILES}
      WHERE storage = ? AND state <> ${FILE_CLOSED} AND state = ${FILE_GOING} ORDER BY file.id LIMIT ?`;
    return this.#database.all(sql, storage, limit).map(fileRow);
  }

  /** Files with ids below `beforeId` that were being written, and those whose deletion was not finished, on a storage. */
  unfinished(
    storage: string,
    beforeId: number,
  ): { readonly open: readonly FileRow[]; readonly going: readonly FileRow[] } {
    const sql = `SELECT ${FILE_COLUMNS} ${FROM_FILES}
      WHERE storage = ? AND file.id < ? AND state <> ${FILE_CLOSED} AND state = ? ORDER BY file.id`;
    const rows = (state: number): readonly FileRow[] => this.#database.all(sql, storage, beforeId, state).map(fileRow);
    return { open: rows(FILE_OPEN), going: rows(FILE_GOING) };
  }

  /** Whether all files of a storage are known here. */
  isIndexed(storage: string): boolean {
    return this.#database.get('SELECT 1 FROM indexed_storage WHERE name = ?', storage) !== undefined;
  }

  /** Whether the index has a file of that name, in whatever state. */
  knows(stream: string, storage: string, baseUtcMs: number, attempt: number): boolean {
    const sql = `SELECT 1 FROM file WHERE stream = ${STREAM_ID} AND storage = ? AND base_ms = ? AND attempt = ?`;
    return this.#database.get(sql, stream, storage, baseUtcMs, attempt) !== undefined;
  }

  /** The oldest closed files of a storage, or of one stream on it. */
  oldestFiles(storage: string, stream: string | undefined, limit: number): readonly ClosedFileRow[] {
    const ofStream = stream === undefined ? '' : `AND file.stream = ${STREAM_ID}`;
    const sql = `SELECT ${FILE_COLUMNS} ${FROM_FILES} WHERE storage = ? AND state = ${FILE_CLOSED} ${ofStream}
      ORDER BY ${stream === undefined ? 'end_ms' : 'start_ms'} LIMIT ?`;
    const values = stream === undefined ? [storage, limit] : [storage, stream, limit];
    return this.#database.all(sql, ...values).map(closedFileRow);
  }

  /** What the streams take on each storage. */
  usage(): readonly UsageRow[] {
    const sql = 'SELECT name, storage, bytes, files FROM usage JOIN stream ON stream.id = usage.stream WHERE files > 0';
    return this.#database.all(sql).map((row) => ({
      stream: String(row['name']),
      storage: String(row['storage']),
      bytes: Number(row['bytes']),
      files: Number(row['files']),
    }));
  }

  maxFileId(): number {
    return optionalNumber(this.#database.get('SELECT max(id) AS id FROM file')?.['id']) ?? 0;
  }

  forgetList(file: number): void {
    this.#lists.delete(file);
  }
}

const STREAM_ID = '(SELECT id FROM stream WHERE name = ?)';

function spanOf(row: Row): RecordedSpan {
  return { id: Number(row['id']), startUtcMs: Number(row['start_ms']), endUtcMs: Number(row['end_ms']) };
}

function optionalNumber(value: Row[string] | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
