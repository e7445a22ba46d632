/** How a connection came, and how the media of a session travels, as status and metrics name it. */
import type { ServerSession } from '../../core/rtsp/server/session.ts';

/** Which way a connection came. Through anything but TCP itself only interleaved media goes. */
export type Door = 'tcp' | 'tls' | 'tunnel' | 'websocket';

/** Datagrams, or inside the connection: then the way that this came. */
export const SESSION_TRANSPORTS = ['tcp', 'udp', 'multicast', 'tls', 'tunnel', 'websocket'] as const;
export type SessionTransport = (typeof SESSION_TRANSPORTS)[number];

export function transportOf(session: ServerSession, door: Door): SessionTransport {
  const kind = session.tracks[0]?.way.kind ?? 'interleaved';
  return kind === 'interleaved' ? door : kind;
}
