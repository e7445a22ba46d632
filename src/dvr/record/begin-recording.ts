/**
 * Begins a recording, in the order that makes every crash recoverable: the storage proves to be there, the intent is committed, and
 * only then the file is made, exclusively. Recovery looks at every intent, so no file can be lost.
 */
import { WeirError } from '../../core/errors.ts';
import type { InitSegment } from '../../stream/fragment.ts';
import type { RecordingIndex } from '../index/recording-index.ts';
import { recordingPath } from '../storage/recording-path.ts';
import { FileExists, type Storage, type StorageFile } from '../storage/storage.ts';
import { RecordingFile } from './recording-file.ts';

/** Files of one stream that may begin in the same millisecond: only a clock that steps back again and again makes a second. */
const MAX_ATTEMPTS = 100;

export interface BeginOptions {
  readonly stream: string;
  readonly storage: Storage;
  readonly index: RecordingIndex;
  readonly baseUtcMs: number;
  readonly init: InitSegment;
}

/** Throws as Storage does, or `index-failed`; there is then neither file nor intent (or an intent that recovery takes away). */
export async function beginRecording(options: BeginOptions): Promise<RecordingFile> {
  const { stream, storage, index, baseUtcMs, init } = options;
  await storage.check();
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    if (index.look.knows(stream, storage.name, baseUtcMs, attempt)) continue;
    const id = await index.intend({
      stream,
      storage: storage.name,
      baseUtcMs,
      attempt,
      initHash: init.hash,
      init: init.bytes,
    });
    let file: StorageFile;
    try {
      file = await storage.create(recordingPath({ stream, baseUtcMs, attempt }));
    } catch (error) {
      // An intent that stays costs recovery a look at a file that is not there.
      await index.forget([id]).catch(() => undefined);
      if (!(error instanceof FileExists)) throw error;
      continue;
    }
    try {
      return new RecordingFile({ id, stream, baseUtcMs, init, storage, file });
    } catch (error) {
      await undo(options, id, file);
      throw error;
    }
  }
  throw new WeirError('storage-failed', 'a recording of that moment is there already', {
    place: recordingPath({ stream, baseUtcMs, attempt: 1 }),
  });
}

/** The intent goes behind the file: what cannot be removed is recovery's. */
async function undo({ storage, index }: BeginOptions, id: number, file: StorageFile): Promise<void> {
  try {
    await file.close();
    await storage.remove(file.path);
    await storage.syncFolder(file.path);
    await index.forget([id]);
  } catch {
    // The fault that brought us here is the one to tell.
  }
}
