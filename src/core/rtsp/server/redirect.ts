/** How a peer is sent to another URL: 302 (RFC 2326 §7.1.1) to who asks, REDIRECT (§10.10) to a reader that runs. */
import { RtspHeaders } from '../wire/headers.ts';
import { serialiseRequest } from '../wire/serialise.ts';
import type { ServerSession } from './session.ts';
import { queryOf } from './target.ts';

/** `to`, asked for as `uri` was: with its query (`start=gop`), unless `to` says one itself. */
export function locationOf(to: string, uri: string): string {
  const query = queryOf(uri);
  return query === '' || to.includes('?') ? to : `${to}?${query}`;
}

/** `to`: an absolute URL. */
export function redirectBytes(session: ServerSession, to: string, cseq: number): Uint8Array {
  const headers = new RtspHeaders([
    ['CSeq', String(cseq)],
    ['Session', session.id],
    ['Location', locationOf(to, session.tracks[0]?.uri ?? session.uri)],
  ]);
  return serialiseRequest({ method: 'REDIRECT', uri: session.uri, headers, body: new Uint8Array(0) });
}
