/** How the media of a session travels, as status and metrics name it. */
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { Door } from './open-connection.ts';

/** Datagrams, or inside the connection: then the way that this came. */
export const SESSION_TRANSPORTS = ['tcp', 'udp', 'multicast', 'tls', 'tunnel', 'websocket'] as const;
export type SessionTransport = (typeof SESSION_TRANSPORTS)[number];

export function transportOf(session: ServerSession, door: Door): SessionTransport {
  const kind = session.tracks[0]?.way.kind ?? 'interleaved';
  return kind === 'interleaved' ? door : kind;
}
