import { withDurations } from '../../core/mp4/write/durations.ts';
import type { StorageFile } from '../storage/storage.ts';
import type { FileContents } from './file-contents.ts';

/**
 * Ends a recording: appends sample table and random access points, fills the durations into `header` (its first bytes). Not synced.
 * Should a crash come in between, recovery cuts the trailer off and does it again.
 */
export async function sealFile(file: StorageFile, header: Uint8Array, contents: FileContents): Promise<void> {
  await file.append([contents.trailer()]);
  await file.patch(
    0,
    withDurations(header, (trackId) => contents.endTicks(trackId) ?? 0),
  );
}
