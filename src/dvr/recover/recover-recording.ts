/** Brings one recording that a crash left open into order: cuts off what is not whole, seals it, and writes its final rows. */
import type { Log } from '../../base/log.ts';
import type { FileRow } from '../index/file-row.ts';
import type { RecordingIndex } from '../index/recording-index.ts';
import { sealFile } from '../record/seal-file.ts';
import type { Storage, StorageFile } from '../storage/storage.ts';
import { scanRecording, type ScannedRecording } from './scan-recording.ts';

export interface RecoveryOptions {
  readonly storage: Storage;
  readonly index: RecordingIndex;
  readonly log: Log;
}

export type Recovered = 'kept' | 'empty' | 'missing' | 'unreadable';

/** Throws as Storage and the index do: the intent then stays for the next time. */
export async function recoverRecording(row: FileRow, options: RecoveryOptions): Promise<Recovered> {
  const file = await options.storage.open(row.path);
  if (file === undefined) {
    await options.index.forget([row.id]);
    return 'missing';
  }
  try {
    return await recoverFile(row, file, options);
  } finally {
    await file.close();
  }
}

/**
 * `row.bytes` says how far the file was synced: nothing beyond it is taken on trust, a trailer neither. What becomes of the file is on the
 * disk before the index says so.
 */
export async function recoverFile(row: FileRow, file: StorageFile, options: RecoveryOptions): Promise<Recovered> {
  const { storage, index, log } = options;
  const scanned = await scanRecording(file, row.bytes);
  const foreign = scanned !== undefined && !isHeaderOf(row, scanned, index.look.init(row.initHash));
  if (foreign || (scanned === undefined && row.bytes > 0)) {
    log.error(
      { code: 'mp4-invalid', stream: row.stream, place: row.path },
      'a recording cannot be read: it is left where it is, and not listed',
    );
    await index.forget([row.id]);
    return 'unreadable';
  }
  if (scanned === undefined || scanned.contents.segments.length === 0) {
    await storage.remove(row.path);
    await storage.syncFolder(row.path);
    await index.forget([row.id]);
    return 'empty';
  }
  await mend(row, file, scanned, log);
  await file.sync();
  await storage.syncFolder(row.path);
  await index.finish(row.stream, row.id, file.length, scanned.contents.segments);
  return 'kept';
}

/** The set-up is compared only where the header was not synced: a lost block in it may still parse. */
function isHeaderOf(row: FileRow, { header }: ScannedRecording, init: Uint8Array | undefined): boolean {
  if (header.stream !== row.stream || header.baseUtcMs !== row.baseUtcMs) return false;
  if (row.bytes >= header.length) return true;
  return header.initHash === row.initHash && init !== undefined && sameBytes(header.init, init);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Cuts and seals. What can be damage, and not an unfinished end, is not cut: the file stays as it is, listed up to there. */
async function mend(row: FileRow, file: StorageFile, scanned: ScannedRecording, log: Log): Promise<void> {
  const { length, stopped, contents, headerBytes, sealed } = scanned;
  const cut = file.length - length;
  const fields = { stream: row.stream, place: row.path, reason: stopped, bytes: cut };
  if (stopped !== undefined && (length < row.bytes || (row.bytes === 0 && cut > length))) {
    log.error({ ...fields, code: 'mp4-invalid' }, 'a recording is damaged: what lies behind is not listed');
    return;
  }
  const sealedAndSynced = sealed && row.bytes >= file.length;
  if (sealedAndSynced) return;
  if (stopped !== undefined) log.info(fields, 'the unfinished end of a recording is cut off');
  await file.truncate(length);
  await sealFile(file, headerBytes, contents);
}
