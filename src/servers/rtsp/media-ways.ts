/**
 * The ways that the media of one connection's sessions travels besides the connection itself: which ports and groups each session has, from the SETUP
 * that gives them to the one that gives others, or to its end.
 */
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../core/errors.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import type { OfferedWays, WayKind } from '../../core/rtsp/server/media-way.ts';
import type { ServerAnswer, ServerAsk } from '../../core/rtsp/server/server-io.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import type { RelayTrack, Stream } from '../../stream/stream.ts';
import type { DatagramFaults } from '../../stream/track-ports.ts';
import type { Layouts } from './layouts.ts';
import { InterleavedOut, type MediaOut, type TrackReport } from './media-out.ts';
import type { MulticastGroups } from './multicast-groups.ts';
import { MulticastOut } from './multicast-out.ts';
import { NO_DATAGRAM_FAULTS, PublisherPorts } from './publisher-ports.ts';
import type { UdpReaders } from './udp-readers.ts';
import type { UdpViews } from './udp-views.ts';
import { UdpOut, type TrackSender } from './udp-out.ts';

export interface UdpParts {
  /** Where ports are bound: where RTSP listens. */
  readonly host: string;
  readonly readers: UdpReaders;
  /** From which publishers get theirs, both ends included. */
  readonly publisherPorts: PortPair;
}

/** What media goes through; undefined: it does not. */
export interface WayParts {
  readonly layouts: Layouts;
  readonly udp: UdpParts | undefined;
  readonly multicast: MulticastGroups | undefined;
  readonly views: UdpViews;
  readonly clock: Clock;
}

/** What datagrams of a session come to. */
export interface DatagramSink {
  readerControl(session: ServerSession, rtcp: Uint8Array): void;
  publisherPacket(session: ServerSession, track: number, part: 'rtp' | 'rtcp', packet: Uint8Array): void;
  publisherFlush(session: ServerSession): void;
}

export class MediaWays {
  readonly #pipe: BytePipe;
  readonly #parts: WayParts;
  readonly #sink: DatagramSink;
  readonly #publishers = new Map<ServerSession, PublisherPorts>();
  readonly #released = new WeakSet<ServerSession>();

  constructor(pipe: BytePipe, parts: WayParts, sink: DatagramSink) {
    this.#pipe = pipe;
    this.#parts = parts;
    this.#sink = sink;
  }

  /** What is offered where nothing but the network lies between us and the peer. */
  static offered({ udp, multicast }: WayParts): OfferedWays {
    return { udp: udp !== undefined, multicast: multicast !== undefined };
  }

  /** Answers a SETUP that wants ports or a group. */
  give(ask: Extract<ServerAsk, { readonly kind: 'way' }>): ServerAnswer | Promise<ServerAnswer> {
    const { session, track, ssrc, wanted } = ask;
    if (wanted.kind === 'multicast') return this.#giveGroup(session, track);
    return ssrc === undefined
      ? this.#givePorts(session, track, wanted.clientPorts)
      : this.#giveSharedPorts(session, track, ssrc, wanted.clientPorts);
  }

  /** Where the media of a reader's session goes. */
  outOf(session: ServerSession, stream: Stream, tracks: readonly RelayTrack[], waitsForKey: boolean): MediaOut {
    const { layouts, views, clock, udp, multicast } = this.#parts;
    const kind = session.tracks[0]?.way.kind ?? 'interleaved';
    if (kind === 'multicast' && multicast !== undefined) {
      return new MulticastOut(multicast, { session, stream, tracks, view: views.of(stream, tracks) });
    }
    if (kind === 'udp' && udp !== undefined) {
      const senders = new Map<number, TrackSender>();
      for (const { track } of session.tracks) {
        const sender = udp.readers.sender(session, track, this.#pipe.remoteAddress);
        if (sender !== undefined) senders.set(track, sender);
      }
      return new UdpOut(views.of(stream, tracks), senders, waitsForKey, clock);
    }
    return new InterleavedOut(this.#pipe, layouts, channelsOf(session), waitsForKey, clock.monoMs());
  }

  /** What is wrong with a publisher's datagrams; to be asked again and again, also once it is gone. */
  faultsOf(session: ServerSession): () => DatagramFaults {
    const ports = this.#publishers.get(session);
    return () => ports?.faults ?? NO_DATAGRAM_FAULTS;
  }

  /** Takes receiver reports to a publisher. */
  report(session: ServerSession, reports: readonly TrackReport[]): void {
    const ports = this.#publishers.get(session);
    const frames: Uint8Array[] = [];
    for (const { track, packet } of reports) {
      const way = session.track(track)?.way;
      if (way?.kind === 'udp') ports?.report(track, packet);
      if (way?.kind === 'interleaved') frames.push(frame(way.channels[1], packet));
    }
    if (frames.length > 0) this.#pipe.write(frames);
  }

  /** A reader gave a track back. */
  dropTrack(session: ServerSession, track: number): void {
    this.#parts.udp?.readers.remove(session, this.#pipe.remoteAddress, track);
  }

  /** Gives back what a session had of one kind. Idempotent. */
  leave(session: ServerSession, kind: WayKind): void {
    switch (kind) {
      case 'interleaved':
        return;
      case 'multicast':
        this.#parts.multicast?.release(session);
        return;
      case 'udp':
        this.#parts.udp?.readers.remove(session, this.#pipe.remoteAddress);
        void this.#publishers.get(session)?.close();
        this.#publishers.delete(session);
    }
  }

  /** Gives back all that a session had. Idempotent. */
  release(session: ServerSession): void {
    this.#released.add(session);
    this.leave(session, 'udp');
    this.leave(session, 'multicast');
  }

  async #giveGroup(session: ServerSession, track: number): Promise<ServerAnswer> {
    const { multicast } = this.#parts;
    if (multicast === undefined) return { kind: 'no-way', error: notOffered() };
    const error = await multicast.unusable();
    if (error !== undefined) return { kind: 'no-way', error };
    // It may have ended meanwhile: what it took would be nobody's.
    if (this.#released.has(session)) return { kind: 'no-way', error: new WeirError('session-unknown', 'It ended') };
    const group = multicast.take(session, track);
    return group instanceof WeirError
      ? { kind: 'no-way', error: group }
      : { kind: 'way', way: { kind: 'multicast', group } };
  }

  #giveSharedPorts(session: ServerSession, track: number, ssrc: number, clientPorts: PortPair): ServerAnswer {
    const readers = this.#parts.udp?.readers;
    if (readers === undefined) return { kind: 'no-way', error: notOffered() };
    const heard = (rtcp: Uint8Array): void => this.#sink.readerControl(session, rtcp);
    const host = this.#pipe.remoteAddress;
    if (!readers.add({ session, track, ssrc, host, clientPorts, heard })) {
      return { kind: 'no-way', error: new WeirError('limit-reached', 'Too many tracks are sent to this address') };
    }
    return { kind: 'way', way: { kind: 'udp', clientPorts, serverPorts: readers.ports } };
  }

  async #givePorts(session: ServerSession, track: number, clientPorts: PortPair): Promise<ServerAnswer> {
    const { udp, clock } = this.#parts;
    if (udp === undefined) return { kind: 'no-way', error: notOffered() };
    let ports = this.#publishers.get(session);
    if (ports === undefined) {
      const { host, publisherPorts: range } = udp;
      ports = new PublisherPorts({
        host,
        range,
        peerHost: this.#pipe.remoteAddress,
        clock,
        packet: (of, part, packet) => this.#sink.publisherPacket(session, of, part, packet),
        flush: () => this.#sink.publisherFlush(session),
      });
      this.#publishers.set(session, ports);
    }
    try {
      return { kind: 'way', way: { kind: 'udp', clientPorts, serverPorts: await ports.open(track, clientPorts) } };
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      // 461, on which it asks for TCP.
      const message = `There are no UDP ports for it: ${error.describe()}`;
      return { kind: 'no-way', error: new WeirError('transport-unsupported', message, { cause: error }) };
    }
  }
}

function channelsOf(session: ServerSession): ReadonlyMap<number, PortPair> {
  const channels = new Map<number, PortPair>();
  for (const { track, way } of session.tracks) if (way.kind === 'interleaved') channels.set(track, way.channels);
  return channels;
}

function notOffered(): WeirError {
  return new WeirError('transport-unsupported', 'This way is not offered here');
}
