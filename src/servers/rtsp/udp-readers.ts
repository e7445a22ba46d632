/**
 * The one pair of UDP ports that all readers are served from, and where each of them listens.
 *
 *     ours: 8000 RTP ──▶ reader's RTP port        8001 RTCP ◀─▶ reader's RTCP port
 *
 * A reader's datagrams may come from other ports than it asked for (NAT): then that is where it hears us. Never from another address than
 * its RTSP connection's: nobody has media sent to somebody else.
 */
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import type { UdpPair, UdpSocket } from '../../net/udp.ts';

/** A track that a reader set up over UDP. */
interface UdpTrack {
  readonly session: ServerSession;
  readonly track: number;
  readonly host: string;
  readonly rtp: Destination;
  readonly rtcp: Destination;
  readonly heard: (rtcp: Uint8Array) => void;
}

interface Destination {
  /** 0: not known before something comes from there. */
  port: number;
  /** Something came from there. */
  confirmed: boolean;
}

type Part = 'rtp' | 'rtcp';

/** More tracks of one address are not looked through for the one that a stray datagram may be of. */
export const MAX_TRACKS_PER_ADDRESS = 1024;

export class UdpReaders {
  readonly ports: PortPair;
  readonly #pair: UdpPair;
  /** In the order in which they were set up. */
  readonly #byHost = new Map<string, UdpTrack[]>();
  #stray = 0;

  constructor(pair: UdpPair) {
    this.#pair = pair;
    this.ports = [pair.rtp.port, pair.rtcp.port];
    this.#listen(pair.rtp, 'rtp');
    this.#listen(pair.rtcp, 'rtcp');
  }

  /** Datagrams that are of no reader: dropped. */
  get stray(): number {
    return this.#stray;
  }

  /** `heard` is told of the reader's RTCP. False: there are too many of that address. */
  add(
    session: ServerSession,
    track: number,
    host: string,
    clientPorts: PortPair,
    heard: (rtcp: Uint8Array) => void,
  ): boolean {
    const others = (this.#byHost.get(host) ?? []).filter((other) => other.session !== session || other.track !== track);
    if (others.length >= MAX_TRACKS_PER_ADDRESS) return false;
    const [rtp, rtcp] = clientPorts.map((port) => ({ port, confirmed: false }));
    if (rtp === undefined || rtcp === undefined) return false;
    this.#byHost.set(host, [...others, { session, track, host, rtp, rtcp, heard }]);
    return true;
  }

  remove(session: ServerSession, host: string): void {
    const left = (this.#byHost.get(host) ?? []).filter((other) => other.session !== session);
    if (left.length === 0) this.#byHost.delete(host);
    else this.#byHost.set(host, left);
  }

  /** How to send to a track that was added: by reference, since its ports may yet be learnt. */
  sender(
    session: ServerSession,
    track: number,
    host: string,
  ): { rtp(packet: Uint8Array): void; rtcp(packet: Uint8Array): void } | undefined {
    const found = this.#byHost.get(host)?.find((other) => other.session === session && other.track === track);
    if (found === undefined) return undefined;
    const { rtp, rtcp } = found;
    return {
      rtp: (packet) => {
        if (rtp.port !== 0) this.#pair.rtp.send(packet, { host, port: rtp.port });
      },
      rtcp: (packet) => {
        if (rtcp.port !== 0) this.#pair.rtcp.send(packet, { host, port: rtcp.port });
      },
    };
  }

  close(): Promise<void> {
    return this.#pair.close();
  }

  #listen(socket: UdpSocket, part: Part): void {
    socket.handle((datagram, { host, port }) => {
      const tracks = this.#byHost.get(host) ?? [];
      const found = tracks.find((track) => track[part].port === port) ?? tracks.find((track) => !track[part].confirmed);
      if (found === undefined) {
        this.#stray += 1;
        return;
      }
      found[part].port = port;
      found[part].confirmed = true;
      if (part === 'rtcp') found.heard(datagram);
    });
  }
}
