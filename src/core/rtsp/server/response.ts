/** Responses of the server as values (RFC 2326 §7), and the errors that they tell of. */
import { ERRORS, WeirError, type ErrorCode } from '../../errors.ts';
import { RtspHeaders } from '../wire/headers.ts';
import { serialiseResponse } from '../wire/serialise.ts';

export type HeaderList = readonly (readonly [string, string])[];

export interface Reply {
  readonly status: number;
  /** The standard's, if it is left out. */
  readonly reason?: string;
  readonly headers: HeaderList;
  readonly body?: Uint8Array;
}

/** Code and sentence of a refusal: `stream-unknown; There is no stream "yrad"`. */
export const ERROR_HEADER = 'X-Weir-Error';
/** Of the sentence; stream names and descriptions of peers may stand in it. */
export const MAX_ERROR_TEXT = 300;

/** 401 and 461 are no end: clients ask again, with credentials or for TCP. They get what the standard says and nothing to trip over. */
const ASKED_AGAIN: ReadonlySet<number> = new Set([401, 461]);

export function ok(headers: HeaderList = [], body?: Uint8Array): Reply {
  return body === undefined ? { status: 200, headers } : { status: 200, headers, body };
}

/** Where the error's title says all. */
export function refusal(code: ErrorCode, headers: HeaderList = []): Reply {
  return refusalOf(new WeirError(code, ERRORS[code].title), headers);
}

export function malformed(what: string): Reply {
  return refusalOf(new WeirError('request-malformed', what));
}

/**
 * Says why, wherever a person may come to see it: the title as the reason phrase (§7.1.1 leaves it to the server; FFmpeg and GStreamer
 * show it), code and message in a header, message and remedy in the body. Not the error's place or cause: they may name what only the
 * operator should know.
 */
export function refusalOf(error: WeirError, headers: HeaderList = []): Reply {
  const { rtsp: status, title, remedy } = error.row;
  const said = sentence(error);
  const told: HeaderList = [[ERROR_HEADER, `${error.code}; ${said}`], ...headers];
  if (ASKED_AGAIN.has(status)) return { status, headers: told };
  const body = new TextEncoder().encode(`${said}\n${remedy}\n`);
  return { status, reason: title, headers: [...told, ['Content-Type', 'text/plain; charset=utf-8']], body };
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
    ...(reply.reason === undefined ? {} : { reason: reply.reason }),
    ...(reply.body === undefined ? {} : { body: reply.body }),
  });
}

/** One line, whatever a peer put into it. */
function sentence({ message, expected }: WeirError): string {
  const whole = expected === undefined ? message : `${message}; expected ${expected}`;
  const line = whole.replace(/\p{Cc}+/gu, ' ');
  return line.length > MAX_ERROR_TEXT ? `${line.slice(0, MAX_ERROR_TEXT)}…` : line;
}
