/**
 * UDP ports of one session that receives: a pair a track, so that what comes there is of that track, whatever port it comes from (OpenIPC,
 * mtx#4253), as long as it comes from the peer's address. Packets are put in order before they go on.
 */
import type { Clock } from '../base/clock.ts';
import type { PortPair } from '../core/rtsp/wire/transport.ts';
import type { UdpAddress, UdpPair } from '../net/udp.ts';
import { DatagramOrder } from './datagram-order.ts';

export interface TrackPortsOptions {
  readonly clock: Clock;
  /** Our own address, where known: what we send to a group comes back from it. */
  readonly ownHost?: string | undefined;
  /** Counted into. */
  readonly faults: DatagramFaults;
  /** What came to the ports of a track, in order. */
  readonly datagrams: (track: number, part: 'rtp' | 'rtcp', packets: readonly Uint8Array[]) => void;
}

export interface DatagramFaults {
  /** Came again while the first of them waited for its turn. */
  doubledPackets: number;
  /** From another address than the peer's, or than the group's first sender. */
  strayDatagrams: number;
}

/** Whom the media of a track comes from: one peer, or whoever is the first to send RTP to a group. Groups take our reports themselves. */
export type MediaSender =
  | { readonly kind: 'peer'; readonly host: string }
  | { readonly kind: 'group'; readonly reports: UdpAddress };

interface TrackPort {
  readonly pair: UdpPair;
  readonly order: DatagramOrder;
  /** Undefined: nobody yet. */
  senderHost: string | undefined;
  /** Undefined: not known yet. */
  reportTo: UdpAddress | undefined;
}

export class TrackPorts {
  readonly #options: TrackPortsOptions;
  readonly #tracks = new Map<number, TrackPort>();
  #closed = false;

  constructor(options: TrackPortsOptions) {
    this.#options = options;
  }

  /** The pair of a track; undefined: it has none. */
  pair(track: number): UdpPair | undefined {
    return this.#tracks.get(track)?.pair;
  }

  /** Listens to a pair from now on, instead of the track's former one; what comes too late, after `close`, is closed. */
  async take(track: number, pair: UdpPair, sender: MediaSender): Promise<void> {
    if (this.#closed) {
      await pair.close();
      return;
    }
    const { clock, faults, datagrams } = this.#options;
    const order = new DatagramOrder({ clock, faults, deliver: (packets) => datagrams(track, 'rtp', packets) });
    const port: TrackPort =
      sender.kind === 'peer'
        ? { pair, order, senderHost: sender.host, reportTo: undefined }
        : { pair, order, senderHost: undefined, reportTo: sender.reports };
    const former = this.#tracks.get(track);
    this.#tracks.set(track, port);
    this.#listen(track, port, sender);
    former?.order.close();
    await former?.pair.close();
  }

  /** The peer says where it takes our reports; where its own come from says it better. */
  reportTo(track: number, address: UdpAddress): void {
    const port = this.#tracks.get(track);
    if (port !== undefined) port.reportTo = address;
  }

  /** The same, where it is not known otherwise. */
  reportToIfUnknown(track: number, address: UdpAddress): void {
    const port = this.#tracks.get(track);
    if (port !== undefined) port.reportTo ??= address;
  }

  /** An RTCP packet of ours; nothing as long as it is not known where to. */
  report(track: number, packet: Uint8Array): void {
    const port = this.#tracks.get(track);
    if (port?.reportTo !== undefined) port.pair.rtcp.send(packet, port.reportTo);
  }

  /** To all tracks. */
  reportAll(packet: Uint8Array): void {
    for (const track of this.#tracks.keys()) this.report(track, packet);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    const tracks = [...this.#tracks.values()];
    this.#tracks.clear();
    for (const { order } of tracks) order.close();
    await Promise.all(tracks.map(({ pair }) => pair.close()));
  }

  #listen(track: number, port: TrackPort, sender: MediaSender): void {
    port.pair.rtp.handle((datagram, from) => {
      // Of a group, whoever is the first to send RTP: our own reports come back from it as well.
      if (isVersion2(datagram)) port.senderHost ??= from.host;
      if (this.#isOfSender(port, from)) port.order.push(datagram);
    });
    port.pair.rtcp.handle((datagram, from) => {
      if (this.#isOurs(port, from) || !this.#isOfSender(port, from)) return;
      // Not to whoever sends to a group: all of it hears reports.
      if (sender.kind === 'peer' && from.port > 0) port.reportTo = from;
      this.#options.datagrams(track, 'rtcp', [datagram]);
    });
  }

  #isOfSender({ senderHost }: TrackPort, from: UdpAddress): boolean {
    if (this.#closed) return false;
    if (from.host === senderHost) return true;
    if (senderHost !== undefined) this.#options.faults.strayDatagrams += 1;
    return false;
  }

  /** What we sent to a group comes back. */
  #isOurs({ pair }: TrackPort, from: UdpAddress): boolean {
    return from.port === pair.rtcp.port && from.host === this.#options.ownHost;
  }
}

export function portsOf({ rtp, rtcp }: UdpPair): PortPair {
  return [rtp.port, rtcp.port];
}

function isVersion2(datagram: Uint8Array): boolean {
  return (datagram[0] ?? 0) >> 6 === 2;
}
