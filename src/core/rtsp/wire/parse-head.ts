/**
 * The head of a message as text, parsed (RFC 2326 §6.1, §7.1, §15; RFC 2068 §4.2).
 *
 *     METHOD SP uri SP RTSP/1.0 CRLF   |   RTSP/1.0 SP status [SP reason] CRLF
 *     Name: value CRLF
 *      continued value CRLF …
 *
 * Read tolerantly: bare LF, no reason (gsl#1043), blanks and tabs around values (ret#77, gsl#437), several blanks between the words,
 * blanks inside a URI, lines without a colon (skipped).
 */
import { WeirError } from '../../errors.ts';
import { RtspHeaders } from './headers.ts';
import type { RtspMessage, RtspRequest, RtspResponse } from './message.ts';

/** Above it a message is refused: a real one has a dozen. */
export const MAX_HEADERS = 128;

export type RtspHead = Omit<RtspRequest, 'body'> | Omit<RtspResponse, 'body'>;

const STATUS_LINE = /^RTSP\/(\d+\.\d+)\s+([1-9]\d{2})(?:\s+(.*))?$/i;
const METHOD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s/;
const REQUEST_VERSION = /\s(RTSP\/\d+\.\d+)$/i;

/** `text` is the head without the empty line that ends it. Errors: `rtsp-malformed`, `head-too-long`. */
export function parseHead(text: string): RtspHead | WeirError {
  const lines = text.split(/\r?\n/);
  const headers = parseHeaders(lines);
  if (headers instanceof WeirError) return headers;
  const first = lines[0] ?? '';
  const status = STATUS_LINE.exec(first);
  if (status !== null) {
    const [, version = '', code = '', reason = ''] = status;
    return { kind: 'response', version: `RTSP/${version}`, status: Number(code), reason: reason.trim(), headers };
  }
  return parseRequestLine(first, headers) ?? malformed(first);
}

/** From both ends, as a URI may hold blanks. In one expression the blanks would be tried in every split: half a second for 16 KB of them. */
function parseRequestLine(line: string, headers: RtspHeaders): RtspHead | undefined {
  const trimmed = line.trimEnd();
  const method = METHOD.exec(trimmed)?.[1] ?? '';
  const version = REQUEST_VERSION.exec(trimmed)?.[1] ?? '';
  const uri = trimmed.slice(method.length, Math.max(trimmed.length - version.length, method.length)).trim();
  if (method === '' || version === '' || uri === '') return undefined;
  return { kind: 'request', method, uri, version: version.toUpperCase(), headers };
}

/** The length of the body that the head announces; -1 or junk is none (gsl#233). */
export function contentLength(headers: RtspHeaders): number {
  const value = headers.get('Content-Length');
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : 0;
}

/** The sequence number that pairs a response with its request; undefined if it is missing or no number. */
export function cseqOf(message: RtspMessage): number | undefined {
  const value = message.headers.get('CSeq');
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** Of what a peer says and is said back: a CSeq has a handful, a session's name a few dozen. */
export const MAX_ECHOED_CHARACTERS = 256;

/** A header that goes back as it stands (some peers compare it bytewise, g2r#7); undefined if it is missing, or longer than any real one. */
export function echoed(headers: RtspHeaders, name: 'CSeq' | 'Session'): string | undefined {
  const value = headers.get(name);
  return value !== undefined && value.length <= MAX_ECHOED_CHARACTERS ? value : undefined;
}

/** The lines after the first. Error: `head-too-long`. */
export function parseHeaders(lines: readonly string[]): RtspHeaders | WeirError {
  const entries: [string, string][] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const last = entries.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      last[1] = `${last[1]} ${line.trim()}`.trim();
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim();
    if (name === '') continue;
    if (entries.length === MAX_HEADERS) {
      return new WeirError('head-too-long', 'A message has too many headers', { expected: `at most ${MAX_HEADERS}` });
    }
    entries.push([name, line.slice(colon + 1).trim()]);
  }
  return new RtspHeaders(entries);
}

function malformed(line: string): WeirError {
  const shown = line.length > 80 ? `${line.slice(0, 80)}…` : line;
  return new WeirError('rtsp-malformed', 'What came is not RTSP', {
    place: JSON.stringify(shown),
    expected: 'RTSP/1.0',
  });
}
