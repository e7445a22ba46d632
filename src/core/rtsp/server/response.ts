/** Responses of the server as values (RFC 2326 §7), and the errors that they tell of. */
import { ERRORS, WeirError, type ErrorCode } from '../../errors.ts';
import { RtspHeaders } from '../wire/headers.ts';
import { serialiseResponse } from '../wire/serialise.ts';

export type HeaderList = readonly (readonly [string, string])[];

export interface Reply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body?: Uint8Array;
}

export function ok(headers: HeaderList = [], body?: Uint8Array): Reply {
  return body === undefined ? { status: 200, headers } : { status: 200, headers, body };
}

export function refusal(code: ErrorCode, headers: HeaderList = []): Reply {
  return { status: ERRORS[code].rtsp, headers };
}

export function refusalOf(error: WeirError): Reply {
  return { status: error.row.rtsp, headers: [] };
}

/** Bytes of `reply` to the request whose CSeq header said `cseq` (as it stood: some peers compare it bytewise, g2r#7). */
export function replyBytes(reply: Reply, cseq: string | undefined, session: string | undefined): Uint8Array {
  const headers: (readonly [string, string])[] = [];
  if (cseq !== undefined) headers.push(['CSeq', cseq]);
  headers.push(['Server', 'weir'], ...reply.headers);
  if (session !== undefined) headers.push(['Session', session]);
  return serialiseResponse({
    status: reply.status,
    headers: new RtspHeaders(headers),
    ...(reply.body === undefined ? {} : { body: reply.body }),
  });
}
