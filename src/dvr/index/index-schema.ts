/** index.db: what the files hold. Everything in it can be remade from the files. Times are UTC milliseconds. */
export const FILE_OPEN = 0;
export const FILE_CLOSED = 1;
export const FILE_GOING = 2;

/** Looked at for damage at each start, whatever their size: all but `segments`, whose rows are many times the rest. */
export const CHECKED_TABLES = ['stream', 'init', 'file', 'span', 'indexed_storage', 'usage'];

/** Each step is final once published. */
export const INDEX_STEPS = [
  `
  CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  -- Set-ups as they were first written: ftyp and moov, durations 0.
  CREATE TABLE init (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
  -- One row a file. state 0: being written (the intent; bytes is how far it is synced), 1: closed, 2: being deleted.
  -- Stream, base_ms and attempt make its path (recording-path.ts).
  CREATE TABLE file (
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES stream, storage TEXT NOT NULL, state INTEGER NOT NULL,
    base_ms INTEGER NOT NULL, attempt INTEGER NOT NULL, init_hash TEXT NOT NULL, bytes INTEGER NOT NULL,
    start_ms REAL, end_ms REAL, first_number INTEGER, last_number INTEGER,
    UNIQUE (stream, storage, base_ms, attempt)
  );
  CREATE INDEX file_by_time ON file (stream, start_ms) WHERE state = 1;
  CREATE INDEX file_by_number ON file (stream, first_number) WHERE state = 1;
  CREATE INDEX file_by_age ON file (storage, end_ms) WHERE state = 1;
  CREATE INDEX file_unfinished ON file (state) WHERE state <> 1;
  -- Segments and key frames of a closed file (packed-segments.ts), apart, so that scans over files stay small.
  CREATE TABLE segments (file INTEGER PRIMARY KEY, packed BLOB NOT NULL);
  -- Unbroken spans, named by the number of their first segment.
  CREATE TABLE span (stream INTEGER NOT NULL, id INTEGER NOT NULL, start_ms REAL NOT NULL, end_ms REAL NOT NULL, PRIMARY KEY (stream, id)) WITHOUT ROWID;
  CREATE INDEX span_by_time ON span (stream, start_ms);
  -- Storages all of whose files are known here: any other is read once, file by file.
  CREATE TABLE indexed_storage (name TEXT PRIMARY KEY) WITHOUT ROWID;
  -- Bytes and files of each stream on each storage, kept by the triggers.
  CREATE TABLE usage (stream INTEGER NOT NULL, storage TEXT NOT NULL, bytes INTEGER NOT NULL, files INTEGER NOT NULL, PRIMARY KEY (stream, storage)) WITHOUT ROWID;
  CREATE TRIGGER file_added AFTER INSERT ON file BEGIN
    INSERT INTO usage (stream, storage, bytes, files) VALUES (new.stream, new.storage, new.bytes, 1)
      ON CONFLICT (stream, storage) DO UPDATE SET bytes = bytes + new.bytes, files = files + 1;
  END;
  CREATE TRIGGER file_grown AFTER UPDATE OF bytes ON file BEGIN
    UPDATE usage SET bytes = bytes + new.bytes - old.bytes WHERE stream = new.stream AND storage = new.storage;
  END;
  CREATE TRIGGER file_removed AFTER DELETE ON file BEGIN
    UPDATE usage SET bytes = bytes - old.bytes, files = files - 1 WHERE stream = old.stream AND storage = old.storage;
  END;
  `,
];
