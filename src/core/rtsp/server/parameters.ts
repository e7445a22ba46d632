/**
 * GET_PARAMETER and SET_PARAMETER (RFC 2326 §10.8, §10.9). Without a body they keep a session alive; with one they name parameters of it:
 *
 *     position CRLF packets_lost CRLF …        →  position: clock=20261124T101500.250Z CRLF packets_lost: 0 CRLF …
 *
 * All or nothing: where one is unknown, or cannot be set, the answer names it and nothing else.
 */
import { ERRORS, WeirError, type ErrorCode } from '../../errors.ts';
import type { RtspRequest } from '../wire/message.ts';
import type { ConnectionSessions } from './connection-sessions.ts';
import { asked, loginNeed, mismatched, replied, type Outcome } from './outcome.ts';
import { ok, refusal, refusalOf, type Reply } from './response.ts';
import type { ServerSession } from './session.ts';

/** In one request. */
export const MAX_PARAMETERS = 64;
const MEDIA_TYPE = 'text/parameters';

/** `session`: the one that the request names, or means. */
export function parameters(
  method: 'GET_PARAMETER' | 'SET_PARAMETER',
  request: RtspRequest,
  session: ServerSession | undefined,
  sessions: ConnectionSessions,
): Outcome {
  const names = namesOf(new TextDecoder().decode(request.body));
  if (names.length === 0) return replied(ok(), session);
  const type = request.headers.get('Content-Type');
  if (type !== undefined && !/^text\/parameters\b/i.test(type))
    return replied(refusal('media-type-unsupported'), session);
  if (names.length > MAX_PARAMETERS) {
    const expected = `at most ${MAX_PARAMETERS}`;
    return replied(refusalOf(new WeirError('request-too-large', 'Too many parameters at once', { expected })), session);
  }
  if (session === undefined) return replied(refused('parameter-unknown', names));
  const right = session.purpose === 'play' ? 'read' : 'publish';
  const login = sessions.owns(session) ? undefined : loginNeed(request, right, session.stream);
  return asked({ kind: 'parameters', login, session }, (answer) => {
    if (answer.kind !== 'parameters') return mismatched();
    const { values } = answer;
    const unknown = names.filter((name) => !values.has(name));
    if (unknown.length > 0) return replied(refused('parameter-unknown', unknown), session);
    if (method === 'SET_PARAMETER') return replied(refused('parameter-read-only', names), session);
    const lines = names.map((name) => `${name}: ${values.get(name)}\r\n`);
    return replied(ok([['Content-Type', MEDIA_TYPE]], new TextEncoder().encode(lines.join(''))), session);
  });
}

/** Of `name` and of `name: value`, a line each. */
function namesOf(body: string): readonly string[] {
  const lines = body.split(/\r?\n/).map((line) => (line.split(':', 1)[0] ?? '').trim());
  return lines.filter((name) => name !== '');
}

/** The body names them, as §10.9 wants it. */
function refused(code: ErrorCode, names: readonly string[]): Reply {
  const told = refusalOf(new WeirError(code, `${ERRORS[code].title}: ${names.join(', ')}`));
  const headers = told.headers.filter(([name]) => name !== 'Content-Type');
  const body = new TextEncoder().encode(names.map((name) => `${name}\r\n`).join(''));
  return { ...told, headers: [...headers, ['Content-Type', MEDIA_TYPE]], body };
}
