import { codecFor } from '../core/codec/registry.ts';
import { WeirError } from '../core/errors.ts';
import { isOpening, offlineMessage } from '../stream/opening.ts';
import type { Stream, StreamStatus } from '../stream/stream.ts';

/**
 * Why a stream cannot be watched over HLS now, so that nobody waits for it: `stream-offline`, `codec-unsupported`. Undefined: it
 * is live, or is being opened.
 */
export function liveProblem(stream: Stream): WeirError | undefined {
  const status = stream.status();
  if (status.state === 'live') return codecProblem(stream.name, status);
  if (isOpening(status)) return undefined;
  return new WeirError('stream-offline', offlineMessage(stream.name, status));
}

/** Video that cannot be carried is not replaced by its sound alone; sound that cannot be carried is left out. */
function codecProblem(name: string, { tracks }: StreamStatus): WeirError | undefined {
  if (tracks.length === 0) return undefined;
  const video = tracks.filter(({ format }) => format.media === 'video');
  const wanted = video.length > 0 ? video : tracks;
  if (wanted.some(({ format }) => codecFor(format.encoding) !== undefined)) return undefined;
  const encodings = wanted.map(({ format }) => format.encoding).join(', ');
  return new WeirError('codec-unsupported', `HLS does not carry the ${encodings} of ${name}`);
}
