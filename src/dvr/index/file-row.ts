import type { Row } from '../../state/database.ts';
import { recordingPath } from '../storage/recording-path.ts';

/** A recording as the index knows it. */
export interface FileRow {
  readonly id: number;
  readonly stream: string;
  readonly storage: string;
  readonly path: string;
  /** What decode times in the file count from. */
  readonly baseUtcMs: number;
  readonly initHash: string;
  /** Its length; of a file that is being written: how far it is synced. */
  readonly bytes: number;
}

/** A file that is closed and holds at least one segment. */
export interface ClosedFileRow extends FileRow {
  readonly startUtcMs: number;
  readonly endUtcMs: number;
  readonly firstNumber: number;
  readonly lastNumber: number;
}

/** Columns of a FileRow, for queries that join `file` and `stream`. */
export const FILE_COLUMNS =
  'file.id, stream.name, storage, base_ms, attempt, init_hash, bytes, start_ms, end_ms, first_number, last_number';

export function fileRow(row: Row): FileRow {
  const stream = String(row['name']);
  const baseUtcMs = Number(row['base_ms']);
  return {
    id: Number(row['id']),
    stream,
    storage: String(row['storage']),
    path: recordingPath({ stream, baseUtcMs, attempt: Number(row['attempt']) }),
    baseUtcMs,
    initHash: String(row['init_hash']),
    bytes: Number(row['bytes']),
  };
}

export function closedFileRow(row: Row): ClosedFileRow {
  return {
    ...fileRow(row),
    startUtcMs: Number(row['start_ms']),
    endUtcMs: Number(row['end_ms']),
    firstNumber: Number(row['first_number']),
    lastNumber: Number(row['last_number']),
  };
}
