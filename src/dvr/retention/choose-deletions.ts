/**
 * What has to go from one storage, oldest first. Pure. Rules, in this order; each counts what those before it have taken:
 *
 *     age      a stream's files that ended longer ago than it keeps them
 *     stream   a stream's oldest files, while it takes more than its own bytes
 *     storage  the oldest files of all streams, while they take more than the storage gives
 *     free     the same, while the disk has less free space than its floor, or hardly an inode
 */
import type { KeepSettings } from '../../config/settings.ts';
import type { ClosedFileRow } from '../index/file-row.ts';
import type { FreeSpace } from '../storage/storage.ts';

/** Files that go in one round: an unlink of a large file takes a disk some milliseconds, and recording comes first. */
export const MAX_DELETIONS = 64;
/** Inodes that are left free: a file system that counts them can be full with half its bytes free. */
export const MIN_FREE_FILES = 1000;

export interface KeptStream {
  readonly keep: Pick<KeepSettings, 'ageMs' | 'bytes'>;
  /** What it takes on the storage, with what is being written. */
  readonly bytes: number;
  /** Its oldest closed files, oldest first. Asked for one first: mostly that is not due, and nothing more is read. */
  readonly oldest: (limit: number) => readonly ClosedFileRow[];
}

export interface RetentionState {
  readonly nowUtcMs: number;
  readonly keep: Pick<KeepSettings, 'bytes' | 'free'>;
  /** Undefined: it could not be asked. */
  readonly free: FreeSpace | undefined;
  readonly streams: readonly KeptStream[];
  /** The oldest closed files of all streams on the storage, oldest first. */
  readonly oldest: (limit: number) => readonly ClosedFileRow[];
}

export function chooseDeletions(state: RetentionState): readonly ClosedFileRow[] {
  const chosen = new Map<number, ClosedFileRow>();
  for (const stream of state.streams) chooseOfStream(stream, state.nowUtcMs, chosen);
  const used = state.streams.reduce((sum, stream) => sum + stream.bytes, 0);
  let excess = Math.max(used - (state.keep.bytes ?? Infinity), missingBytes(state));
  let excessFiles = MIN_FREE_FILES - (state.free?.freeFiles ?? Infinity);
  for (const file of chosen.values()) {
    excess -= file.bytes;
    excessFiles -= 1;
  }
  const others = excess > 0 || excessFiles > 0 ? state.oldest(MAX_DELETIONS + chosen.size) : [];
  for (const file of others) {
    if (excess <= 0 && excessFiles <= 0) break;
    if (chosen.has(file.id)) continue;
    chosen.set(file.id, file);
    excess -= file.bytes;
    excessFiles -= 1;
  }
  return [...chosen.values()].toSorted((a, b) => a.endUtcMs - b.endUtcMs).slice(0, MAX_DELETIONS);
}

function chooseOfStream(stream: KeptStream, nowUtcMs: number, chosen: Map<number, ClosedFileRow>): void {
  const keptFromUtcMs = nowUtcMs - (stream.keep.ageMs ?? Infinity);
  let excess = stream.bytes - (stream.keep.bytes ?? Infinity);
  const isDue = (file: ClosedFileRow): boolean => file.endUtcMs < keptFromUtcMs || excess > 0;
  const first = stream.oldest(1)[0];
  if (first === undefined || !isDue(first)) return;
  for (const file of stream.oldest(MAX_DELETIONS)) {
    if (!isDue(file)) return;
    chosen.set(file.id, file);
    excess -= file.bytes;
  }
}

/** Bytes below the floor of free space. */
function missingBytes({ keep, free }: RetentionState): number {
  if (keep.free === undefined || free === undefined) return 0;
  const floor = 'bytes' in keep.free ? keep.free.bytes : keep.free.share * free.totalBytes;
  return floor - free.freeBytes;
}
