/**
 * The UDP ports of one pulled session: any that are free, or those of a group. Of a group, what the first sender sends that is heard: cameras with
 * several addresses send from another than the one that they are asked at.
 */
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import { bindUdp, bindUdpPair, udpPairOf } from '../../net/udp.ts';
import { portsOf, TrackPorts, type TrackPortsOptions } from '../../stream/track-ports.ts';

export interface CameraPortsOptions extends TrackPortsOptions {
  /** The camera's address. */
  readonly peerHost: string;
  /** Our own address on the way to it, where known: the interface of which groups are asked. */
  readonly ownHost: string | undefined;
}

/** RTP without payload and RTCP without blocks, as FFmpeg sends them: nobody takes them for media or for a report. */
const PUNCH_RTP = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const PUNCH_RTCP = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 0);

export class CameraPorts {
  readonly #options: CameraPortsOptions;
  readonly #tracks: TrackPorts;

  constructor(options: CameraPortsOptions) {
    this.#options = options;
    this.#tracks = new TrackPorts(options);
  }

  /** Opens a pair for a track. Errors: `port-in-use`, `listen-refused`. */
  async bind(track: number): Promise<PortPair> {
    const { peerHost } = this.#options;
    const pair = await bindUdpPair(anyAddress(peerHost));
    await this.#tracks.take(track, pair, { kind: 'peer', host: peerHost });
    return portsOf(pair);
  }

  /** Receives what is sent to a group: asked for ports of its own, the server may answer with one. Errors: `port-in-use`, `listen-refused`. */
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
    const reports = { host: group, port: rtcpPort };
    await this.#tracks.take(track, udpPairOf(rtp, rtcp), { kind: 'group', reports });
  }

  /** Lets what the server sends through NATs and firewalls, and says where it takes reports. */
  punch(track: number, [rtpPort, rtcpPort]: PortPair): void {
    const pair = this.#tracks.pair(track);
    if (pair === undefined) return;
    const { peerHost: host } = this.#options;
    this.#tracks.reportToIfUnknown(track, { host, port: rtcpPort });
    pair.rtp.send(PUNCH_RTP, { host, port: rtpPort });
    pair.rtcp.send(PUNCH_RTCP, { host, port: rtcpPort });
  }

  /** An RTCP packet of ours. */
  report(track: number, packet: Uint8Array): void {
    this.#tracks.report(track, packet);
  }

  /** To all tracks. */
  reportAll(packet: Uint8Array): void {
    this.#tracks.reportAll(packet);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#tracks.close();
  }
}

function anyAddress(peerHost: string): string {
  return peerHost.includes(':') ? '::' : '0.0.0.0';
}
