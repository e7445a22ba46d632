/**
 * The UDP ports of one pulled session: a pair a track, so that what comes there is of that track, whatever port it comes from (OpenIPC,
 * mtx#4253), as long as it comes from the camera's address. Of a group, what the first sender sends that is heard: cameras with several
 * addresses send from another than the one that they are asked at.
 */
import type { Clock } from '../../base/clock.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import { bindUdp, bindUdpPair, udpPairOf, type UdpAddress, type UdpPair } from '../../net/udp.ts';
import { DatagramOrder } from '../../stream/datagram-order.ts';

export interface CameraPortsOptions {
  /** The camera's address. */
  readonly peerHost: string;
  /** Our own address on the way to it, where known: the interface of which groups are asked. */
  readonly ownHost: string | undefined;
  readonly clock: Clock;
  /** Counted into. `strayDatagrams`: from another address. */
  readonly faults: { doubledPackets: number; strayDatagrams: number };
  /** What came to the ports of a track, in order. */
  readonly datagrams: (track: number, part: 'rtp' | 'rtcp', packets: readonly Uint8Array[]) => void;
}

interface TrackPorts {
  readonly pair: UdpPair;
  readonly order: DatagramOrder;
  /** Whom it comes from; undefined: nobody yet. */
  senderHost: string | undefined;
  /** Where reports go: where the server's come from, or to the group; undefined: not known yet. */
  reportTo: UdpAddress | undefined;
}

/** RTP without payload and RTCP without blocks, as FFmpeg sends them: nobody takes them for media or for a report. */
const PUNCH_RTP = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const PUNCH_RTCP = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 0);

export class CameraPorts {
  readonly #options: CameraPortsOptions;
  readonly #tracks = new Map<number, TrackPorts>();
  #closed = false;

  constructor(options: CameraPortsOptions) {
    this.#options = options;
  }

  /** Opens a pair for a track. Errors: `port-in-use`, `listen-refused`. */
  async bind(track: number): Promise<PortPair> {
    const { peerHost } = this.#options;
    const pair = await bindUdpPair(anyAddress(peerHost));
    await this.#take(track, pair, peerHost, undefined);
    return [pair.rtp.port, pair.rtcp.port];
  }

  /** Receives what is sent to a group. Errors: `port-in-use`, `listen-refused`. */
  async join(track: number, group: string, [rtpPort, rtcpPort]: PortPair): Promise<void> {
    const { ownHost } = this.#options;
    const isOwnFamily = ownHost !== undefined && ownHost.includes(':') === group.includes(':');
    // Bound to the group itself: a socket on all addresses hears other groups that somebody of this machine joined.
    const shared = { host: group, group, ...(isOwnFamily && { interfaceHost: ownHost }) };
    const rtp = await bindUdp({ ...shared, port: rtpPort });
    const rtcp = await bindUdp({ ...shared, port: rtcpPort }).catch(async (error: unknown) => {
      await rtp.close();
      throw error;
    });
    await this.#take(track, udpPairOf(rtp, rtcp), undefined, { host: group, port: rtcpPort });
  }

  /** Lets what the server sends through NATs and firewalls, and says where it takes reports. */
  punch(track: number, [rtpPort, rtcpPort]: PortPair): void {
    const ports = this.#tracks.get(track);
    if (ports === undefined) return;
    const { peerHost: host } = this.#options;
    ports.reportTo ??= { host, port: rtcpPort };
    ports.pair.rtp.send(PUNCH_RTP, { host, port: rtpPort });
    ports.pair.rtcp.send(PUNCH_RTCP, { host, port: rtcpPort });
  }

  /** An RTCP packet of ours. */
  report(track: number, packet: Uint8Array): void {
    const ports = this.#tracks.get(track);
    if (ports?.reportTo !== undefined) ports.pair.rtcp.send(packet, ports.reportTo);
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

  async #take(
    track: number,
    pair: UdpPair,
    senderHost: string | undefined,
    reportTo: UdpAddress | undefined,
  ): Promise<void> {
    // It may have ended while the ports were being bound.
    if (this.#closed) {
      await pair.close();
      return;
    }
    const { clock, faults, datagrams } = this.#options;
    const order = new DatagramOrder({ clock, faults, deliver: (packets) => datagrams(track, 'rtp', packets) });
    const ports: TrackPorts = { pair, order, senderHost, reportTo };
    const former = this.#tracks.get(track);
    this.#tracks.set(track, ports);
    pair.rtp.handle((datagram, from) => {
      // Of a group, whoever is the first to send RTP: our own reports come back from it as well.
      if (isVersion2(datagram)) ports.senderHost ??= from.host;
      if (this.#isOfCamera(ports, from)) order.push(datagram);
    });
    pair.rtcp.handle((datagram, from) => {
      if (this.#isOurs(ports, from) || !this.#isOfCamera(ports, from)) return;
      // Not to whoever sends to a group: all of it hears reports.
      if (senderHost !== undefined && from.port > 0) ports.reportTo = from;
      datagrams(track, 'rtcp', [datagram]);
    });
    // Asked for ports of its own, the server may answer with a group.
    former?.order.close();
    await former?.pair.close();
  }

  #isOfCamera({ senderHost }: TrackPorts, from: UdpAddress): boolean {
    if (this.#closed) return false;
    if (from.host === senderHost) return true;
    if (senderHost !== undefined) this.#options.faults.strayDatagrams += 1;
    return false;
  }

  /** What we sent to a group comes back. */
  #isOurs({ pair }: TrackPorts, from: UdpAddress): boolean {
    return from.port === pair.rtcp.port && from.host === this.#options.ownHost;
  }
}

function isVersion2(datagram: Uint8Array): boolean {
  return (datagram[0] ?? 0) >> 6 === 2;
}

function anyAddress(peerHost: string): string {
  return peerHost.includes(':') ? '::' : '0.0.0.0';
}
