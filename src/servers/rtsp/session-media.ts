/** What carries the media of a connection's sessions, by whatever way it comes: readers, of which some were sent elsewhere, and publishers. */
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../core/errors.ts';
import type { ChannelUse } from '../../core/rtsp/server/connection-sessions.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { DatagramSink } from './media-ways.ts';
import { PublisherSession } from './publisher-session.ts';
import { ReaderSession } from './reader-session.ts';

export type Media = ReaderSession | PublisherSession;

/** What a reader that was sent to another URL has to leave; then it is ended. */
export const REDIRECT_MS = 3000;

/** A session that is to be ended. */
export interface Overdue {
  readonly session: ServerSession;
  readonly error: WeirError;
  /** Nothing that waits for such a peer is worth waiting for. */
  readonly isHopeless: boolean;
}

export class SessionMedia implements DatagramSink {
  readonly #clock: Clock;
  readonly #heard: () => void;
  readonly #media = new Map<ServerSession, Media>();
  /** Readers that were sent elsewhere, and when they are ended: monotonic. */
  readonly #moving = new Map<ServerSession, number>();

  /** `heard`: a reader's datagram came. */
  constructor(clock: Clock, heard: () => void) {
    this.#clock = clock;
    this.#heard = heard;
  }

  /** Whether nothing flows. */
  get isEmpty(): boolean {
    return this.#media.size === 0;
  }

  has(session: ServerSession): boolean {
    return this.#media.has(session);
  }

  get(session: ServerSession): Media | undefined {
    return this.#media.get(session);
  }

  set(session: ServerSession, media: Media): void {
    this.#media.set(session, media);
  }

  /** Returns what it had. */
  take(session: ServerSession): Media | undefined {
    const media = this.#media.get(session);
    this.#media.delete(session);
    this.#moving.delete(session);
    return media;
  }

  /** It was sent elsewhere. */
  moves(session: ServerSession): void {
    this.#moving.set(session, this.#clock.monoMs() + REDIRECT_MS);
  }

  /** An interleaved packet. False: not of one who publishes, and so a sign of life at most. */
  frame({ session, track, part }: ChannelUse, packet: Uint8Array, nowMs: number): boolean {
    const media = this.#media.get(session);
    if (media instanceof PublisherSession) {
      media.packet(track, part, packet, nowMs);
      return true;
    }
    media?.rtcp(packet);
    return false;
  }

  readerControl(session: ServerSession, rtcp: Uint8Array): void {
    const media = this.#media.get(session);
    if (media instanceof ReaderSession) media.rtcp(rtcp);
    this.#heard();
  }

  publisherPacket(session: ServerSession, track: number, part: 'rtp' | 'rtcp', packet: Uint8Array): void {
    const media = this.#media.get(session);
    if (media instanceof PublisherSession) media.packet(track, part, packet, this.#clock.monoMs());
  }

  publisherFlush(session: ServerSession): void {
    const media = this.#media.get(session);
    if (media instanceof PublisherSession) media.flush();
  }

  /** A chunk of the connection was read: what publishers sent with it goes on. */
  flush(): void {
    for (const media of this.#media.values()) if (media instanceof PublisherSession) media.flush();
  }

  /** The connection takes more. */
  drain(): void {
    for (const media of this.#media.values()) if (media instanceof ReaderSession) media.drain();
  }

  /** About once a second: those that did not move, take nothing or send nothing. */
  tick(nowMs: number): readonly Overdue[] {
    const overdue: Overdue[] = [];
    for (const [session, dueMs] of this.#moving) {
      if (nowMs < dueMs) continue;
      overdue.push({
        session,
        error: new WeirError('moved', 'The stream is served elsewhere'),
        isHopeless: false,
      });
    }
    for (const [session, media] of this.#media) {
      const error = media.tick(nowMs);
      if (error !== undefined) overdue.push({ session, error, isHopeless: true });
    }
    return overdue;
  }
}
