import type { StreamStatus } from './stream.ts';

/**
 * Whether a stream that is not live yet may be so in a moment, because it is asked for: its source is opened on demand, or just now
 * for the first time. Nobody but a publisher opens a publisher's stream, and an attempt after a failed one is not worth waiting for.
 */
export function isOpening({ state, source, error }: Pick<StreamStatus, 'state' | 'source' | 'error'>): boolean {
  if (state === 'idle') return source.kind !== 'publish';
  return state === 'connecting' && error === undefined;
}

/** Why it is not live, in a sentence. */
export function offlineMessage(name: string, { error }: Pick<StreamStatus, 'error'>): string {
  return `${name} is not live${error === undefined ? '' : `: ${error.message}`}`;
}
