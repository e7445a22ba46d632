/** A connection as the answers to its questions, other connections and the status see it. */
import type { WeirError } from '../../core/errors.ts';
import type { ServerAsk } from '../../core/rtsp/server/server-io.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import type { MediaWays } from './media-ways.ts';
import type { SessionMedia } from './session-media.ts';
import type { Door } from './session-transport.ts';

export interface OpenConnection {
  readonly pipe: BytePipe;
  readonly door: Door;
  readonly sinceUtcMs: number;
  /** Ports and groups of its sessions. */
  readonly ways: MediaWays;
  /** The sessions whose media flows here. */
  readonly sessions: ReadonlySet<ServerSession>;
  /** Aborts when the connection closes. */
  readonly signal: AbortSignal;
  /** The connection on which a session's media flows: nearly always this one. */
  ownerOf(session: ServerSession): OpenConnection | undefined;
  /** What carries its sessions' media. */
  readonly media: SessionMedia;
  /**
   * Ends a session of this connection: by us, with `error`, then its reader gets BYE and the connection closes with its last
   * session; or because the peer ended it. Idempotent.
   */
  endSession(session: ServerSession, error: WeirError | undefined): void;
  /** Closes it at once with an answer that says why: the peer is to blame. */
  refuse(error: WeirError): void;
  /**
   * The program's own fault in what a question came to, at once or later: it costs this connection, and nobody else theirs. Anywhere else on the way of
   * the data a fault ends the process.
   */
  failed(what: ServerAsk['kind'], fault: unknown): void;
  /** Asks a reader to go on at another URL, and ends its session if it does not leave. */
  redirect(session: ServerSession, to: string): void;
}
