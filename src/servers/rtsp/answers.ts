/** What the edge answers to the questions of a connection's machine: login, streams, attaching and publishing. */
import { WeirError } from '../../core/errors.ts';
import type { LoginNeed, ServerAnswer, ServerAsk } from '../../core/rtsp/server/server-io.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { RelayTrack, Stream, StreamRegistry } from '../../stream/stream.ts';
import type { OpenConnection } from './open-connection.ts';
import { PublisherSession } from './publisher-session.ts';
import { ReaderSession } from './reader-session.ts';
import type { ServerParts } from './server-parts.ts';
import { sessionParameters } from './session-parameters.ts';
import { transportOf } from './session-transport.ts';

/** How long DESCRIBE, SETUP and PLAY wait for an on-demand source and its parameter sets. Players give up after 10 to 30 s. */
export const TRACKS_WAIT_MS = 15_000;

/** How long a PLAY after PAUSE waits for the first packet of each track, to say where it goes on. */
export const RESUME_WAIT_MS = 200;

/** At once where nothing has to be waited for. A rejection is the program's own fault. */
export function answerTo(
  ask: ServerAsk,
  connection: OpenConnection,
  parts: ServerParts,
): ServerAnswer | Promise<ServerAnswer> {
  const login = ask.login === undefined ? OWN : loggedIn(ask.login, connection, parts);
  if (login.kind !== 'ok') return login;
  // Now, and not once it is answered: a source may take its time to be opened.
  if (ask.login !== undefined) parts.admission.leave(connection);
  const to = elsewhere(ask, parts);
  if (to !== undefined) return { kind: 'moved', to };
  switch (ask.kind) {
    case 'describe':
      return orRefused(describe(ask.stream, connection, parts));
    case 'way':
      return connection.ways.give(ask);
    case 'tracks':
      return orRefused(tracks(ask.stream, login.user, connection, parts));
    case 'play':
      return orRefused(play(ask.session, connection, parts));
    case 'announce': {
      const error = parts.registry.publishError(ask.announcement.stream);
      return error === undefined ? login : { kind: 'refused', error };
    }
    case 'record':
      return orRefused(record(ask, connection, parts));
    case 'pause':
      return pause(ask.session, connection);
    case 'teardown':
      return login;
    case 'parameters': {
      const media = connection.ownerOf(ask.session)?.media.get(ask.session);
      return { kind: 'parameters', values: sessionParameters(ask.session, media, parts.registry) };
    }
  }
}

/** Where what is asked for is served instead. Who plays already is sent there by itself. */
function elsewhere(ask: ServerAsk, { redirects }: ServerParts): string | undefined {
  switch (ask.kind) {
    case 'describe':
    case 'tracks':
      return redirects.forReaders(ask.stream);
    case 'play':
      return redirects.forReaders(ask.session.stream);
    case 'announce':
      return redirects.forPublishers(ask.announcement.stream);
    case 'record':
      return redirects.forPublishers(ask.session.stream);
    case 'way':
    case 'pause':
    case 'teardown':
    case 'parameters':
      return undefined;
  }
}

type Granted = Extract<ServerAnswer, { readonly kind: 'ok' }>;

const OWN: Granted = { kind: 'ok', user: undefined };

function loggedIn(need: LoginNeed, connection: OpenConnection, parts: ServerParts): ServerAnswer {
  const outcome = parts.login.check(need, connection.pipe.remoteAddress);
  return outcome.kind === 'may' ? { kind: 'ok', user: outcome.user } : outcome;
}

async function describe(name: string, connection: OpenConnection, parts: ServerParts): Promise<ServerAnswer> {
  const { stream, tracks } = await openStream(name, connection, parts);
  return { kind: 'described', sdp: parts.descriptions.of(stream, tracks) };
}

async function tracks(
  name: string,
  user: string | undefined,
  connection: OpenConnection,
  parts: ServerParts,
): Promise<ServerAnswer> {
  const { tracks } = await openStream(name, connection, parts);
  return { kind: 'tracks', ssrcs: tracks.map(({ ssrc }) => ssrc), user };
}

async function play(session: ServerSession, asking: OpenConnection, parts: ServerParts): Promise<ServerAnswer> {
  const { stream, tracks } = await openStream(session.stream, asking, parts);
  const owner = asking.ownerOf(session);
  // Nothing is attached for a reply that nobody waits for: it would be held for ever.
  if (owner === undefined || asking.signal.aborted) {
    throw new WeirError('session-unknown', 'The session ended meanwhile, or who asked left');
  }
  const former = owner.media.get(session);
  if (former instanceof ReaderSession) former.detach();
  const reader = new ReaderSession({
    session,
    stream,
    tracks,
    label: owner.pipe.remote,
    outOf: (waitsForKey) => owner.ways.outOf(session, stream, tracks, waitsForKey),
    clock: parts.clock,
    cname: parts.cname,
    total: parts.totals.of(transportOf(session, owner.door)),
    ended: (error) => owner.endSession(session, error),
  });
  owner.media.set(session, reader);
  reader.attach();
  // Who pauses wants to know where it goes on; who begins wants to see something.
  if (former instanceof ReaderSession) {
    await reader.begun(RESUME_WAIT_MS);
    if (asking.signal.aborted) reader.detach();
  }
  parts.log.info({ peer: owner.pipe.remote, stream: session.stream, user: session.user }, 'A reader plays');
  return { kind: 'playing', starts: reader.starts() };
}

function pause(session: ServerSession, asking: OpenConnection): ServerAnswer {
  const owner = asking.ownerOf(session);
  const media = owner?.media.get(session);
  if (media instanceof ReaderSession) {
    media.detach();
  } else {
    owner?.media.take(session);
    media?.leave(new WeirError('publisher-gone', 'The publisher paused'));
  }
  return OWN;
}

async function record(
  ask: Extract<ServerAsk, { readonly kind: 'record' }>,
  connection: OpenConnection,
  parts: ServerParts,
): Promise<ServerAnswer> {
  const { session, announcement } = ask;
  const { registry, clock, cname, log } = parts;
  const { pipe } = connection;
  if (!session.tracks.some(({ track }) => announcement.tracks[track]?.format !== undefined)) {
    throw new WeirError('source-no-media', 'No track that was set up can be used');
  }
  const publisher = new PublisherSession({
    session,
    announcement,
    label: pipe.remote,
    report: (reports) => connection.ways.report(session, reports),
    datagramFaults: connection.ways.faultsOf(session),
    clock,
    ssrc: parts.receiverSsrc,
    cname,
  });
  connection.media.set(session, publisher);
  const over = publish(session, publisher, connection, registry);
  // Packets are wanted from the moment on at which the stream takes the source up; the reply waits for it.
  const refused = await Promise.race([publisher.started, over]);
  if (refused !== undefined) throw refused;
  over.catch((fault: unknown) => connection.failed('record', fault));
  log.info({ peer: pipe.remote, stream: session.stream, user: session.user }, 'A publisher began');
  return OWN;
}

/** Resolves when the stream lets go of the publisher, or does not take it, with the reason; its session ends with it. */
async function publish(
  session: ServerSession,
  publisher: PublisherSession,
  connection: OpenConnection,
  registry: StreamRegistry,
): Promise<WeirError> {
  const reason = await ended(session.stream, publisher, registry);
  // Not taken up: the session goes on, and may ask again.
  if (publisher.isWaiting) connection.media.take(session);
  // Paused, it goes on without one.
  else if (connection.media.get(session) === publisher) connection.endSession(session, reason);
  return reason;
}

async function ended(stream: string, publisher: PublisherSession, registry: StreamRegistry): Promise<WeirError> {
  try {
    const grant = await registry.publish(stream, publisher);
    const reason = await grant.ended;
    return reason ?? new WeirError('publisher-gone', 'The stream let go of the publisher');
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
}

/** A stream and its tracks, as soon as they are known. Errors: `stream-unknown`, `stream-offline`. */
async function openStream(
  name: string,
  connection: OpenConnection,
  parts: ServerParts,
): Promise<{ readonly stream: Stream; readonly tracks: readonly RelayTrack[] }> {
  const stream = await parts.registry.find(name);
  if (stream === undefined) throw new WeirError('stream-unknown', `There is no stream ${JSON.stringify(name)}`);
  const waiting = new AbortController();
  const timer = parts.clock.after(TRACKS_WAIT_MS, () => waiting.abort());
  try {
    const tracks = await stream.tracks(AbortSignal.any([waiting.signal, connection.signal]));
    return { stream, tracks };
  } catch (error) {
    if (error instanceof WeirError) throw error;
    if (!waiting.signal.aborted && !connection.signal.aborted) throw error;
    throw new WeirError('stream-offline', `${name} sent nothing within ${TRACKS_WAIT_MS / 1000} s`, { cause: error });
  } finally {
    timer.cancel();
  }
}

/** An error of the input or the world is an answer; anything else is a fault. */
async function orRefused(answer: Promise<ServerAnswer>): Promise<ServerAnswer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof WeirError) return { kind: 'refused', error };
    throw error;
  }
}
