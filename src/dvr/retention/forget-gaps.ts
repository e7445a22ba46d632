/**
 * Forgets the gaps that nothing is kept beside any more, so that their table does not grow for ever: by age, as recordings are, and all of
 * a stream that has no recordings and is to have none. (Those older than what is deleted for its bytes go with it: retention.ts.)
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GapStore } from '../../state/gap-store.ts';

/** Streams that one look-up brings. */
const STREAMS_A_PAGE = 500;

/** What is kept of a stream: all, what ended after a moment of UTC, or nothing. */
export type Kept = 'all' | 'nothing' | { readonly afterUtcMs: number };

/** Throws `index-failed`. */
export async function forgetGaps(
  gaps: Pick<GapStore, 'streams' | 'forget' | 'forgetAll'>,
  keptOf: (stream: string) => Kept,
): Promise<void> {
  for (let after = ''; ;) {
    const streams = gaps.streams(after, STREAMS_A_PAGE);
    for (const stream of streams) {
      const kept = keptOf(stream);
      if (kept === 'nothing') await gaps.forgetAll(stream);
      else if (kept !== 'all') await gaps.forget(stream, kept.afterUtcMs);
    }
    const last = streams.at(-1);
    if (last === undefined || streams.length < STREAMS_A_PAGE) return;
    after = last;
    await nextTurn();
  }
}
