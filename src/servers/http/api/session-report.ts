/** A session as the API shows it. */
import type { z } from 'zod';
import type { SessionReport } from './schemas.ts';
import { isoTime } from './stream-report.ts';

/** A session, whatever protocol it is of. */
export interface SessionStatus {
  /** Its name in the API: good for nothing else. */
  readonly id: string;
  readonly kind: 'reader' | 'publisher';
  readonly transport: SessionTransport;
  readonly stream: string;
  readonly user: string | undefined;
  readonly peer: string;
  readonly state: 'ready' | 'playing' | 'recording';
  readonly sinceUtcMs: number;
  readonly tracks: readonly number[];
  readonly bytes: number;
  readonly droppedBatches: number;
  readonly droppedBytes: number;
  readonly reported: ReportedStatus | undefined;
}

type SessionTransport = z.output<typeof SessionReport>['transport'];

interface ReportedStatus {
  readonly loss: number;
  readonly lost: number;
  readonly jitterMs: number;
  readonly roundTripMs: number | undefined;
}

/** Who has sessions. */
export interface Sessions {
  list(): readonly SessionStatus[];
  /** False: there is none of that id. */
  end(id: string): boolean;
}

export function sessionReport(session: SessionStatus): z.output<typeof SessionReport> {
  const { id, kind, transport, stream, peer, state, bytes } = session;
  return {
    id,
    kind,
    transport,
    stream,
    user: session.user ?? null,
    peer,
    state,
    since: isoTime(session.sinceUtcMs),
    tracks: [...session.tracks],
    bytes,
    dropped: { frames: session.droppedBatches, bytes: session.droppedBytes },
    reported: reportedReport(session.reported),
  };
}

function reportedReport(reported: ReportedStatus | undefined): z.output<typeof SessionReport>['reported'] {
  if (reported === undefined) return null;
  const { loss, lost, jitterMs, roundTripMs } = reported;
  return {
    loss,
    lost,
    jitterSeconds: seconds(jitterMs),
    roundTripSeconds: roundTripMs === undefined ? null : seconds(roundTripMs),
  };
}

/** To the microsecond. */
function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}
