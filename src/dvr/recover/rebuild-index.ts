/**
 * Fills the index from the recordings alone: every file that it does not know is read and gets its rows. Goes on beside recording, a file
 * at a time, in any order: spans are joined by number. What was forgotten with the index is the reason of each gap only if state.db is
 * lost too. What cannot be read is passed over, and its row not left behind: the next rebuild tries it again.
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
  /** Files and folders that could not be read: the index does not hold all that is there. */
  readonly failed: number;
}

/** Throws as the index does, and where the storage as a whole is gone. */
export async function rebuildIndex(options: RebuildOptions): Promise<RebuildReport> {
  const counts = { added: 0, skipped: 0, failed: 0 };
  const failed = (place: string, error: unknown): void => {
    counts.failed += 1;
    const code = error instanceof WeirError ? error.code : 'internal';
    options.log.error({ code, place, error }, 'a recording could not be read: it is not listed, and tried again');
  };
  for await (const path of options.storage.list(failed)) {
    if (options.signal.aborted) break;
    try {
      counts[(await addFile(path, options)) ? 'added' : 'skipped'] += 1;
    } catch (error) {
      if (error instanceof WeirError && error.code === 'index-failed') throw error;
      await options.storage.check();
      failed(path, error);
    }
  }
  return counts;
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
    try {
      return (await recoverFile(row, file, { storage, index, log })) === 'kept';
    } catch (error) {
      await index.forget([id]);
      throw error;
    }
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
