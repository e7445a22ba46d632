/** SETUP (RFC 2326 §10.4): a transport for one track, in a new session or one that is there. */
import { WeirError } from '../../errors.ts';
import type { RtspRequest } from '../wire/message.ts';
import { announcedTrack } from './announcement.ts';
import type { AnnouncedBy, ConnectionSessions } from './connection-sessions.ts';
import { asked, loginNeed, mismatched, notNow, replied, type Outcome, type Replied } from './outcome.ts';
import { malformed, ok, refusal, refusalOf } from './response.ts';
import type { ServerSession } from './session.ts';
import { baseUri, parseTarget, withoutUserinfo } from './target.ts';
import { transportReply, type MediaWay, type OfferedWays } from './media-way.ts';
import type { WantedWay } from './server-io.ts';
import { chooseTransport, purposeOf, type ChosenTransport } from './transport-choice.ts';

/** `named`: the session that the request names. */
export function setup(
  request: RtspRequest,
  named: ServerSession | undefined,
  sessions: ConnectionSessions,
  offered: OfferedWays,
  nowMs: number,
): Outcome {
  const chosen = chooseTransport(request.headers.getAll('Transport').join(','), offered);
  if (chosen === undefined) return replied(refusal('transport-unsupported'), named);
  if (sessions.announced !== undefined) return setupRecord(request, chosen, sessions, sessions.announced, nowMs);
  if (purposeOf(chosen.transport) === 'record') return notNow('init', 'play', named);
  const parsed = parseTarget(request.uri);
  if (parsed === undefined) return replied(malformed('The URL names no stream'), named);
  const target = sessions.complete(parsed);
  if (named !== undefined) {
    const joins = sessions.owns(named) && named.purpose === 'play' && named.stream === target.stream;
    if (!joins) return replied(refusal('aggregate-not-allowed'), named);
    if (!named.allows('SETUP')) return notNow(named.phase, named.purpose, named);
  }
  const login = loginNeed(request, 'read', target.stream);
  return asked({ kind: 'tracks', login, stream: target.stream }, (answer, answeredMs) => {
    if (answer.kind !== 'tracks') return mismatched();
    if (named !== undefined && !sessions.owns(named)) return replied(refusal('session-unknown'));
    const track = target.track ?? firstUnused(named);
    const ssrc = answer.ssrcs[track];
    if (ssrc === undefined) return replied(refusal('track-unknown'), named);
    const session = named ?? sessions.create('play', target.stream, answer.user, answeredMs, baseUri(request.uri));
    session.wantsStart(target.start);
    return addTrack(request, session, track, chosen, sessions, ssrc);
  });
}

/** After ANNOUNCE every SETUP on the connection is for RECORD, whatever its mode (gsl#5, zlm#1274), its session named or not. */
function setupRecord(
  request: RtspRequest,
  chosen: ChosenTransport,
  sessions: ConnectionSessions,
  announced: AnnouncedBy,
  nowMs: number,
): Outcome {
  // Nobody publishes to a group.
  if (chosen.kind === 'multicast') return replied(refusal('transport-unsupported'));
  const { announcement, user } = announced;
  const existing = [...sessions.all].find((session) => session.purpose === 'record');
  if (existing?.allows('SETUP') === false) return notNow(existing.phase, existing.purpose, existing);
  const track = announcedTrack(request.uri, announcement) ?? firstUnused(existing);
  if (announcement.tracks[track] === undefined) return replied(refusal('track-unknown'), existing);
  const session = existing ?? sessions.create('record', announcement.stream, user, nowMs, announcement.base);
  return addTrack(request, session, track, chosen, sessions, undefined);
}

function addTrack(
  request: RtspRequest,
  session: ServerSession,
  track: number,
  { transport, kind }: ChosenTransport,
  sessions: ConnectionSessions,
  ssrc: number | undefined,
): Outcome {
  // One session travels one way: what is sent together stays together.
  const others = session.tracks.filter((other) => other.track !== track);
  if (others.some(({ way }) => way.kind !== kind)) return replied(refusal('transport-unsupported'), session);
  const refused = sessions.admit(session, track);
  if (refused !== undefined) return replied(refusalOf(refused));
  const done = (way: MediaWay): Replied => {
    const former = session.track(track)?.way.kind ?? kind;
    sessions.addTrack(session, { track, way, uri: withoutUserinfo(request.uri) });
    session.done('SETUP');
    const reply = ok([['Transport', transportReply(transport, way, session.purpose, ssrc)]]);
    return replied(reply, session, former === kind ? undefined : { kind: 'way-left', session, way: former });
  };
  if (kind === 'interleaved') {
    const channels = sessions.channelsFor(session, track, transport.interleaved);
    return channels instanceof WeirError ? replied(refusalOf(channels), session) : done({ kind, channels });
  }
  const wanted: WantedWay = kind === 'udp' ? { kind, clientPorts: transport.clientPort ?? [0, 0] } : { kind };
  return asked({ kind: 'way', login: undefined, session, track, ssrc, wanted }, (answer) => {
    if (answer.kind === 'way' && sessions.owns(session)) return done(answer.way);
    // Refused, or it ended meanwhile, and what it was given with it. A publisher may ask for another way.
    if (session.tracks.length === 0) sessions.giveUp(session);
    return answer.kind === 'no-way' ? replied(refusalOf(answer.error)) : replied(refusal('session-unknown'));
  });
}

/** The track that a URL without one means: the next. */
function firstUnused(session: ServerSession | undefined): number {
  let track = 0;
  while (session?.track(track) !== undefined) track += 1;
  return track;
}
