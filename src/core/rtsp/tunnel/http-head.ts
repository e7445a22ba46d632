/**
 * The heads of the two HTTP requests that an RTSP tunnel begins with, and of the answer to the first (RFC 9112 §2, §3, §4; ONVIF Streaming §5.1.1.5; the
 * scheme is QuickTime's).
 *
 *     GET /path HTTP/1.0 CRLF Name: value CRLF … CRLF        what follows is the RTSP stream
 *     HTTP/1.0 200 OK CRLF Name: value CRLF … CRLF
 */
import { ByteQueue } from '../../bytes/byte-queue.ts';
import { parseHeaders } from '../wire/parse-head.ts';
import { WeirError } from '../../errors.ts';
import type { RtspHeaders } from '../wire/headers.ts';

export interface HttpRequestHead {
  readonly kind: 'request';
  /** Upper case. */
  readonly method: string;
  readonly path: string;
  readonly headers: RtspHeaders;
}

export interface HttpResponseHead {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: RtspHeaders;
}

/** A longer one is refused. */
export const MAX_HTTP_HEAD_BYTES = 16 * 1024;

const REQUEST_LINE = /^([A-Za-z]+) +(\S+) +HTTP\/1\.\d *$/;
const STATUS_LINE = /^HTTP\/1\.\d +(\d{3})(?: .*)?$/;

/** Whether an HTTP request begins here (`GET_PARAMETER` is none): `more` while the bytes are too few to say. */
export function httpRequestStart(bytes: Uint8Array): 'yes' | 'no' | 'more' {
  for (const start of ['GET /', 'POST /', 'GET http', 'POST http']) {
    const length = Math.min(start.length, bytes.length);
    let same = 0;
    while (same < length && bytes[same] === start.charCodeAt(same)) same += 1;
    if (same === start.length) return 'yes';
    if (same === bytes.length) return 'more';
  }
  return 'no';
}

/** Gathers a head from chunks. */
export class HttpHeadReader {
  readonly #seen = new ByteQueue();

  /** `rest`: what of all that came follows the head, a copy. Error: `head-too-long`, `rtsp-malformed`. */
  push(
    chunk: Uint8Array,
  ): { readonly head: HttpRequestHead | HttpResponseHead; readonly rest: Uint8Array } | 'more' | WeirError {
    // The empty line may have begun in what was seen.
    const from = Math.max(this.#seen.length - 3, 0);
    this.#seen.append(chunk);
    const all = this.#seen.peek();
    const end = endOfHead(all, from);
    if (end === undefined ? all.length > MAX_HTTP_HEAD_BYTES : end > MAX_HTTP_HEAD_BYTES) {
      return new WeirError('head-too-long', 'The HTTP head has no end', {
        expected: `at most ${MAX_HTTP_HEAD_BYTES} bytes`,
      });
    }
    if (end === undefined) return 'more';
    const head = parseHttpHead(new TextDecoder('latin1').decode(all.subarray(0, end)));
    return head instanceof WeirError ? head : { head, rest: this.#seen.take().subarray(end) };
  }
}

/** `text` ends with the empty line or before it. Errors: `rtsp-malformed`, `head-too-long`. */
export function parseHttpHead(text: string): HttpRequestHead | HttpResponseHead | WeirError {
  const lines = text.split(/\r?\n/);
  const headers = parseHeaders(lines);
  if (headers instanceof WeirError) return headers;
  const [first = ''] = lines;
  const request = REQUEST_LINE.exec(first);
  if (request !== null)
    return { kind: 'request', method: (request[1] ?? '').toUpperCase(), path: request[2] ?? '', headers };
  const status = STATUS_LINE.exec(first);
  if (status !== null) return { kind: 'response', status: Number(status[1]), headers };
  return new WeirError('rtsp-malformed', 'What came is no HTTP head', { expected: 'GET /path HTTP/1.1' });
}

/** The index after the empty line; undefined while there is none. */
function endOfHead(bytes: Uint8Array, from: number): number | undefined {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] !== LF) continue;
    if (bytes[i + 1] === LF) return i + 2;
    if (bytes[i + 1] === CR && bytes[i + 2] === LF) return i + 3;
  }
  return undefined;
}

const CR = 13;
const LF = 10;
