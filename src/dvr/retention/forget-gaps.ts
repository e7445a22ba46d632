/**
 * Forgets the gaps that nothing is kept beside any more, so that their table does not grow for ever: by age, as recordings are, and all of
 * a stream that has no recordings and is to have none. (Those older than what is deleted for its bytes go with it: retention.ts.)
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KeepSettings, StorageSettings } from '../../config/settings.ts';
import type { GapStore } from '../../state/gap-store.ts';
import type { IndexLookups } from '../index/index-lookups.ts';

/** Streams that one look-up brings. */
const STREAMS_A_PAGE = 500;

export interface ForgetGapsOptions {
  readonly gaps: Pick<GapStore, 'streams' | 'forget' | 'forgetAll'>;
  readonly look: Pick<IndexLookups, 'usage' | 'isIndexed'>;
  readonly storages: readonly { readonly settings: StorageSettings; trustsClock(): boolean }[];
  /** What the configuration says of a stream; undefined: it no longer has it. */
  readonly keepOf: (stream: string) => KeepSettings | undefined;
  /** Where a stream is being recorded now. */
  readonly recordedTo: (stream: string) => string | undefined;
  readonly nowUtcMs: number;
}

/** What is kept of a stream: all, what ended after a moment of UTC, or nothing. */
type Kept = 'all' | 'nothing' | { readonly afterUtcMs: number };

/** Throws `index-failed`. */
export async function forgetGaps(options: ForgetGapsOptions): Promise<void> {
  const { gaps, look, storages } = options;
  const usage = Map.groupBy(look.usage(), (row) => row.stream);
  const complete = storages.every(({ settings }) => look.isIndexed(settings.name));
  const trusted = storages.every((storage) => storage.trustsClock());
  for (let after = ''; ;) {
    const streams = gaps.streams(after, STREAMS_A_PAGE);
    for (const stream of streams) {
      const recordedOn = (usage.get(stream) ?? []).map((row) => row.storage);
      const kept = keptOf(stream, recordedOn, { ...options, complete, trusted });
      if (kept === 'nothing') await gaps.forgetAll(stream);
      else if (kept !== 'all') await gaps.forget(stream, kept.afterUtcMs);
    }
    const last = streams.at(-1);
    if (last === undefined || streams.length < STREAMS_A_PAGE) return;
    after = last;
    await nextTurn();
  }
}

/** `complete`: the index holds what the storages do. `trusted`: the clock is right. */
function keptOf(
  stream: string,
  recordedOn: readonly string[],
  options: ForgetGapsOptions & { readonly complete: boolean; readonly trusted: boolean },
): Kept {
  const { storages, keepOf, recordedTo, nowUtcMs, complete, trusted } = options;
  const recordsTo = recordedTo(stream);
  if (recordedOn.length === 0 && recordsTo === undefined) return complete ? 'nothing' : 'all';
  if (!trusted) return 'all';
  const own = keepOf(stream)?.ageMs;
  const ageOf = (name: string): number =>
    own ?? storages.find(({ settings }) => settings.name === name)?.settings.keep.ageMs ?? Infinity;
  const names = recordsTo === undefined ? recordedOn : [...recordedOn, recordsTo];
  return { afterUtcMs: nowUtcMs - Math.max(...names.map(ageOf)) };
}
