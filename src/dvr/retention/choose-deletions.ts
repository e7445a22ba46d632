/**
 * What has to go from one storage, oldest first. Pure. Rules, in this order; each counts what those before it have taken:
 *
 *     age      a stream's files that ended longer ago than it keeps them
 *     stream   a stream's oldest files, while it takes more than its own bytes
 *     storage  the oldest files of all streams, while they take more than the storage gives
 *     free     the same, while the disk has less free space than its floor
 */
import type { KeepSettings } from '../../config/settings.ts';
import type { ClosedFileRow } from '../index/file-row.ts';
import type { FreeSpace } from '../storage/storage.ts';

/** Files that go in one round: an unlink of a large file takes a disk some milliseconds, and recording comes first. */
export const MAX_DELETIONS = 64;

export interface KeptStream {
  readonly keep: Pick<KeepSettings, 'ageMs' | 'bytes'>;
  /** What it takes on the storage, with what is being written. */
  readonly bytes: number;
  /** Its oldest closed files, oldest first; MAX_DELETIONS are enough. */
  readonly oldest: readonly ClosedFileRow[];
}

export interface RetentionState {
  readonly nowUtcMs: number;
  readonly keep: Pick<KeepSettings, 'bytes' | 'free'>;
  /** Undefined: it could not be asked. */
  readonly free: FreeSpace | undefined;
  readonly streams: readonly KeptStream[];
}

export function chooseDeletions(state: RetentionState): readonly ClosedFileRow[] {
  const chosen = new Set<ClosedFileRow>();
  for (const stream of state.streams) chooseOfStream(stream, state.nowUtcMs, chosen);
  const used = state.streams.reduce((sum, stream) => sum + stream.bytes, 0);
  let excess = Math.max(used - (state.keep.bytes ?? Infinity), missingBytes(state)) - bytesOf(chosen);
  const others = state.streams.flatMap((stream) => stream.oldest).filter((file) => !chosen.has(file));
  for (const file of others.toSorted((a, b) => a.endUtcMs - b.endUtcMs)) {
    if (excess <= 0) break;
    chosen.add(file);
    excess -= file.bytes;
  }
  return [...chosen].toSorted((a, b) => a.endUtcMs - b.endUtcMs).slice(0, MAX_DELETIONS);
}

function chooseOfStream(stream: KeptStream, nowUtcMs: number, chosen: Set<ClosedFileRow>): void {
  const keptFromUtcMs = nowUtcMs - (stream.keep.ageMs ?? Infinity);
  let excess = stream.bytes - (stream.keep.bytes ?? Infinity);
  for (const file of stream.oldest) {
    if (file.endUtcMs >= keptFromUtcMs && excess <= 0) return;
    chosen.add(file);
    excess -= file.bytes;
  }
}

/** Bytes below the floor of free space. */
function missingBytes({ keep, free }: RetentionState): number {
  if (keep.free === undefined || free === undefined) return 0;
  const floor = 'bytes' in keep.free ? keep.free.bytes : keep.free.share * free.totalBytes;
  return floor - free.freeBytes;
}

function bytesOf(files: ReadonlySet<ClosedFileRow>): number {
  let bytes = 0;
  for (const file of files) bytes += file.bytes;
  return bytes;
}
