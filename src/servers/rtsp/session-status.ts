/** Sessions as the API shows them. */
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { OpenConnection } from './open-connection.ts';
import { ReaderSession } from './reader-session.ts';
import type { ReaderReport } from './received-reports.ts';
import { transportOf, type SessionTransport } from './session-transport.ts';

export interface RtspSessionStatus {
  /** Not the session's own id: who knows that may use it. */
  readonly id: string;
  readonly peer: string;
  readonly kind: 'reader' | 'publisher';
  readonly transport: SessionTransport;
  readonly stream: string;
  readonly user: string | undefined;
  readonly state: 'ready' | 'playing' | 'recording';
  /** When its connection came. */
  readonly sinceUtcMs: number;
  /** Indices of the tracks that are set up. */
  readonly tracks: readonly number[];
  /** Of media: sent to a reader, taken from a publisher. Readers of a group share what is sent: theirs are 0. */
  readonly bytes: number;
  /** What a reader's queue had to drop. */
  readonly droppedBatches: number;
  readonly droppedBytes: number;
  /** What the reader itself said last; undefined before its first report, and of publishers. */
  readonly reported: ReaderReport | undefined;
}

/** All sessions of a server, by ids of their own that are never given again. */
export class SessionList {
  readonly #connections: ReadonlySet<OpenConnection>;
  readonly #newId: () => string;
  readonly #ids = new WeakMap<ServerSession, string>();

  /** `newId`: random, so that a restart does not give an id again. */
  constructor(connections: ReadonlySet<OpenConnection>, newId: () => string) {
    this.#connections = connections;
    this.#newId = newId;
  }

  all(): readonly RtspSessionStatus[] {
    return this.#entries().map(([connection, session]) => sessionStatus(this.#idOf(session), connection, session));
  }

  find(id: string): { readonly connection: OpenConnection; readonly session: ServerSession } | undefined {
    const found = this.#entries().find(([, session]) => this.#idOf(session) === id);
    return found && { connection: found[0], session: found[1] };
  }

  #entries(): readonly (readonly [OpenConnection, ServerSession])[] {
    return [...this.#connections].flatMap((connection) =>
      [...connection.sessions].map((session) => [connection, session] as const),
    );
  }

  #idOf(session: ServerSession): string {
    const known = this.#ids.get(session);
    if (known !== undefined) return known;
    const id = this.#newId();
    this.#ids.set(session, id);
    return id;
  }
}

function sessionStatus(id: string, connection: OpenConnection, session: ServerSession): RtspSessionStatus {
  const media = connection.media.get(session);
  const reader = media instanceof ReaderSession ? media : undefined;
  return {
    id,
    peer: connection.pipe.remote,
    kind: session.purpose === 'play' ? 'reader' : 'publisher',
    transport: transportOf(session, connection.door),
    stream: session.stream,
    user: session.user,
    state: session.phase === 'init' ? 'ready' : session.phase,
    sinceUtcMs: connection.sinceUtcMs,
    tracks: session.tracks.map(({ track }) => track),
    bytes: media?.bytes ?? 0,
    droppedBatches: reader?.losses.batches ?? 0,
    droppedBytes: reader?.losses.bytes ?? 0,
    reported: reader?.reported,
  };
}
