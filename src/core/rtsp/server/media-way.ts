/** How the packets of one track travel between us and the peer (RFC 2326 §12.39), once a SETUP was answered. */
import { serialiseTransport, type PortPair, type Transport } from '../wire/transport.ts';
import type { SessionPurpose } from './session-state.ts';

export type MediaWay =
  /** In the RTSP connection itself (§10.12). */
  | { readonly kind: 'interleaved'; readonly channels: PortPair }
  /** Datagrams between the peer's address and ours. A client port of 0: where the peer's come from (rtspclientsink, mtx#50). */
  | { readonly kind: 'udp'; readonly clientPorts: PortPair; readonly serverPorts: PortPair }
  /** From us to a group that any number of readers listen to. */
  | { readonly kind: 'multicast'; readonly group: MulticastGroup };

export interface MulticastGroup {
  readonly address: string;
  readonly ports: PortPair;
  readonly ttl: number;
}

export type WayKind = MediaWay['kind'];

/** What is offered on a connection. Interleaved always is: nothing else goes through TLS, tunnels and WebSockets. */
export interface OfferedWays {
  readonly udp: boolean;
  readonly multicast: boolean;
}

/** The reply's Transport header. `ssrc`: of the track that a reader gets; a publisher chooses its own. */
export function transportReply(
  chosen: Transport,
  way: MediaWay,
  purpose: SessionPurpose,
  ssrc: number | undefined,
): string {
  const common = { profile: chosen.profile, mode: purpose, ...(ssrc === undefined ? {} : { ssrc }) };
  switch (way.kind) {
    case 'interleaved':
      return serialiseTransport({ ...common, lower: 'TCP', cast: 'unicast', interleaved: way.channels });
    case 'udp': {
      const { clientPorts, serverPorts } = way;
      return serialiseTransport({
        ...common,
        lower: 'UDP',
        cast: 'unicast',
        clientPort: clientPorts,
        serverPort: serverPorts,
      });
    }
    case 'multicast': {
      const { address, ports, ttl } = way.group;
      return serialiseTransport({ ...common, lower: 'UDP', cast: 'multicast', destination: address, port: ports, ttl });
    }
  }
}
