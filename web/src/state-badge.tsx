import type { StreamReport } from './api.ts';

/** The state of a stream in a word, and whether it is being recorded now. */
export function StateBadge({ stream }: { readonly stream: StreamReport }) {
  const { state, recording } = stream.status;
  return (
    <span class="badges">
      {recording.active && state === 'live' && <span class="badge recording">rec</span>}
      <span class={`badge ${state}`}>{state}</span>
    </span>
  );
}
