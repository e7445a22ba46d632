/** Errors as HTTP says them: problem documents (RFC 9457) with the catalogue's code. */
import type { ServerResponse } from 'node:http';
import { redactText } from '../../base/redact.ts';
import { WeirError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { NotRecordedError } from '../../stream/not-recorded.ts';

export interface Problem {
  /** 'urn:weir:error:{code}' */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly remedy: string;
  /** Of 'not-recorded': the recorded moments around the one that was asked for, as far as there are any. */
  readonly nearest?: { readonly before?: string; readonly after?: string };
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export function problemOf(error: WeirError): Problem {
  const { title, http, remedy } = error.row;
  return {
    type: `urn:weir:error:${error.code}`,
    title,
    status: http,
    detail: redactText(error.describe()),
    code: error.code,
    remedy,
    ...(error instanceof NotRecordedError && { nearest: nearestOf(error) }),
  };
}

function nearestOf({ beforeUtcMs, afterUtcMs }: NotRecordedError): NonNullable<Problem['nearest']> {
  return {
    ...(beforeUtcMs !== undefined && { before: new Date(beforeUtcMs).toISOString() }),
    ...(afterUtcMs !== undefined && { after: new Date(afterUtcMs).toISOString() }),
  };
}

/** Header fields that go with an error, whatever its body. */
export function problemHeaders(error: WeirError, realm: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
  if (error.code === 'unauthorized') headers['WWW-Authenticate'] = `Basic realm="${realm}", charset="UTF-8"`;
  if (error.code === 'too-many-attempts') headers['Retry-After'] = '60';
  else if (error.row.http === 503) headers['Retry-After'] = '2';
  return headers;
}

/** Answers with the error, or cuts the connection if an answer has begun: what was sent must not look whole. */
export function sendProblem(response: ServerResponse, error: WeirError, realm: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(JSON.stringify(problemOf(error)));
  for (const name of ['ETag', 'Last-Modified', 'Content-Range', 'Accept-Ranges', 'Content-Encoding'])
    response.removeHeader(name);
  for (const [name, value] of Object.entries(problemHeaders(error, realm))) {
    if (name !== 'Retry-After' || !response.hasHeader(name)) response.setHeader(name, value);
  }
  response.writeHead(error.row.http, { 'Content-Type': PROBLEM_TYPE, 'Content-Length': body.length });
  response.end(body);
}

/** What a thrown value is to a client: errors of the catalogue as they are, everything else a fault of ours. */
export function asWeirError(thrown: unknown): WeirError {
  return thrown instanceof WeirError
    ? thrown
    : new WeirError('internal', 'The request could not be answered', { cause: thrown });
}
