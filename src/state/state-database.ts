/** state.db: what only we know. It is backed up and never rebuilt; index.db can be remade from the recordings. */
import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import { Database } from './database.ts';

/** Each step is final once published. Times are UTC milliseconds. */
const STEPS = [
  `
  -- Numbers below reserved_to may have been used; next is set at a clean end only. Rows outlive their streams.
  CREATE TABLE segment_number (stream TEXT PRIMARY KEY, reserved_to INTEGER NOT NULL, next INTEGER) WITHOUT ROWID;
  CREATE TABLE generation (stream TEXT PRIMARY KEY, number INTEGER NOT NULL, target_duration_s INTEGER NOT NULL) WITHOUT ROWID;
  -- end_ms is null while the gap lasts.
  CREATE TABLE gap (id INTEGER PRIMARY KEY, stream TEXT NOT NULL, start_ms REAL NOT NULL, end_ms REAL, reason TEXT NOT NULL);
  CREATE INDEX gap_by_stream ON gap (stream, start_ms);
  CREATE INDEX gap_open ON gap (stream) WHERE end_ms IS NULL;
  -- Streams that are being recorded: a row left at a start says that the last run did not end cleanly.
  CREATE TABLE recording (stream TEXT PRIMARY KEY, since_ms REAL NOT NULL) WITHOUT ROWID;
  -- Storages once used: one whose marker is missing is not mounted, and is not written.
  CREATE TABLE storage (name TEXT PRIMARY KEY, uuid TEXT NOT NULL) WITHOUT ROWID;
  `,
  `
  -- When each storage's retention last trusted the system clock.
  CREATE TABLE trusted_time (storage TEXT PRIMARY KEY, utc_ms REAL NOT NULL) WITHOUT ROWID;
  `,
];

export function openStateDatabase(dataFolder: string, log: Log): Promise<Database> {
  return Database.open({ file: join(dataFolder, 'state.db'), steps: STEPS, log });
}
