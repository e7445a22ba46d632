/** What all connections of one RTSP server share. */
import type { Log } from '../../base/log.ts';
import type { SessionTable } from '../../core/rtsp/server/session-table.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { TunnelDoor } from '../../net/http-tunnel-door.ts';
import type { StreamRegistry } from '../../stream/stream.ts';
import type { Admission } from './admission.ts';
import type { ClosedCounts } from './closed-counts.ts';
import type { OpenConnection } from './open-connection.ts';
import type { Descriptions } from './descriptions.ts';
import type { Login } from './login.ts';
import type { WayParts } from './media-ways.ts';
import type { ReaderTotals } from './reader-totals.ts';
import type { Redirects } from './redirects.ts';

/** What was wrong with what came on connections, counted. */
export interface ConnectionFaults {
  /** Bytes between units that were skipped. */
  garbageBytes: number;
  /** Frames on channels that nobody set up. */
  strayFrames: number;
}

export interface ServerParts extends WayParts {
  readonly registry: StreamRegistry;
  readonly login: Login;
  readonly table: SessionTable;
  readonly descriptions: Descriptions;
  readonly redirects: Redirects;
  readonly admission: Admission<OpenConnection>;
  /** Connections that were closed because of what their peers did. */
  readonly closed: ClosedCounts;
  readonly faults: ConnectionFaults;
  readonly log: Log;
  /** What readers come to. */
  readonly totals: ReaderTotals;
  /** Of our RTCP. */
  readonly cname: string;
  /** Of our receiver reports. */
  readonly receiverSsrc: number;
  /** Takes what begins as HTTP. */
  readonly tunnels: TunnelDoor;
  /** The connection on which a session's media flows, of all there are: ask your own first. */
  connectionOf(session: ServerSession): OpenConnection | undefined;
}
