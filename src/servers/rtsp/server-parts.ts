/** What all connections of one RTSP server share. */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { SessionTable } from '../../core/rtsp/server/session-table.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { StreamRegistry } from '../../stream/stream.ts';
import type { OpenConnection } from './open-connection.ts';
import type { Descriptions } from './descriptions.ts';
import type { Layouts } from './layouts.ts';
import type { Login } from './login.ts';
import type { MulticastGroups } from './multicast-groups.ts';
import type { UdpReaders } from './udp-readers.ts';
import type { UdpViews } from './udp-views.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';

export interface UdpParts {
  /** Where ports are bound: where RTSP listens. */
  readonly host: string;
  readonly readers: UdpReaders;
  /** From which publishers get theirs, both ends included. */
  readonly publisherPorts: PortPair;
}

export interface ServerParts {
  readonly registry: StreamRegistry;
  readonly login: Login;
  readonly table: SessionTable;
  readonly descriptions: Descriptions;
  readonly layouts: Layouts;
  readonly clock: Clock;
  readonly log: Log;
  /** What media goes through besides RTSP connections; undefined: it does not. */
  readonly udp: UdpParts | undefined;
  readonly multicast: MulticastGroups | undefined;
  readonly views: UdpViews;
  /** Of our RTCP. */
  readonly cname: string;
  /** Of our receiver reports. */
  readonly receiverSsrc: number;
  /** The connection on which a session's media flows, of all there are: ask your own first. */
  connectionOf(session: ServerSession): OpenConnection | undefined;
}
