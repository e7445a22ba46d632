/**
 * Fills the index from the recordings alone: every file that it does not know is read and gets its rows. Goes on beside recording, a file
 * at a time, in any order: spans are joined by number. What was forgotten with the index is the reason of each gap only if state.db is
 * lost too.
 */
import type { Log } from '../../base/log.ts';
import { WeirError } from '../../core/errors.ts';
import type { RecordingIndex } from '../index/recording-index.ts';
import { parseRecordingPath } from '../storage/recording-path.ts';
import type { Storage } from '../storage/storage.ts';
import { MAX_FILE_HEADER_BYTES, parseFileHeader } from '../../core/mp4/recording/file-header.ts';
import { recoverFile } from './recover-recording.ts';
import { findTrailer } from './scan-recording.ts';

export interface RebuildOptions {
  readonly storage: Storage;
  readonly index: RecordingIndex;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface RebuildReport {
  readonly added: number;
  readonly skipped: number;
}

/** Throws as Storage and the index do. */
export async function rebuildIndex(options: RebuildOptions): Promise<RebuildReport> {
  let added = 0;
  let skipped = 0;
  for await (const path of options.storage.list()) {
    if (options.signal.aborted) break;
    if (await addFile(path, options)) added += 1;
    else skipped += 1;
  }
  return { added, skipped };
}

async function addFile(path: string, { storage, index, log }: RebuildOptions): Promise<boolean> {
  const name = parseRecordingPath(path);
  if (name === undefined || index.look.knows(name.stream, storage.name, name.baseUtcMs, name.attempt)) return false;
  const file = await storage.open(path);
  if (file === undefined) return false;
  try {
    const { initHash, init } = parseFileHeader(await file.read(0, MAX_FILE_HEADER_BYTES));
    // Whether it was synced nobody knows any more: of a file with a trailer it is believed, as of most it is true; of any other nothing is.
    const bytes = (await findTrailer(file)) === undefined ? 0 : file.length;
    const id = await index.intend({ ...name, storage: storage.name, initHash, init, bytes });
    const row = { ...name, id, storage: storage.name, path, initHash, bytes };
    return (await recoverFile(row, file, { storage, index, log })) === 'kept';
  } catch (error) {
    if (!(error instanceof WeirError) || error.code !== 'mp4-invalid') throw error;
    log.error(
      { code: 'mp4-invalid', place: path, error },
      'a recording cannot be read: it is left where it is, and not listed',
    );
    return false;
  } finally {
    await file.close();
  }
}
