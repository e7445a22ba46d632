/** What a crash left on a storage: deletions that were begun, and recordings that were open. Quick: it looks at nothing else. */
import type { FileRow } from '../index/file-row.ts';
import { recoverRecording, type Recovered, type RecoveryOptions } from './recover-recording.ts';

/** Files looked at a time: the storage bounds its operations by itself. */
const AT_ONCE = 4;

export interface RecoveryReport {
  readonly kept: number;
  readonly empty: number;
  readonly missing: number;
  readonly unreadable: number;
  readonly deleted: number;
  /** Could not be looked at: their rows stay for the next time. */
  readonly failed: number;
}

export async function recoverStorage(options: RecoveryOptions): Promise<RecoveryReport> {
  const { index } = options;
  const { open, going } = index.look.unfinished(options.storage.name, index.firstOwnId);
  const counts = { kept: 0, empty: 0, missing: 0, unreadable: 0, deleted: 0, failed: 0 };
  await eachOf(
    going,
    options,
    async (row) => {
      await options.storage.remove(row.path);
      await options.storage.syncFolder(row.path);
      await options.index.forget([row.id]);
      counts.deleted += 1;
    },
    counts,
  );
  await eachOf(
    open,
    options,
    async (row) => {
      const recovered: Recovered = await recoverRecording(row, options);
      counts[recovered] += 1;
    },
    counts,
  );
  return counts;
}

async function eachOf(
  rows: readonly FileRow[],
  options: RecoveryOptions,
  look: (row: FileRow) => Promise<void>,
  counts: { failed: number },
): Promise<void> {
  const queue = rows.values();
  const work = async (): Promise<void> => {
    for (const row of queue) {
      try {
        await look(row);
      } catch (error) {
        counts.failed += 1;
        options.log.error({ stream: row.stream, place: row.path, error }, 'a recording could not be recovered yet');
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
