import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RenderedList } from '../../../hls/rendered-list.ts';
import { sendContent, type Content } from './send-bytes.ts';

/** Sends a playlist, compressed where it is long and the client can take it. */
export async function sendList(request: IncomingMessage, response: ServerResponse, list: RenderedList): Promise<void> {
  const content: Content = {
    type: 'application/vnd.apple.mpegurl',
    etag: list.etag,
    cacheControl: `max-age=${list.maxAgeS}`,
    bytes: list.bytes,
    headers: { vary: 'accept-encoding' },
  };
  const compressed = takesGzip(request) ? await list.compressed() : undefined;
  if (compressed === undefined) return sendContent(request, response, content);
  sendContent(request, response, {
    ...content,
    // Another form, another tag (RFC 9110 §8.8.3.3).
    etag: list.etag.replace(/"$/, '-gzip"'),
    bytes: compressed,
    headers: { ...content.headers, 'content-encoding': 'gzip' },
  });
}

function takesGzip({ headers }: IncomingMessage): boolean {
  const accepted = headers['accept-encoding'];
  return accepted !== undefined && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:[,\s]|$))/i.test(accepted);
}
