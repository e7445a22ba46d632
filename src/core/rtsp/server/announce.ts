/** ANNOUNCE (RFC 2326 §10.3), from a publisher: what it will send. */
import { WeirError } from '../../errors.ts';
import type { RtspRequest } from '../wire/message.ts';
import { parseAnnouncement } from './announcement.ts';
import type { ConnectionSessions } from './connection-sessions.ts';
import { asked, loginNeed, mismatched, notNow, replied, type Outcome } from './outcome.ts';
import { malformed, ok, refusal, refusalOf } from './response.ts';
import { baseUri, parseTarget } from './target.ts';

export function announce(request: RtspRequest, sessions: ConnectionSessions): Outcome {
  const [first] = sessions.all;
  if (first !== undefined) return notNow(first.phase, first.purpose, first);
  const target = parseTarget(request.uri);
  if (target === undefined) return replied(malformed('The URL names no stream'));
  const type = request.headers.get('Content-Type');
  if (type !== undefined && !/^application\/sdp\b/i.test(type)) return replied(refusal('media-type-unsupported'));
  const announcement = parseAnnouncement(request.body, baseUri(request.uri), target.stream);
  if (announcement instanceof WeirError) return replied(refusalOf(announcement));
  const login = loginNeed(request, 'publish', target.stream);
  return asked({ kind: 'announce', login, announcement }, (answer) => {
    if (answer.kind !== 'ok') return mismatched();
    sessions.announced = { announcement, user: answer.user };
    return replied(ok());
  });
}
