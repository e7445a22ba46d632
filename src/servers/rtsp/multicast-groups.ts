/**
 * Streams sent to groups: each that has readers by multicast has an address of the configured range, each of its tracks a pair of ports; one sender a
 * stream, from its first reader to its last. Who joins waits for the next key frame: a group has no burst for one.
 *
 *     239.10.57.201   track 0: 8002 RTP, 8003 RTCP   track 1: 8004 RTP, 8005 RTCP   …
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { WeirError } from '../../core/errors.ts';
import { SENDER_REPORT_MS, writeGoodbye } from '../../core/rtcp/write.ts';
import type { MulticastGroup } from '../../core/rtsp/server/media-way.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { UdpAddress, UdpSocket } from '../../net/udp.ts';
import type { Batch } from '../../stream/batch.ts';
import type { RelayReader, RelayTrack, Stream } from '../../stream/stream.ts';
import type { Lease } from '../../stream/timeline.ts';
import type { UdpView } from '../../stream/udp-view.ts';
import type { ReaderTotal } from './reader-totals.ts';
import { countSent, senderReports, type SentTrack } from './sender-reports.ts';

export interface MulticastOptions {
  /** The first address of the range as a number, and how many there are. */
  readonly firstAddress: number;
  readonly addresses: number;
  /** Of the first track's RTP: even. */
  readonly port: number;
  readonly ttl: number;
  /** What datagrams are sent from. */
  readonly socket: UdpSocket;
  /** Why the system has no way to that address from the socket; undefined: it has one. */
  readonly routeError: (address: string) => Promise<WeirError | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  readonly cname: string;
  /** What is sent is added to it. */
  readonly total: ReaderTotal;
}

/** Streams that have a group at a time: more are refused. */
export const MAX_GROUPS = 4096;

/** Between two lines of the log about datagrams that the system did not take. */
export const FAILED_LOG_MS = 60_000;

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
  readonly #sending: GroupSocket;
  #failedTold = 0;
  #failedTellMs = 0;
  #unusableTellMs = 0;

  constructor(options: MulticastOptions) {
    this.#options = options;
    this.#sending = new GroupSocket(options);
  }

  /** Groups that are being sent to. */
  get sending(): number {
    let sending = 0;
    for (const { sender } of this.#groups.values()) if (sender !== undefined) sending += 1;
    return sending;
  }

  /** Datagrams that the system did not take. */
  get failed(): number {
    return this.#sending.failed;
  }

  /** Undefined if groups can be sent to; `transport-unsupported` where the system has no route to them, which the log says. */
  async unusable(): Promise<WeirError | undefined> {
    const { firstAddress, routeError, clock, log } = this.#options;
    const error = await routeError(dotted(firstAddress));
    if (error === undefined) return undefined;
    const nowMs = clock.monoMs();
    if (nowMs >= this.#unusableTellMs) {
      this.#unusableTellMs = nowMs + FAILED_LOG_MS;
      log.warn(
        { code: error.code, place: error.place },
        `Multicast is offered, but cannot be sent: ${error.describe()}`,
      );
    }
    return new WeirError('transport-unsupported', 'The server has no way to the multicast group', { cause: error });
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
    group.sender ??= new GroupSender(this.#options, this.#sending, group.address, stream, tracks, view);
    group.sender.report(this.#options.clock.monoMs());
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
    this.#tellFailed(nowMs);
  }

  close(): Promise<void> {
    for (const { sender } of this.#groups.values()) sender?.close();
    this.#groups.clear();
    return this.#options.socket.close();
  }

  #tellFailed(nowMs: number): void {
    const { failed, failure } = this.#sending;
    if (failed === this.#failedTold || nowMs < this.#failedTellMs) return;
    const fields = { datagrams: failed - this.#failedTold, reason: failure };
    this.#options.log.warn(fields, 'The system did not take datagrams for multicast groups: has it a route to them?');
    this.#failedTold = failed;
    this.#failedTellMs = nowMs + FAILED_LOG_MS;
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

/** Sends to groups, and hears what the system says to that: once a datagram for all readers, that costs little. */
class GroupSocket {
  readonly #socket: UdpSocket;
  readonly #total: ReaderTotal;
  #failed = 0;
  /** Why the last of them failed. */
  #failure = '';
  readonly #sent = (error: Error | null): void => {
    if (error === null) return;
    this.#failed += 1;
    this.#failure = 'code' in error ? String(error.code) : error.message;
  };

  constructor({ socket, total }: MulticastOptions) {
    this.#socket = socket;
    this.#total = total;
  }

  get failed(): number {
    return this.#failed;
  }

  get failure(): string {
    return this.#failure;
  }

  media(datagram: Uint8Array, to: UdpAddress): void {
    this.#total.sentBytes += datagram.length;
    this.#socket.send(datagram, to, this.#sent);
  }

  control(packet: Uint8Array, to: UdpAddress): void {
    this.#socket.send(packet, to, this.#sent);
  }
}

/** A stream's reader that sends to its group. */
class GroupSender implements RelayReader {
  /** Those for whom it sends are attached themselves: it is none more. */
  readonly protocol = 'internal';
  readonly label: string;
  readonly #options: MulticastOptions;
  readonly #socket: GroupSocket;
  readonly #stream: Stream;
  readonly #view: UdpView;
  readonly #sent: readonly SentTrack[];
  readonly #attachment: Lease;
  #reportDueMs: number;
  /** It was left, or the stream ended: no more reports. */
  #closed = false;

  constructor(
    options: MulticastOptions,
    socket: GroupSocket,
    address: string,
    stream: Stream,
    tracks: readonly RelayTrack[],
    view: UdpView,
  ) {
    this.#options = options;
    this.#socket = socket;
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
    for (const datagram of this.#view.datagrams(batch)) this.#socket.media(datagram, to);
  }

  /** Its readers are told by attachments of their own. */
  end(): void {
    this.#closed = true;
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#reportDueMs) this.report(nowMs);
  }

  /** Also at once for who joins: ffmpeg sets its clock by the first report, and what it counted until then is worth nothing. */
  report(nowMs: number): void {
    if (this.#closed) return;
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
    this.#socket.control(packet, { host: this.label, port: portsOf(this.#options.port, track)[1] });
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
