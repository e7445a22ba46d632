/**
 * Where a stream's media comes from: RTSP pull, a publisher's session, a file; later other protocols, and the original of a copy.
 * A source makes one attempt at a time; the supervisor decides whether and when there is another. Only beside an attempt that hangs after it
 * was told to end there may be a second (source-runner.ts); the first is deaf then.
 */
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';

export interface Source {
  /** 'rtsp', 'publish', 'file': for status and logs. */
  readonly kind: string;
  /** The URL without secrets, or the peer's address: for status and logs. */
  readonly label: string;
  /** Who is asked for it over the network, so that starts at one host are spread; undefined: nobody. */
  readonly host?: string;
  /** Faults of the peer that were tolerated so far, by name; undefined where none are counted. Read for status and metrics. */
  readonly faults?: Readonly<Record<string, number>>;
  /** How its media comes, since the last time that it was asked for; undefined where it never was, or where it cannot say. Read for status. */
  readonly transport?: MediaTransport | undefined;
  /** What it offered last and is not taken; undefined where it cannot say. Read for status. */
  readonly skipped?: readonly SkippedMedia[];
  /**
   * Runs one attempt: announces tracks, delivers until it ends. Returns when `signal` aborted and everything is closed
   * (an RTSP session torn down, within 500 ms). Throws a WeirError when it ends otherwise; `row.retry` of its code says
   * whether trying again makes sense without a change.
   */
  run(sink: SourceSink, signal: AbortSignal): Promise<void>;
}

/** `tls` and `tunnel` (through HTTP): in the connection, as `tcp`. */
export const MEDIA_TRANSPORTS = ['tcp', 'udp', 'multicast', 'tls', 'tunnel'] as const;
export type MediaTransport = (typeof MEDIA_TRANSPORTS)[number];

/** A section of a source's description that is not taken. */
export interface SkippedMedia {
  /** As the source says: 'audio', 'application'. */
  readonly media: string;
  /** Half a sentence. */
  readonly reason: string;
}

/** What the stream offers a source for one attempt. All calls are synchronous and never throw on bad media. */
export interface SourceSink {
  /** Announces the tracks, again if they change; returns one sink a track, in the same order. */
  announce(tracks: readonly TrackFormat[]): readonly TrackSink[];
}

/** A track's way in: RTP packets, or access units where the source has those. */
export interface TrackSink {
  /**
   * One RTP packet, whole, in the order of its sequence numbers as far as the source can restore it, none twice. A view: the relay
   * copies. `arrivalMs` is monotonic; so many packets are missing directly before it.
   */
  packet(packet: Uint8Array, arrivalMs: number, lostBefore: number): void;
  /** The sender's clock: this NTP time (UTC milliseconds, may be nonsense) is this RTP time. */
  senderReport(ntpUtcMs: number, rtpTimestamp: number): void;
  /** The sender says that it ends this track (RTCP BYE); it may send again all the same. */
  goodbye(): void;
  /** One access unit, ticks on the source's own line; the relay packs it into RTP. */
  accessUnit(unit: AccessUnit, arrivalMs: number): void;
  /** Nothing more is at hand now (the chunk read from the socket is used up): a batch whose frame is whole goes out. */
  flush(): void;
}
