/**
 * Streams sent to groups: each that has readers by multicast has an address of the configured range, each of its tracks a pair of ports; one sender a
 * stream, from its first reader to its last. Who joins waits for the next key frame: a group has no burst for one.
 *
 *     239.10.57.201   track 0: 8002 RTP, 8003 RTCP   track 1: 8004 RTP, 8005 RTCP   …
 */
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../core/errors.ts';
import { writeGoodbye } from '../../core/rtcp/write.ts';
import type { MulticastGroup } from '../../core/rtsp/server/media-way.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { UdpSocket } from '../../net/udp.ts';
import type { Batch } from '../../stream/batch.ts';
import type { RelayReader, RelayTrack, Stream } from '../../stream/stream.ts';
import type { Lease } from '../../stream/timeline.ts';
import type { UdpView } from '../../stream/udp-view.ts';
import { countSent, SENDER_REPORT_MS, senderReports, type SentTrack } from './sender-reports.ts';

export interface MulticastOptions {
  /** The first address of the range as a number, and how many there are. */
  readonly firstAddress: number;
  readonly addresses: number;
  /** Of the first track's RTP: even. */
  readonly port: number;
  readonly ttl: number;
  /** What datagrams are sent from. */
  readonly socket: UdpSocket;
  readonly clock: Clock;
  readonly cname: string;
}

/** Streams that have a group at a time: more are refused. */
export const MAX_GROUPS = 4096;

interface Group {
  readonly address: string;
  /** Sessions that set a track of it up. */
  readonly sessions: Set<ServerSession>;
  /** Those of them that play. */
  readonly playing: Set<ServerSession>;
  sender: GroupSender | undefined;
}

export class MulticastGroups {
  readonly #options: MulticastOptions;
  /** By stream. */
  readonly #groups = new Map<string, Group>();

  constructor(options: MulticastOptions) {
    this.#options = options;
  }

  /** Where a track of the session's stream is sent; the address is the stream's until `release` of its last session. Error: `limit-reached`. */
  take(session: ServerSession, track: number): MulticastGroup | WeirError {
    const { port, ttl } = this.#options;
    let group = this.#groups.get(session.stream);
    if (group === undefined) {
      const address = this.#freeAddress(session.stream);
      if (address === undefined) return new WeirError('limit-reached', 'Every multicast group is taken');
      group = { address, sessions: new Set(), playing: new Set(), sender: undefined };
      this.#groups.set(session.stream, group);
    }
    group.sessions.add(session);
    return { address: group.address, ports: portsOf(port, track), ttl };
  }

  /** The session plays: its stream is sent from now on, all of its tracks. */
  join(session: ServerSession, stream: Stream, tracks: readonly RelayTrack[], view: UdpView): void {
    const group = this.#groups.get(session.stream);
    if (group === undefined) return;
    group.playing.add(session);
    group.sender ??= new GroupSender(this.#options, group.address, stream, tracks, view);
  }

  /** It pauses, or ended. */
  leave(session: ServerSession): void {
    const group = this.#groups.get(session.stream);
    if (group === undefined || !group.playing.delete(session) || group.playing.size > 0) return;
    group.sender?.close();
    group.sender = undefined;
  }

  /** The session is no more. */
  release(session: ServerSession): void {
    this.leave(session);
    const group = this.#groups.get(session.stream);
    if (group === undefined || !group.sessions.delete(session) || group.sessions.size > 0) return;
    this.#groups.delete(session.stream);
  }

  /** About once a second: sender reports as they fall due. */
  tick(nowMs: number): void {
    for (const { sender } of this.#groups.values()) sender?.tick(nowMs);
  }

  close(): Promise<void> {
    for (const { sender } of this.#groups.values()) sender?.close();
    this.#groups.clear();
    return this.#options.socket.close();
  }

  /** The same for a name each time, unless another has it. */
  #freeAddress(stream: string): string | undefined {
    if (this.#groups.size >= MAX_GROUPS) return undefined;
    const { firstAddress, addresses } = this.#options;
    const taken = new Set([...this.#groups.values()].map(({ address }) => address));
    const start = hash(stream);
    for (let i = 0; i < addresses && i <= taken.size; i++) {
      const address = dotted(firstAddress + ((start + i) % addresses));
      if (!taken.has(address)) return address;
    }
    return undefined;
  }
}

/** A stream's reader that sends to its group. */
class GroupSender implements RelayReader {
  readonly protocol = 'rtsp';
  readonly label: string;
  readonly #options: MulticastOptions;
  readonly #stream: Stream;
  readonly #view: UdpView;
  readonly #sent: readonly SentTrack[];
  readonly #attachment: Lease;
  #reportDueMs: number;
  /** Sends nothing before the stream's first key frame: until then nobody can show it. */
  #closed = false;

  constructor(
    options: MulticastOptions,
    address: string,
    stream: Stream,
    tracks: readonly RelayTrack[],
    view: UdpView,
  ) {
    this.#options = options;
    this.label = address;
    this.#stream = stream;
    this.#view = view;
    this.#sent = tracks.map((track) => ({ track, packets: 0, octets: 0 }));
    this.#reportDueMs = options.clock.monoMs();
    this.#attachment = stream.attach(this, 'key');
  }

  deliver(batch: Batch): void {
    const sent = this.#sent[batch.track];
    if (sent === undefined) return;
    countSent(sent, batch);
    const to = { host: this.label, port: portsOf(this.#options.port, batch.track)[0] };
    for (const datagram of this.#view.datagrams(batch)) this.#options.socket.send(datagram, to);
  }

  /** Its readers are told by attachments of their own. */
  end(): void {
    this.#closed = true;
  }

  tick(nowMs: number): void {
    if (this.#closed || nowMs < this.#reportDueMs) return;
    this.#reportDueMs = nowMs + SENDER_REPORT_MS;
    const { clock, cname } = this.#options;
    for (const { track, packet } of senderReports(this.#stream, this.#sent, clock.utcMs(), cname))
      this.#control(track, packet);
  }

  close(): void {
    this.#closed = true;
    this.#attachment.close();
    for (const { track } of this.#sent) this.#control(track.index, writeGoodbye(track.ssrc));
  }

  #control(track: number, packet: Uint8Array): void {
    this.#options.socket.send(packet, { host: this.label, port: portsOf(this.#options.port, track)[1] });
  }
}

function portsOf(port: number, track: number): readonly [number, number] {
  return [port + 2 * track, port + 2 * track + 1];
}

/** FNV-1a over the name's UTF-16 units. */
function hash(name: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
