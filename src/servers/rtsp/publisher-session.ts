/**
 * A recording session (RFC 2326 §10.11): what a publisher sends, as a stream's source. It lives by its media: nothing else keeps it
 * alive, since FFmpeg and Media Foundation send no keep-alive while they publish (mtx#5090, #5100).
 */
import type { Clock } from '../../base/clock.ts';
import { completeFormat } from '../../core/codec/registry.ts';
import { WeirError } from '../../core/errors.ts';
import { utcMsFromNtp } from '../../core/rtcp/ntp.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import { RTCP_SENDER_REPORT } from '../../core/rtcp/packet.ts';
import { writeReceiverReport } from '../../core/rtcp/write.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import { RtpReceiver } from '../../core/rtp/receiver.ts';
import type { Announcement } from '../../core/rtsp/server/announcement.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import type { Source, SourceSink, TrackSink } from '../../stream/source.ts';

/** A publisher that sends no media for so long is gone, whatever its socket says. */
export const PUBLISHER_SILENCE_MS = 15_000;
/** Some stop without a receiver report every 5 s (gsl). */
export const RECEIVER_REPORT_MS = 4000;

/** RTCP packet types are 200 to 204, where RTP has marker and payload type: 72 to 76 with the marker, which nobody uses (RFC 5761 §4). */
const RTCP_TYPES = { first: RTCP_SENDER_REPORT, last: 204 } as const;

export interface PublisherSessionOptions {
  readonly session: ServerSession;
  readonly announcement: Announcement;
  readonly pipe: BytePipe;
  readonly clock: Clock;
  /** Of our receiver reports. */
  readonly ssrc: number;
  readonly cname: string;
}

interface TakenTrack {
  readonly sink: TrackSink;
  readonly receiver: RtpReceiver;
  readonly rtcpChannel: number;
}

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running'; readonly reject: (error: WeirError) => void }
  | { readonly kind: 'ended'; readonly error: WeirError };

export class PublisherSession implements Source {
  readonly kind = 'publish';
  readonly label: string;
  readonly #options: PublisherSessionOptions;
  readonly #started = Promise.withResolvers<void>();
  /** By index in the announcement. */
  #taken: (TakenTrack | undefined)[] = [];
  #state: State = { kind: 'waiting' };
  #mediaMs: number;
  #reportDueMs: number;
  #bytes = 0;
  #unused = 0;
  /** Packets came since the last flush. */
  #unflushed = false;

  constructor(options: PublisherSessionOptions) {
    this.#options = options;
    this.label = options.pipe.remote;
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

  /** Bytes of media taken. */
  get bytes(): number {
    return this.#bytes;
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
    this.#announce(sink);
    this.#state = { kind: 'running', reject: end };
    this.#started.resolve();
    return promise;
  }

  /** One frame of the track's channels. A view. */
  packet(track: number, part: 'rtp' | 'rtcp', payload: Uint8Array, nowMs: number): void {
    const taken = this.#state.kind === 'running' ? this.#taken[track] : undefined;
    if (taken === undefined) {
      this.#unused += 1;
      this.#mediaMs = nowMs;
      return;
    }
    // Some send RTCP on the RTP channel.
    const type = payload[1] ?? 0;
    if (part === 'rtcp' || (type >= RTCP_TYPES.first && type <= RTCP_TYPES.last)) this.#rtcp(taken, payload, nowMs);
    else this.#rtp(taken, payload, nowMs);
  }

  /** The chunk is used up. */
  flush(): void {
    if (this.#state.kind !== 'running' || !this.#unflushed) return;
    this.#unflushed = false;
    for (const taken of this.#taken) taken?.sink.flush();
  }

  /** The peer left, by TEARDOWN or by closing. Idempotent. */
  leave(error: WeirError = gone()): void {
    const state = this.#state;
    if (state.kind === 'ended') return;
    this.#state = { kind: 'ended', error };
    if (state.kind === 'running') state.reject(error);
  }

  dropTrack(index: number): void {
    this.#taken[index] = undefined;
  }

  /** About once a second: receiver reports as they fall due. False: it has been silent for too long. */
  tick(nowMs: number): boolean {
    if (this.#state.kind !== 'running') return true;
    if (nowMs >= this.#reportDueMs) {
      this.#reportDueMs = nowMs + RECEIVER_REPORT_MS;
      this.#sendReports(nowMs);
    }
    return nowMs - this.#mediaMs < PUBLISHER_SILENCE_MS;
  }

  /** Announces those tracks that were set up and can be used. */
  #announce(sink: SourceSink): void {
    const { session, announcement, clock } = this.#options;
    const tracks = session.tracks.flatMap(({ track, channels }) => {
      const format = announcement.tracks[track]?.format;
      return format === undefined ? [] : [{ track, format: completeFormat(format), rtcpChannel: channels[1] }];
    });
    tracks.sort((a, b) => a.track - b.track);
    const sinks = sink.announce(tracks.map(({ format }) => format));
    this.#taken = [];
    for (const [index, { track, format, rtcpChannel }] of tracks.entries()) {
      const trackSink = sinks[index];
      if (trackSink === undefined) continue;
      const receiver = new RtpReceiver({ clockRate: format.clockRate, reorderWindow: 0 });
      this.#taken[track] = { sink: trackSink, receiver, rtcpChannel };
    }
    this.#mediaMs = clock.monoMs();
  }

  #rtp(taken: TakenTrack, payload: Uint8Array, nowMs: number): void {
    this.#mediaMs = nowMs;
    this.#bytes += payload.length;
    this.#unflushed = true;
    for (const packet of taken.receiver.push(payload, nowMs).packets) taken.sink.packet(packet, nowMs);
  }

  #rtcp(taken: TakenTrack, payload: Uint8Array, nowMs: number): void {
    for (const packet of parseRtcp(payload).packets) {
      if (packet.kind !== 'sender-report') continue;
      const { ntpSeconds, ntpFraction, rtpTimestamp } = packet;
      taken.receiver.senderReport(ntpSeconds, ntpFraction, nowMs);
      if (ntpSeconds !== 0) taken.sink.senderReport(utcMsFromNtp(ntpSeconds, ntpFraction), rtpTimestamp);
    }
  }

  #sendReports(nowMs: number): void {
    const { pipe, ssrc, cname } = this.#options;
    const reports: Uint8Array[] = [];
    for (const taken of this.#taken) {
      const block = taken?.receiver.takeReport(nowMs);
      if (taken === undefined) continue;
      const report = writeReceiverReport(ssrc, block === undefined ? [] : [block], cname);
      reports.push(frame(taken.rtcpChannel, report));
    }
    if (reports.length > 0) pipe.write(reports);
  }
}

function gone(): WeirError {
  return new WeirError('publisher-gone', 'The publisher closed its session');
}
