/** A stream as servers, HLS and pictures see it; `live-stream.ts` implements it. */
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';
import type { WeirError } from '../core/errors.ts';
import type { Batch } from './batch.ts';
import type { MediaTransport, SkippedMedia, Source } from './source.ts';
import type { Lease, Timeline } from './timeline.ts';

export type StreamState = 'idle' | 'connecting' | 'live' | 'down';

export interface Stream {
  readonly name: string;
  readonly timeline: Timeline;
  status(): StreamStatus;
  /** The tracks with complete formats; waits until they are known (parameter sets in-band), `signal` aborts. Throws `stream-offline`. */
  tracks(signal: AbortSignal): Promise<readonly RelayTrack[]>;
  /** Attaches a reader: it gets the GOPs in memory as `start` says, then every batch, once each, in order. Synchronous. */
  attach(reader: RelayReader, start: StartMode): Attachment;
  /** The newest whole, undamaged key frame in memory. */
  keyFrame(): LiveKeyFrame | undefined;
  /**
   * The track's clock for sender reports: this moment in UTC is this RTP time on the relay's line. True also while the source is away;
   * undefined until the track's first packet.
   */
  senderClock(track: number): SenderClock | undefined;
  /** Keeps an on-demand source open until the lease is closed. `tracks`, `attach` and `timeline.use` do it by themselves. */
  use(reason: string): Lease;
  /** Called at each change of state, synchronously; must not throw. Returns how to stop. */
  onState(listener: (change: StateChange) => void): Lease;
}

export interface SenderClock {
  readonly ntpUtcMs: number;
  /** 32 bits. */
  readonly rtpTimestamp: number;
}

export interface StateChange {
  readonly state: StreamState;
  readonly utcMs: number;
  /** Why the source is not there: of 'down', and of 'connecting' after a failed attempt. */
  readonly error: WeirError | undefined;
}

/** A track as it is served: relay's own payload type and SSRC. */
export interface RelayTrack {
  readonly index: number;
  readonly format: TrackFormat;
  readonly ssrc: number;
}

/** 'live': GOP squeezed to end now; 'gop': GOP with true times; 'key': the next key frame. */
export type StartMode = 'live' | 'gop' | 'key';

export interface RelayReader {
  /** Protocol and peer, for status. */
  readonly protocol: 'rtsp' | 'hls' | 'internal';
  readonly label: string;
  /** A batch for this reader, which must not throw. The buffer is shared and frozen. */
  deliver(batch: Batch): void;
  /** The stream can no longer serve it (other codec or track list, removed): it closes itself, told why. */
  end(error: WeirError): void;
}

export interface Attachment extends Lease {
  /** What the reader starts with, oldest first: outside its queue limit, to be fed as its socket drains. */
  readonly burst: readonly Batch[];
}

export interface LiveKeyFrame {
  readonly unit: AccessUnit;
  readonly utcMs: number;
  /** Measured distance of key frames in milliseconds; undefined until two were seen. */
  readonly gopMs: number | undefined;
  /** Stable for the same picture. */
  readonly id: string;
}

export interface StreamStatus {
  readonly state: StreamState;
  readonly sinceUtcMs: number;
  readonly error: WeirError | undefined;
  /** What is not as it should be while it is live. */
  readonly warnings: readonly WeirError[];
  readonly source: SourceStatus;
  readonly tracks: readonly TrackStatus[];
  readonly readers: Readonly<Record<'rtsp' | 'hls', number>>;
  readonly gopMs: number | undefined;
  readonly lastKeyFrameUtcMs: number | undefined;
  /** Bytes that the GOPs and the timeline's head hold. */
  readonly memoryBytes: number;
}

export interface SourceStatus {
  /** Of the source in use, or asked next. */
  readonly kind: string;
  /** The same one's, without secrets. */
  readonly label: string;
  /** Of all sources. */
  readonly attempts: number;
  readonly nextAttemptUtcMs: number | undefined;
  /** Tolerated faults of the protocol, by name, of all sources; those of the media stand with their track. */
  readonly faults: Readonly<Record<string, number>>;
  /** How its media comes; absent where it was never asked for, or it is not known. */
  readonly transport?: MediaTransport;
  /** What the source offers and we do not take; absent where that is nothing, or not known. */
  readonly skipped?: readonly SkippedMedia[];
  /** All sources in order of preference; undefined where there is but one. */
  readonly members?: readonly SourceMemberStatus[];
}

export interface SourceMemberStatus {
  readonly kind: string;
  readonly label: string;
  /** Its media is the stream's, or it is asked for it next. */
  readonly inUse: boolean;
  readonly attempts: number;
  /** Why its last attempt failed, until its media comes again. */
  readonly error: WeirError | undefined;
}

export interface TrackStatus {
  readonly format: TrackFormat;
  readonly bytes: number;
  readonly packets: number;
  readonly lost: number;
  /** Received; of a picture in several packets one. */
  readonly frames: number;
  /** As they come: measured over seconds, 0 where they stopped; undefined while that is too early to say. */
  readonly framesPerSecond: number | undefined;
  /** Tolerated faults, by name. */
  readonly faults: Readonly<Record<string, number>>;
}

/** All streams of this process. Looking one up is asynchronous: it may first have to be copied here, or made from a pattern. */
export interface StreamRegistry {
  find(name: string): Promise<Stream | undefined>;
  list(): readonly Stream[];
  /** Why `name` cannot be published now; undefined if it can. Lets a publisher be refused at ANNOUNCE. */
  publishError(name: string): WeirError | undefined;
  /**
   * A publisher's session becomes the source of `name`. Throws `publish-refused`, `stream-busy`; a former publisher is ended with
   * `taken-over` where the configuration says so, and readers stay.
   */
  publish(name: string, source: Source): Promise<PublishGrant>;
}

/** Ends when the publisher's source ends, or when it is taken over or removed. */
export interface PublishGrant {
  /** Resolves when the stream let go of the source; with the error that the publisher is to be told, if any. */
  readonly ended: Promise<WeirError | undefined>;
}
