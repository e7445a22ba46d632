import { WeirError } from '../core/errors.ts';
import { isOpening, offlineMessage } from '../stream/opening.ts';
import type { Stream } from '../stream/stream.ts';
import { uncarriedMedia } from '../stream/uncarried-media.ts';

/**
 * Why a stream cannot be watched over HLS now, so that nobody waits for it: `stream-offline`, `codec-unsupported`. Undefined: it
 * is live, or is being opened.
 */
export function liveProblem(stream: Stream): WeirError | undefined {
  const status = stream.status();
  if (status.state === 'live') {
    const media = uncarriedMedia(status.tracks);
    if (media === undefined) return undefined;
    return new WeirError('codec-unsupported', `HLS does not carry the ${media} of ${stream.name}`);
  }
  if (isOpening(status)) return undefined;
  return new WeirError('stream-offline', offlineMessage(stream.name, status));
}
