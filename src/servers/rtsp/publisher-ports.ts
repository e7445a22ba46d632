/** The UDP ports of one publisher: of a range, one pair a track for as long as it publishes. */
import type { Clock } from '../../base/clock.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import { bindUdpPair } from '../../net/udp.ts';
import { portsOf, TrackPorts, type DatagramFaults } from '../../stream/track-ports.ts';

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

export const NO_DATAGRAM_FAULTS: Readonly<DatagramFaults> = { doubledPackets: 0, strayDatagrams: 0 };

export class PublisherPorts {
  readonly #options: PublisherPortsOptions;
  readonly #faults: DatagramFaults = { ...NO_DATAGRAM_FAULTS };
  readonly #tracks: TrackPorts;

  constructor(options: PublisherPortsOptions) {
    this.#options = options;
    const { clock, packet, flush } = options;
    const datagrams = (track: number, part: 'rtp' | 'rtcp', packets: readonly Uint8Array[]): void => {
      for (const one of packets) packet(track, part, one);
      flush();
    };
    this.#tracks = new TrackPorts({ clock, faults: this.#faults, datagrams });
  }

  get faults(): Readonly<DatagramFaults> {
    return this.#faults;
  }

  /** Opens the pair of a track, or keeps the one that is open. Errors: `port-in-use`, `listen-refused`. */
  async open(track: number, clientPorts: PortPair): Promise<PortPair> {
    const { host, range, peerHost } = this.#options;
    let pair = this.#tracks.pair(track);
    if (pair === undefined) {
      pair = await bindUdpPair(host, range);
      await this.#tracks.take(track, pair, { kind: 'peer', host: peerHost });
    }
    this.#tracks.reportTo(track, { host: peerHost, port: clientPorts[1] });
    return portsOf(pair);
  }

  report(track: number, packet: Uint8Array): void {
    this.#tracks.report(track, packet);
  }

  async close(): Promise<void> {
    await this.#tracks.close();
  }
}
