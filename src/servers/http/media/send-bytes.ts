/** Sends bytes as HTTP has it: entity tags and 304, ranges and 206 or 416, HEAD, exact lengths (RFC 9110 §13, §14). */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { parseByteRange, type ByteRange } from './byte-range.ts';

export interface Content {
  readonly type: string;
  /** With its quotes. */
  readonly etag: string;
  readonly cacheControl: string;
  /** Frozen: it may be on its way to others too. */
  readonly bytes: Uint8Array;
  readonly headers?: OutgoingHttpHeaders;
}

export const IMMUTABLE = 'max-age=31536000, immutable';

export function sendContent(request: IncomingMessage, response: ServerResponse, content: Content): void {
  const part = answerHead(request, response, content, content.bytes.length);
  if (part === undefined) return;
  response.writeHead(part.status, part.headers);
  response.end(content.bytes.subarray(part.start, part.end));
}

/** What of the content is still to be sent, and under which head. */
export interface WantedPart extends ByteRange {
  readonly status: 200 | 206;
  readonly headers: OutgoingHttpHeaders;
}

/** Answers what takes no bytes (304, 416, HEAD) and then returns undefined; otherwise says what is wanted of the `size` bytes. */
export function answerHead(
  request: IncomingMessage,
  response: ServerResponse,
  content: Omit<Content, 'bytes'>,
  size: number,
): WantedPart | undefined {
  if (sendIfNotModified(request, response, content)) return undefined;
  const range = parseByteRange(wantedRange(request, content.etag), size);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${size}`, 'content-length': 0 }).end();
    return undefined;
  }
  const { start, end } = range ?? { start: 0, end: size };
  const headers = {
    ...commonHeaders(content),
    'content-type': content.type,
    'accept-ranges': 'bytes',
    'content-length': end - start,
    ...(range !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  };
  if (request.method !== 'HEAD') return { status: range === undefined ? 200 : 206, headers, start, end };
  response.writeHead(200, headers).end();
  return undefined;
}

/** Answers 304 if the client has this very content already; false if it has not. */
export function sendIfNotModified(
  request: IncomingMessage,
  response: ServerResponse,
  content: Omit<Content, 'bytes' | 'type'>,
): boolean {
  if (!hasTag(request.headers['if-none-match'], content.etag)) return false;
  response.writeHead(304, commonHeaders(content)).end();
  return true;
}

function commonHeaders({ etag, cacheControl, headers }: Omit<Content, 'bytes' | 'type'>): OutgoingHttpHeaders {
  return { etag, 'cache-control': cacheControl, ...headers };
}

/** Weak comparison, as If-None-Match asks for. */
function hasTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*');
}

/** A range of something else than what the client has a part of would be of no use (If-Range, RFC 9110 §13.1.5). */
function wantedRange({ headers, method }: IncomingMessage, etag: string): string | undefined {
  const ifRange = headers['if-range'];
  return method === 'GET' && (ifRange === undefined || ifRange === etag) ? headers.range : undefined;
}
