/** Where a 301, 302 or REDIRECT leads (RFC 2326 §10.10, §11.3). */
import { WeirError } from '../../errors.ts';
import { parseRtspUrl, type RtspUrl } from '../wire/rtsp-url.ts';
import type { DialogueErrors } from './dialogue-errors.ts';

/** RFC 2326 gives no limit; nobody has a reason for more. */
export const MAX_REDIRECTS = 5;

/**
 * `hops`: redirects so far. Credentials go to the host that they were given for and to no other, nor from TLS into the clear; a location may bring its own
 * (redirectors do without them: g2r#565). Error: a refusal of `errors`.
 */
export function redirectTarget(
  location: string | undefined,
  original: RtspUrl,
  hops: number,
  errors: DialogueErrors,
): RtspUrl | WeirError {
  if (hops >= MAX_REDIRECTS) return errors.refused(`redirects more than ${MAX_REDIRECTS} times`);
  const url = parseRtspUrl(location ?? '');
  if (url instanceof WeirError) {
    return errors.refused('redirects to nowhere usable', { expected: 'Location: rtsp://host/path', cause: url });
  }
  const own = url.host === original.host && (url.secure || !original.secure) ? original.credentials : undefined;
  return { ...url, credentials: url.credentials ?? own };
}
