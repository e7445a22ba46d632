/**
 * The UDP ports of one publisher: a pair a track, so that whatever comes on it is of that track, from any port of the publisher's address
 * (OpenIPC, mtx#4253). Packets are put in order before they go on.
 */
import type { Clock } from '../../base/clock.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import { bindUdpPair, type UdpPair } from '../../net/udp.ts';
import { DatagramOrder } from '../../stream/datagram-order.ts';

export interface PublisherPortsOptions {
  /** Where we bind, and from which ports. */
  readonly host: string;
  readonly range: PortPair;
  /** The publisher's address. */
  readonly peerHost: string;
  readonly clock: Clock;
  /** A packet of a track, in order. */
  readonly packet: (track: number, part: 'rtp' | 'rtcp', packet: Uint8Array) => void;
  /** Nothing more is at hand now. */
  readonly flush: () => void;
}

export interface DatagramFaults {
  /** Came again while the first of them waited for its turn. */
  readonly doubledPackets: number;
  /** From another address. */
  readonly strayDatagrams: number;
}

export const NO_DATAGRAM_FAULTS: DatagramFaults = { doubledPackets: 0, strayDatagrams: 0 };

interface TrackPorts {
  readonly pair: UdpPair;
  readonly order: DatagramOrder;
  /** Where it takes our reports: as it asked, or where its own come from. */
  reportPort: number;
}

export class PublisherPorts {
  readonly #options: PublisherPortsOptions;
  readonly #tracks = new Map<number, TrackPorts>();
  readonly #faults = { doubledPackets: 0, strayDatagrams: 0 };
  #closed = false;

  constructor(options: PublisherPortsOptions) {
    this.#options = options;
  }

  get faults(): DatagramFaults {
    return this.#faults;
  }

  /** Opens the pair of a track, or keeps the one that is open. Errors: `port-in-use`, `listen-refused`. */
  async open(track: number, clientPorts: PortPair): Promise<PortPair> {
    const open = this.#tracks.get(track);
    if (open !== undefined) {
      open.reportPort = clientPorts[1];
      return portsOf(open.pair);
    }
    const pair = await bindUdpPair(this.#options.host, this.#options.range);
    // It may have ended while the ports were being bound.
    if (this.#closed) {
      await pair.close();
      return portsOf(pair);
    }
    const ports: TrackPorts = { pair, order: this.#orderOf(track), reportPort: clientPorts[1] };
    this.#tracks.set(track, ports);
    this.#listen(track, ports);
    return portsOf(pair);
  }

  report(track: number, packet: Uint8Array): void {
    const ports = this.#tracks.get(track);
    if (ports === undefined || ports.reportPort === 0) return;
    ports.pair.rtcp.send(packet, { host: this.#options.peerHost, port: ports.reportPort });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const tracks = [...this.#tracks.values()];
    this.#tracks.clear();
    for (const { order } of tracks) order.close();
    await Promise.all(tracks.map(({ pair }) => pair.close()));
  }

  #orderOf(track: number): DatagramOrder {
    const { clock, packet, flush } = this.#options;
    const deliver = (packets: readonly Uint8Array[]): void => {
      for (const one of packets) packet(track, 'rtp', one);
      flush();
    };
    return new DatagramOrder({ clock, faults: this.#faults, deliver });
  }

  #listen(track: number, ports: TrackPorts): void {
    const { peerHost, packet, flush } = this.#options;
    ports.pair.rtp.handle((datagram, { host }) => {
      if (host === peerHost) ports.order.push(datagram);
      else this.#faults.strayDatagrams += 1;
    });
    ports.pair.rtcp.handle((datagram, { host, port }) => {
      if (host !== peerHost) {
        this.#faults.strayDatagrams += 1;
        return;
      }
      if (port > 0) ports.reportPort = port;
      packet(track, 'rtcp', datagram);
      flush();
    });
  }
}

function portsOf({ rtp, rtcp }: UdpPair): PortPair {
  return [rtp.port, rtcp.port];
}
