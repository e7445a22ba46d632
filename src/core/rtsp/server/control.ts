/** PLAY, PAUSE, RECORD and TEARDOWN (RFC 2326 §10.5–§10.7, §10.11): what is done to a session as a whole. */
import { WeirError } from '../../errors.ts';
import type { RtspRequest } from '../wire/message.ts';
import { parseRange, serialiseRange } from '../wire/range.ts';
import { serialiseRtpInfo } from '../wire/rtp-info.ts';
import { announcedTrack } from './announcement.ts';
import type { ConnectionSessions } from './connection-sessions.ts';
import { asked, loginNeed, mismatched, notNow, replied, type Outcome, type Replied } from './outcome.ts';
import { ok, refusal, refusalOf, type HeaderList, type Reply } from './response.ts';
import type { LoginNeed, ServerOutput, TrackStart } from './server-io.ts';
import type { SessionMethod } from './session-state.ts';
import type { ServerSession } from './session.ts';
import { parseTarget } from './target.ts';

const LIVE_RANGE = serialiseRange({ kind: 'npt', fromS: 'now', toS: undefined });

/** `session`: the one that the request names, or means. */
export function control(
  method: Exclude<SessionMethod, 'SETUP'>,
  request: RtspRequest,
  session: ServerSession | undefined,
  sessions: ConnectionSessions,
): Outcome {
  if (session === undefined) return notNow('init', sessions.announced === undefined ? 'play' : 'record', undefined);
  if (!session.allows(method)) return notNow(session.phase, session.purpose, session);
  if (method !== 'TEARDOWN' && isOneOfSeveral(request, session, sessions))
    return replied(refusal('aggregate-only'), session);
  const right = session.purpose === 'play' ? 'read' : 'publish';
  const login = sessions.owns(session) ? undefined : loginNeed(request, right, session.stream);
  switch (method) {
    case 'PLAY':
      return play(request, session, sessions, login);
    case 'PAUSE':
      return asked({ kind: 'pause', login, session }, () => changed(session, sessions, 'PAUSE', ok()));
    case 'RECORD':
      return record(session, sessions, login);
    case 'TEARDOWN':
      return teardown(request, session, sessions, login);
  }
}

function play(
  request: RtspRequest,
  session: ServerSession,
  sessions: ConnectionSessions,
  login: LoginNeed | undefined,
): Outcome {
  const given = request.headers.get('Range');
  const range = given === undefined ? undefined : parseRange(given);
  // Only what is live is served. A unit that is unknown is ignored (§12.29), and so is where in npt a live stream should
  // begin: players say 0.
  if (range?.kind === 'clock') return replied(refusalOf(archiveNotServed()), session);
  if (session.phase === 'playing') return unchanged(session, login, ok([['Range', LIVE_RANGE]]));
  session.wantsStart(parseTarget(request.uri)?.start);
  return asked({ kind: 'play', login, session }, (answer) => {
    if (answer.kind !== 'playing') return mismatched();
    const headers = [['Range', LIVE_RANGE] as const, ...rtpInfo(session, answer.starts)];
    return changed(session, sessions, 'PLAY', ok(headers), { kind: 'flow', session });
  });
}

function record(session: ServerSession, sessions: ConnectionSessions, login: LoginNeed | undefined): Outcome {
  if (session.phase === 'recording') return unchanged(session, login, ok());
  const announcement = sessions.announced?.announcement;
  // What was announced stands on the session's own connection.
  if (announcement === undefined || !sessions.owns(session)) return notNow('init', 'record', session);
  return asked({ kind: 'record', login, session, announcement }, () =>
    changed(session, sessions, 'RECORD', ok(), { kind: 'flow', session }),
  );
}

/** §11.3.11: what is sent together is played, paused and recorded together. The URL of the only track means the session. */
function isOneOfSeveral({ uri }: RtspRequest, session: ServerSession, sessions: ConnectionSessions): boolean {
  const index = trackOf(uri, session, sessions);
  return session.tracks.length > 1 && index !== undefined && session.track(index) !== undefined;
}

function trackOf(uri: string, session: ServerSession, sessions: ConnectionSessions): number | undefined {
  const announced = session.purpose === 'record' ? sessions.announced?.announcement : undefined;
  return announced === undefined ? parseTarget(uri)?.track : announcedTrack(uri, announced);
}

/** The aggregate URL ends the session, a track's URL that track; with its last track the session ends. */
function teardown(
  request: RtspRequest,
  session: ServerSession,
  sessions: ConnectionSessions,
  login: LoginNeed | undefined,
): Outcome {
  const index = trackOf(request.uri, session, sessions);
  const track = index === undefined ? undefined : session.track(index);
  return asked({ kind: 'teardown', login, session }, () => {
    if (track !== undefined && session.tracks.length > 1 && sessions.owns(session)) {
      sessions.removeTrack(session, track);
      return replied(ok(), session, { kind: 'track-ended', session, track: track.track });
    }
    sessions.forget(session);
    return replied(ok(), undefined, { kind: 'ended', session, why: 'teardown' });
  });
}

/** The session moves on, unless it ended while the edge was asked. */
function changed(
  session: ServerSession,
  sessions: ConnectionSessions,
  method: SessionMethod,
  reply: Reply,
  after?: ServerOutput,
): Replied {
  if (sessions.find(session.id) !== session) return replied(refusal('session-unknown'));
  session.done(method);
  return replied(reply, session, after);
}

/** What is asked for is so already. Somebody else's session is spoken of with a login alone, for which its parameters are asked for. */
function unchanged(session: ServerSession, login: LoginNeed | undefined, reply: Reply): Outcome {
  if (login === undefined) return replied(reply, session);
  return asked({ kind: 'parameters', login, session }, (answer) =>
    answer.kind === 'parameters' ? replied(reply, session) : mismatched(),
  );
}

function archiveNotServed(): WeirError {
  return new WeirError('archive-not-served', 'Over RTSP only what is live is served', { expected: LIVE_RANGE });
}

/**
 * True numbers for every track, or no header: GStreamer believes them, and false ones mislead it. Each by the URL that its SETUP had: clients look for
 * that, and each joins our base, query and control to another (retina compares them letter by letter).
 */
function rtpInfo(session: ServerSession, starts: readonly TrackStart[] | undefined): HeaderList {
  if (starts === undefined || starts.length < session.tracks.length) return [];
  const entries = starts.map(({ track, sequence, rtpTime }) => ({
    url: session.track(track)?.uri ?? '',
    sequence,
    rtpTime,
  }));
  return entries.some(({ url }) => ENDS_URL.test(url)) ? [] : [['RTP-Info', serialiseRtpInfo(entries)]];
}

/** What ends a URL in the header. */
const ENDS_URL = /[,;]/;
