/** A session as the API shows it. */
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { OpenConnection } from './open-connection.ts';
import { ReaderSession } from './reader-session.ts';

export interface RtspSessionStatus {
  /** Not the session's own id: who knows that may use it. */
  readonly peer: string;
  readonly kind: 'reader' | 'publisher';
  readonly stream: string;
  readonly user: string | undefined;
  readonly state: 'ready' | 'playing' | 'recording';
  /** When its connection came. */
  readonly sinceUtcMs: number;
  /** Indices of the tracks that are set up. */
  readonly tracks: readonly number[];
  /** Of media: sent to a reader, taken from a publisher. */
  readonly bytes: number;
  /** What a reader's queue had to drop. */
  readonly droppedBatches: number;
  readonly droppedBytes: number;
  /** What the reader itself reported lost, 0–1; undefined before its first report. */
  readonly reportedLoss: number | undefined;
}

export function sessionStatus(connection: OpenConnection, session: ServerSession): RtspSessionStatus {
  const media = connection.media(session);
  const reader = media instanceof ReaderSession ? media : undefined;
  return {
    peer: connection.pipe.remote,
    kind: session.purpose === 'play' ? 'reader' : 'publisher',
    stream: session.stream,
    user: session.user,
    state: session.phase === 'init' ? 'ready' : session.phase,
    sinceUtcMs: connection.sinceUtcMs,
    tracks: session.tracks.map(({ track }) => track),
    bytes: media?.bytes ?? 0,
    droppedBatches: reader?.losses.batches ?? 0,
    droppedBytes: reader?.losses.bytes ?? 0,
    reportedLoss: reader?.reportedLoss,
  };
}
