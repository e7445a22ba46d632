/**
 * A recording session (RFC 2326 §10.11): what a publisher sends, as a stream's source. It lives by its media: nothing else keeps it
 * alive, since FFmpeg and Media Foundation send no keep-alive while they publish (mtx#5090, #5100).
 */
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../core/errors.ts';
import type { Announcement } from '../../core/rtsp/server/announcement.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { TrackReport } from './media-out.ts';
import { noIngestFaults, RECEIVER_REPORT_MS, RtpIngest } from '../../stream/rtp-ingest.ts';
import type { SkippedMedia, Source, SourceSink } from '../../stream/source.ts';
import type { DatagramFaults } from '../../stream/track-ports.ts';

/** A publisher that sends no media for so long is gone, whatever its socket says. */
export const PUBLISHER_SILENCE_MS = 15_000;

export interface PublisherSessionOptions {
  readonly session: ServerSession;
  readonly announcement: Announcement;
  /** The peer, for status. */
  readonly label: string;
  /** Takes our receiver reports to it. */
  readonly report: (reports: readonly TrackReport[]) => void;
  /** What was wrong with its datagrams before they came here. */
  readonly datagramFaults: () => DatagramFaults;
  readonly clock: Clock;
  /** Of our receiver reports. */
  readonly ssrc: number;
  readonly cname: string;
}

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running'; readonly ingest: RtpIngest; readonly reject: (error: WeirError) => void }
  | { readonly kind: 'ended'; readonly error: WeirError };

export class PublisherSession implements Source {
  readonly kind = 'publish';
  readonly label: string;
  readonly #faults = noIngestFaults();
  readonly #options: PublisherSessionOptions;
  readonly #started = Promise.withResolvers<void>();
  #state: State = { kind: 'waiting' };
  #mediaMs: number;
  #reportDueMs: number;
  #bytes = 0;
  #packets = 0;
  #unused = 0;

  constructor(options: PublisherSessionOptions) {
    this.#options = options;
    this.label = options.label;
    this.#mediaMs = options.clock.monoMs();
    this.#reportDueMs = this.#mediaMs + RECEIVER_REPORT_MS;
  }

  /** Resolves when the stream takes it up: packets are wanted from then on. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  get isWaiting(): boolean {
    return this.#state.kind === 'waiting';
  }

  get faults(): Readonly<Record<string, number>> {
    const { doubledPackets, strayDatagrams } = this.#options.datagramFaults();
    return { ...this.#faults, doubledPackets: this.#faults.doubledPackets + doubledPackets, strayDatagrams };
  }

  get skipped(): readonly SkippedMedia[] {
    const { tracks } = this.#options.announcement;
    return tracks.flatMap(({ media, reason }) => (reason === undefined ? [] : [{ media, reason }]));
  }

  /** Bytes of media taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Packets of media taken. */
  get packets(): number {
    return this.#packets;
  }

  /** Packets that nobody wanted: a track that cannot be used, or before the stream took the source up. */
  get unused(): number {
    return this.#unused;
  }

  /** On abort it takes nothing more at once; whoever published it closes the connection. */
  run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    if (this.#state.kind === 'ended') return Promise.reject(this.#state.error);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal.aborted) return Promise.resolve();
    const abort = (): void => {
      this.#state = { kind: 'ended', error: gone() };
      resolve();
    };
    signal.addEventListener('abort', abort);
    const end = (error: WeirError): void => {
      signal.removeEventListener('abort', abort);
      reject(error);
    };
    this.#state = { kind: 'running', ingest: this.#announce(sink), reject: end };
    this.#started.resolve();
    return promise;
  }

  /** One packet, of the track's channels or ports. A view. */
  packet(track: number, part: 'rtp' | 'rtcp', payload: Uint8Array, nowMs: number): void {
    const state = this.#state;
    const kind = state.kind === 'running' ? state.ingest.push(track, part, payload, nowMs) : 'unused';
    if (kind === 'control') return;
    this.#mediaMs = nowMs;
    if (kind === 'unused') {
      this.#unused += 1;
      return;
    }
    this.#packets += 1;
    this.#bytes += payload.length;
  }

  /** The chunk is used up. */
  flush(): void {
    if (this.#state.kind === 'running') this.#state.ingest.flush();
  }

  /** The peer left, by TEARDOWN or by closing. Idempotent. */
  leave(error: WeirError = gone()): void {
    const state = this.#state;
    if (state.kind === 'ended') return;
    this.#state = { kind: 'ended', error };
    if (state.kind === 'running') state.reject(error);
  }

  dropTrack(index: number): void {
    if (this.#state.kind === 'running') this.#state.ingest.drop(index);
  }

  /** About once a second: receiver reports as they fall due. Returns why it has to go, if it has. */
  tick(nowMs: number): WeirError | undefined {
    const state = this.#state;
    if (state.kind !== 'running') return undefined;
    if (nowMs >= this.#reportDueMs) {
      this.#reportDueMs = nowMs + RECEIVER_REPORT_MS;
      this.#options.report(state.ingest.reports(nowMs));
    }
    return nowMs - this.#mediaMs >= PUBLISHER_SILENCE_MS
      ? new WeirError('source-silent', 'The publisher sends no media')
      : undefined;
  }

  /** Announces those tracks that were set up and can be used. */
  #announce(sink: SourceSink): RtpIngest {
    const { session, announcement, clock, ssrc, cname } = this.#options;
    const tracks = session.tracks.flatMap(({ track }) => {
      const format = announcement.tracks[track]?.format;
      return format === undefined ? [] : [{ track, format }];
    });
    tracks.sort((a, b) => a.track - b.track);
    this.#mediaMs = clock.monoMs();
    return new RtpIngest({ sink, tracks, ssrc, cname, faults: this.#faults });
  }
}

function gone(): WeirError {
  return new WeirError('publisher-gone', 'The publisher closed its session');
}
