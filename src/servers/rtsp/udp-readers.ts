/**
 * The one pair of UDP ports that all readers are served from, and where each of them listens.
 *
 *     ours: 8000 RTP ──▶ reader's RTP port        8001 RTCP ◀─▶ reader's RTCP port
 *
 * A reader's datagrams may come from other ports than it declared (NAT): then that is where it hears us, as long as nothing comes from those that it did
 * declare, and nobody else can be meant. Never from another address than its RTSP connection's: nobody has media sent to somebody else.
 */
import { parseRtcp } from '../../core/rtcp/parse.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import type { UdpPair, UdpSocket } from '../../net/udp.ts';
import type { TrackSender } from './udp-out.ts';

/** A track that a reader sets up over UDP. */
export interface UdpTrackOptions {
  readonly session: ServerSession;
  readonly track: number;
  /** What it is sent under: what its reports are about. */
  readonly ssrc: number;
  /** The address of the RTSP connection. */
  readonly host: string;
  /** As the SETUP declares them; 0: not known before something comes from there. */
  readonly clientPorts: PortPair;
  /** Is told of the reader's RTCP. */
  readonly heard: (rtcp: Uint8Array) => void;
}

interface UdpTrack extends UdpTrackOptions {
  readonly rtp: Destination;
  readonly rtcp: Destination;
}

interface Destination {
  /** 0: none. It stays what its datagrams are known by, whatever came before the first from there. */
  readonly declared: number;
  /** Where its datagrams come from; undefined: none came. */
  heardFrom: number | undefined;
}

/** What a datagram says of whose it is. */
interface Said {
  /** Whose streams it reports on. */
  readonly ssrcs: readonly number[];
  /** It is the last of a session, which may have ended before it came. */
  readonly goodbye: boolean;
}

const SAYS_NOTHING: Said = { ssrcs: [], goodbye: false };

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

  /** False: there are too many of that address. The same track again takes its own place. */
  add(options: UdpTrackOptions): boolean {
    const { session, track, host, clientPorts } = options;
    const others = this.#without(host, session, track);
    if (others.length >= MAX_TRACKS_PER_ADDRESS) return false;
    const [rtp, rtcp] = clientPorts;
    const added = { ...options, rtp: destination(rtp), rtcp: destination(rtcp) };
    this.#byHost.set(host, [...others, added]);
    return true;
  }

  /** One track of a session, or all that it has. Idempotent. */
  remove(session: ServerSession, host: string, track?: number): void {
    const left = this.#without(host, session, track);
    if (left.length === 0) this.#byHost.delete(host);
    else this.#byHost.set(host, left);
  }

  /** How to send to a track that was added: by reference, since its ports may yet be learnt. */
  sender(session: ServerSession, track: number, host: string): TrackSender | undefined {
    const found = this.#byHost.get(host)?.find((other) => other.session === session && other.track === track);
    if (found === undefined) return undefined;
    const { rtp, rtcp } = found;
    return {
      rtp: (packet) => this.#send(this.#pair.rtp, packet, host, rtp),
      rtcp: (packet) => this.#send(this.#pair.rtcp, packet, host, rtcp),
    };
  }

  /** Datagrams that the network did not take. */
  get unsent(): number {
    return this.#pair.rtp.unsent + this.#pair.rtcp.unsent;
  }

  close(): Promise<void> {
    return this.#pair.close();
  }

  #send(from: UdpSocket, packet: Uint8Array, host: string, { declared, heardFrom }: Destination): void {
    const port = heardFrom ?? declared;
    if (port !== 0) from.send(packet, { host, port });
  }

  #without(host: string, session: ServerSession, track: number | undefined): UdpTrack[] {
    const all = this.#byHost.get(host) ?? [];
    return all.filter((other) => other.session !== session || (track !== undefined && other.track !== track));
  }

  #listen(socket: UdpSocket, part: Part): void {
    socket.handle((datagram, { host, port }) => {
      const tracks = this.#byHost.get(host);
      const said = tracks !== undefined && part === 'rtcp' ? read(datagram) : SAYS_NOTHING;
      const found = tracks && (known(tracks, part, port, said) ?? newcomer(tracks, part, said));
      if (found === undefined || port === 0) {
        this.#stray += 1;
        return;
      }
      found[part].heardFrom = port;
      if (part === 'rtcp') found.heard(datagram);
    });
  }
}

function destination(declared: number): Destination {
  return { declared, heardFrom: undefined };
}

/** Whose port it is: of several rather whom the report is about, then who declared it, then who was heard from there. */
function known(tracks: readonly UdpTrack[], part: Part, port: number, { ssrcs }: Said): UdpTrack | undefined {
  let best: UdpTrack | undefined;
  let bestRank = 0;
  for (const track of tracks) {
    const { declared, heardFrom } = track[part];
    const isDeclared = declared === port;
    const isHeard = heardFrom === port;
    if (!isDeclared && !isHeard) continue;
    const rank = 1 + (isHeard ? 1 : 0) + (isDeclared ? 2 : 0) + (ssrcs.includes(track.ssrc) ? 4 : 0);
    if (rank <= bestRank) continue;
    best = track;
    bestRank = rank;
  }
  return best;
}

/**
 * Who may send from a port that nobody is known by: the first that declared none, or the only session that was not heard yet, its tracks in the order
 * of their setting up, in which FFmpeg and GStreamer open their ways through a NAT. Of several it would be a guess, and the wrong one takes media away.
 */
function newcomer(tracks: readonly UdpTrack[], part: Part, { ssrcs, goodbye }: Said): UdpTrack | undefined {
  if (goodbye) return undefined;
  let first: UdpTrack | undefined;
  let isGuess = false;
  for (const track of tracks) {
    if (track[part].heardFrom !== undefined) continue;
    if (ssrcs.length > 0 && !ssrcs.includes(track.ssrc)) continue;
    if (track[part].declared === 0) return track;
    first ??= track;
    isGuess ||= track.session !== first.session;
  }
  return isGuess ? undefined : first;
}

function read(rtcp: Uint8Array): Said {
  const { packets } = parseRtcp(rtcp);
  return {
    ssrcs: packets.flatMap((packet) => ('reports' in packet ? packet.reports.map(({ ssrc }) => ssrc) : [])),
    goodbye: packets.some(({ kind }) => kind === 'goodbye'),
  };
}
