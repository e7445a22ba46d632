/** REDIRECT (RFC 2326 §10.10): the request by which a running reader is sent to another URL. */
import { RtspHeaders } from '../wire/headers.ts';
import { serialiseRequest } from '../wire/serialise.ts';
import type { ServerSession } from './session.ts';

/** `to`: an absolute URL. */
export function redirectBytes(session: ServerSession, to: string, cseq: number): Uint8Array {
  const headers = new RtspHeaders([
    ['CSeq', String(cseq)],
    ['Session', session.id],
    ['Location', to],
  ]);
  return serialiseRequest({ method: 'REDIRECT', uri: session.uri, headers, body: new Uint8Array(0) });
}
