/**
 * The UDP ports of one publisher: a pair a track, so that whatever comes on it is of that track, from any port of the publisher's address
 * (OpenIPC, mtx#4253). Packets are put in order before they go on.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { ReorderWindow } from '../../core/rtp/reorder-window.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import { bindUdpPair, type UdpPair } from '../../net/udp.ts';

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

interface TrackPorts {
  readonly pair: UdpPair;
  readonly window: ReorderWindow;
  /** Where it takes our reports: as it asked, or where its own come from. */
  reportPort: number;
  timer: Timer | undefined;
}

export class PublisherPorts {
  readonly #options: PublisherPortsOptions;
  readonly #tracks = new Map<number, TrackPorts>();
  #stray = 0;
  #closed = false;

  constructor(options: PublisherPortsOptions) {
    this.#options = options;
  }

  /** Datagrams from another address: dropped. */
  get stray(): number {
    return this.#stray;
  }

  /** Packets that came again while the first of them waited for its turn. */
  get doubled(): number {
    let doubled = 0;
    for (const { window } of this.#tracks.values()) doubled += window.doubled;
    return doubled;
  }

  /** Opens the pair of a track, or keeps the one that is open. Errors: `port-in-use`, `listen-refused`. */
  async open(track: number, clientPorts: PortPair): Promise<PortPair> {
    const open = this.#tracks.get(track);
    if (open !== undefined) {
      open.reportPort = clientPorts[1];
      return portsOf(open.pair);
    }
    const pair = await bindUdpPair(this.#options.host, this.#options.range);
    const ports: TrackPorts = { pair, window: new ReorderWindow(), reportPort: clientPorts[1], timer: undefined };
    // It may have ended while the ports were being bound.
    if (this.#closed) await pair.close();
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
    for (const { timer } of tracks) timer?.cancel();
    await Promise.all(tracks.map(({ pair }) => pair.close()));
  }

  #listen(track: number, ports: TrackPorts): void {
    const { peerHost, packet, flush, clock } = this.#options;
    ports.pair.rtp.handle((datagram, { host }) => {
      if (host !== peerHost) {
        this.#stray += 1;
        return;
      }
      const ordered: Uint8Array[] = [];
      ports.window.push(datagram, clock.monoMs(), ordered);
      this.#deliver(track, ports, ordered);
    });
    ports.pair.rtcp.handle((datagram, { host, port }) => {
      if (host !== peerHost) {
        this.#stray += 1;
        return;
      }
      ports.reportPort = port;
      packet(track, 'rtcp', datagram);
      flush();
    });
  }

  #deliver(track: number, ports: TrackPorts, ordered: readonly Uint8Array[]): void {
    for (const one of ordered) this.#options.packet(track, 'rtp', one);
    if (ordered.length > 0) this.#options.flush();
    const { dueMs } = ports.window;
    if (dueMs === undefined) {
      ports.timer?.cancel();
      ports.timer = undefined;
      return;
    }
    if (ports.timer !== undefined || this.#closed) return;
    ports.timer = this.#options.clock.after(Math.max(dueMs - this.#options.clock.monoMs(), 0), () => {
      ports.timer = undefined;
      const late: Uint8Array[] = [];
      ports.window.expire(this.#options.clock.monoMs(), late);
      this.#deliver(track, ports, late);
    });
  }
}

function portsOf({ rtp, rtcp }: UdpPair): PortPair {
  return [rtp.port, rtcp.port];
}
