/**
 * Messages as bytes (RFC 2326 §4): the inverse of the framer. Strict: CRLF, exactly `CSeq` as its name stands (some cameras compare
 * bytewise, g2r#7), Content-Length from the body and only with one.
 */
import type { RtspRequest, RtspResponse } from './message.ts';

const NO_BODY = new Uint8Array(0);

export type RequestParts = Pick<RtspRequest, 'method' | 'uri'> & Partial<Pick<RtspRequest, 'headers' | 'body'>>;
export type ResponseParts = Pick<RtspResponse, 'status'> & Partial<Pick<RtspResponse, 'reason' | 'headers' | 'body'>>;

export function serialiseRequest(request: RequestParts): Uint8Array {
  return serialise(`${request.method} ${request.uri} RTSP/1.0`, request.headers ?? [], request.body ?? NO_BODY);
}

/** `reason` may be left out: it is the standard's. */
export function serialiseResponse(response: ResponseParts): Uint8Array {
  const reason = response.reason ?? reasonOf(response.status);
  return serialise(`RTSP/1.0 ${response.status} ${reason}`, response.headers ?? [], response.body ?? NO_BODY);
}

/** RFC 2326 §7.1.1. */
export function reasonOf(status: number): string {
  return REASONS.get(status) ?? 'Unknown';
}

function serialise(first: string, headers: Iterable<readonly [string, string]>, body: Uint8Array): Uint8Array {
  const lines = [oneLine(first)];
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (lower === 'content-length') continue;
    lines.push(`${lower === 'cseq' ? 'CSeq' : name}: ${oneLine(value)}`);
  }
  if (body.length > 0) lines.push(`Content-Length: ${body.length}`);
  const head = new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`);
  if (body.length === 0) return head;
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** A line end in a value, from a URL or a peer, must not begin another header. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [100, 'Continue'],
  [200, 'OK'],
  [201, 'Created'],
  [300, 'Multiple Choices'],
  [301, 'Moved Permanently'],
  [302, 'Moved Temporarily'],
  [303, 'See Other'],
  [305, 'Use Proxy'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [406, 'Not Acceptable'],
  [408, 'Request Time-out'],
  [410, 'Gone'],
  [413, 'Request Entity Too Large'],
  [414, 'Request-URI Too Large'],
  [415, 'Unsupported Media Type'],
  [451, 'Parameter Not Understood'],
  [453, 'Not Enough Bandwidth'],
  [454, 'Session Not Found'],
  [455, 'Method Not Valid in This State'],
  [456, 'Header Field Not Valid for Resource'],
  [457, 'Invalid Range'],
  [458, 'Parameter Is Read-Only'],
  [459, 'Aggregate operation not allowed'],
  [460, 'Only aggregate operation allowed'],
  [461, 'Unsupported transport'],
  [462, 'Destination unreachable'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Time-out'],
  [505, 'RTSP Version not supported'],
  [551, 'Option not supported'],
]);
