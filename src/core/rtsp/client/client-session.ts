/** What a session is so far, and what follows from it. */
import { parseSession, type SessionHeader } from '../wire/session.ts';
import type { RtspResponse } from '../wire/message.ts';
import type { ClientOutput, ClientTrack, SkippedTrack } from './client-io.ts';
import type { HeaderList } from './exchange.ts';
import type { SetupPlan } from './setup-plan.ts';

/** Of pulls and pushes alike. */
export interface NamedSession {
  /** The first that the server gave: H264DVR changes it between SETUPs (ret#85). Undefined: it has not named one. */
  readonly header: SessionHeader | undefined;
}

export interface ClientSession extends NamedSession {
  readonly plan: SetupPlan;
  readonly tracks: readonly ClientTrack[];
  readonly skipped: readonly SkippedTrack[];
}

/** For requests. */
export function sessionHeaders({ header }: NamedSession): HeaderList {
  return header === undefined ? [] : [['Session', header.id]];
}

/** The server knows of it. */
export function isOpen({ tracks, header }: ClientSession): boolean {
  return tracks.length > 0 || header !== undefined;
}

/** The session that an answer names. */
export function sessionOf(response: RtspResponse): SessionHeader | undefined {
  return parseSession(response.headers.get('Session') ?? '');
}

/** The time-out that the answer to PLAY or RECORD says counts, where it says one. */
export function withTimeoutOf<Session extends NamedSession>(session: Session, response: RtspResponse): Session {
  const timeoutS = sessionOf(response)?.timeoutS;
  if (session.header === undefined || timeoutS === undefined) return session;
  return { ...session, header: { ...session.header, timeoutS } };
}

/** A picture without its sound is something, a sound without its picture is not what was asked for. */
export function lacksMainTrack({ plan, tracks }: ClientSession): boolean {
  const wanted = plan.tracks.some(({ format }) => format.media === 'video') ? 'video' : 'audio';
  return !tracks.some(({ format }) => format.media === wanted);
}

/** Once PLAY is near, and with each keep-alive: what lets datagrams in forgets. */
export function punches({ tracks }: ClientSession): readonly ClientOutput[] {
  return tracks.flatMap(({ delivery }): readonly ClientOutput[] =>
    delivery.kind === 'udp' && delivery.serverPorts !== undefined
      ? [{ kind: 'punch', track: delivery.track, ports: delivery.serverPorts }]
      : [],
  );
}

/** BYE, where somebody may be waiting for it: TEARDOWN says the same of what comes in the connection. */
export function goodbyes({ tracks }: ClientSession): readonly ClientOutput[] {
  return tracks.some(({ delivery }) => delivery.kind !== 'interleaved') ? [{ kind: 'goodbye' }] : [];
}
