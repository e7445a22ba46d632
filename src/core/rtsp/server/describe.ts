/** DESCRIBE (RFC 2326 §10.2): what a stream carries, as SDP. */
import type { RtspRequest } from '../wire/message.ts';
import type { ConnectionSessions } from './connection-sessions.ts';
import { asked, loginNeed, mismatched, replied, type Outcome } from './outcome.ts';
import { malformed, ok, refusal } from './response.ts';
import { contentBase, parseTarget } from './target.ts';

export function describe(request: RtspRequest, sessions: ConnectionSessions): Outcome {
  const target = parseTarget(request.uri);
  if (target === undefined) return replied(malformed('The URL names no stream'));
  if (!acceptsSdp(request.headers.getAll('Accept'))) return replied(refusal('not-acceptable'));
  const login = loginNeed(request, 'read', target.stream);
  return asked({ kind: 'describe', login, stream: target.stream }, (answer) => {
    if (answer.kind !== 'described') return mismatched();
    sessions.described(target);
    const base = ['Content-Base', contentBase(request.uri)] as const;
    return replied(ok([base, ['Content-Type', 'application/sdp']], answer.sdp));
  });
}

/** Without Accept, and with wildcards, everything is. */
function acceptsSdp(accept: readonly string[]): boolean {
  const types = accept.flatMap((value) => value.split(',')).map((type) => type.split(';', 1)[0]?.trim().toLowerCase());
  return (
    types.length === 0 ||
    types.some((type) => type === 'application/sdp' || type === 'application/*' || type === '*/*' || type === '')
  );
}
