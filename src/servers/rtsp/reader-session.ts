/**
 * A playing session: a reader of a live stream. It is attached to the stream, not to its source, so it stays while a source is away.
 * A batch is one write of the shared buffer; what its socket does not take waits in a `ReaderQueue`.
 */
import type { Clock } from '../../base/clock.ts';
import { codecFor } from '../../core/codec/registry.ts';
import type { WeirError } from '../../core/errors.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import type { ReportBlock } from '../../core/rtcp/packet.ts';
import { writeGoodbye, writeSenderReport } from '../../core/rtcp/write.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import { RTP_HEADER_BYTES } from '../../core/rtp/packet.ts';
import type { TrackStart } from '../../core/rtsp/server/server-io.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import type { Batch } from '../../stream/batch.ts';
import { FRAME_HEADER_BYTES } from '../../stream/framed.ts';
import { ReaderQueue, type ReaderLosses } from '../../stream/reader-queue.ts';
import type { Attachment, RelayReader, RelayTrack, Stream } from '../../stream/stream.ts';
import type { Layouts } from './layouts.ts';

/** Between sender reports (RFC 3550 §6.2). */
export const SENDER_REPORT_MS = 5000;

export interface ReaderSessionOptions {
  readonly session: ServerSession;
  readonly stream: Stream;
  /** All tracks of the stream. */
  readonly tracks: readonly RelayTrack[];
  readonly pipe: BytePipe;
  readonly layouts: Layouts;
  readonly clock: Clock;
  readonly cname: string;
  /** The stream ends it. */
  readonly ended: (error: WeirError) => void;
}

/** A track that this reader takes. */
interface TakenTrack {
  readonly track: RelayTrack;
  readonly channel: number;
  readonly rtcpChannel: number;
  /** Sent since the session began, for sender reports. */
  packets: number;
  octets: number;
  /** The reader's latest word on it. */
  report: ReportBlock | undefined;
}

export class ReaderSession implements RelayReader {
  readonly protocol = 'rtsp';
  readonly label: string;
  readonly #options: ReaderSessionOptions;
  readonly #queue: ReaderQueue;
  /** By index in the stream's list. */
  readonly #taken: (TakenTrack | undefined)[] = [];
  /** The picture whose key frames are waited for, by index; undefined: any batch will do. */
  #leader: number | undefined;
  #attachment: Attachment | undefined;
  /** What came before the reply to PLAY was out; undefined: it is out. */
  #held: Batch[] | undefined = [];
  #reportDueMs = Number.POSITIVE_INFINITY;

  constructor(options: ReaderSessionOptions) {
    this.#options = options;
    const { session, tracks, pipe, clock } = options;
    this.label = pipe.remote;
    for (const { track: index, channels } of session.tracks) {
      const track = tracks[index];
      if (track === undefined) continue;
      const [channel, rtcpChannel] = channels;
      this.#taken[index] = { track, channel, rtcpChannel, packets: 0, octets: 0, report: undefined };
    }
    this.#leader = this.#leading();
    this.#queue = new ReaderQueue(pipe, this.#leader !== undefined, clock.monoMs());
  }

  get losses(): ReaderLosses {
    return this.#queue.losses;
  }

  get bytes(): number {
    return this.#queue.writtenBytes;
  }

  /** Attaches to the stream and holds everything until `flow`; returns where each track begins, undefined if not known for all. */
  attach(): readonly TrackStart[] | undefined {
    this.detach();
    this.#held = [];
    this.#attachment = this.#options.stream.attach(this, this.#options.session.start);
    this.#held.unshift(...this.#attachment.burst);
    const starts = this.#all().map(({ track }) => trackStart(this.#held?.find((batch) => batch.track === track.index)));
    return starts.includes(undefined) ? undefined : starts.filter((start) => start !== undefined);
  }

  /** The reply to PLAY is out: sender reports first, so that the tracks agree from their first packets on, then the burst. */
  flow(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#sendReports(this.#firstUtcMs(held));
    this.#reportDueMs = this.#options.clock.monoMs() + SENDER_REPORT_MS;
    const burst: Uint8Array[] = [];
    for (const batch of held) {
      const taken = this.#taken[batch.track];
      if (taken === undefined) continue;
      count(taken, batch);
      burst.push(this.#options.layouts.frame(batch, taken.channel));
    }
    this.#queue.start(burst);
  }

  detach(): void {
    this.#attachment?.close();
    this.#attachment = undefined;
    this.#queue.stop();
    this.#reportDueMs = Number.POSITIVE_INFINITY;
  }

  deliver(batch: Batch): void {
    const taken = this.#taken[batch.track];
    if (taken === undefined) return;
    if (this.#held !== undefined) {
      this.#held.push(batch);
      return;
    }
    const begins = this.#leader === undefined || (batch.key && batch.track === this.#leader);
    if (this.#queue.push(this.#options.layouts.frame(batch, taken.channel), begins)) count(taken, batch);
  }

  end(error: WeirError): void {
    this.#options.ended(error);
  }

  drain(): void {
    this.#queue.drain();
  }

  dropTrack(index: number): void {
    this.#taken[index] = undefined;
    this.#leader = this.#leading();
  }

  /** RTCP from the reader. */
  rtcp(payload: Uint8Array): void {
    for (const packet of parseRtcp(payload).packets) {
      if (packet.kind !== 'receiver-report') continue;
      for (const report of packet.reports) {
        const taken = this.#all().find(({ track }) => track.ssrc === report.ssrc);
        if (taken !== undefined) taken.report = report;
      }
    }
  }

  /** The worst that the reader reported of its tracks, 0–1; undefined before the first report. */
  get reportedLoss(): number | undefined {
    const losses = this.#all().flatMap(({ report }) => (report === undefined ? [] : [report.fractionLost / 256]));
    return losses.length === 0 ? undefined : Math.max(...losses);
  }

  /** About once a second: sender reports as they fall due. False: the reader is hopeless. */
  tick(nowMs: number): boolean {
    if (this.#held !== undefined) return true;
    if (nowMs >= this.#reportDueMs) {
      this.#reportDueMs = nowMs + SENDER_REPORT_MS;
      this.#sendReports(this.#options.clock.utcMs());
    }
    return !this.#queue.stalled(nowMs);
  }

  /** BYE for each track: players end cleanly. */
  goodbye(): void {
    for (const { track, rtcpChannel } of this.#all()) {
      this.#options.pipe.write(frame(rtcpChannel, writeGoodbye(track.ssrc)));
    }
  }

  /**
   * The moment of the earliest packet that it begins with: FFmpeg counts from its first sender report, and a track that began
   * before it would jump.
   */
  #firstUtcMs(burst: readonly Batch[]): number {
    let firstMs = this.#options.clock.utcMs();
    for (const { track } of this.#all()) {
      const start = trackStart(burst.find((batch) => batch.track === track.index));
      const moment = this.#options.stream.senderClock(track.index);
      if (start === undefined || moment === undefined) continue;
      const ticksAfter = (start.rtpTime - moment.rtpTimestamp) | 0;
      firstMs = Math.min(firstMs, moment.ntpUtcMs + (ticksAfter * 1000) / track.format.clockRate);
    }
    return Math.floor(firstMs);
  }

  /** SR of each track: what its RTP time is at `utcMs`. */
  #sendReports(utcMs: number): void {
    const { stream, cname, pipe } = this.#options;
    const reports: Uint8Array[] = [];
    for (const { track, rtcpChannel, packets, octets } of this.#all()) {
      const moment = stream.senderClock(track.index);
      if (moment === undefined) continue;
      const elapsedTicks = Math.round(((utcMs - moment.ntpUtcMs) * track.format.clockRate) / 1000);
      const rtpTimestamp = (moment.rtpTimestamp + elapsedTicks) >>> 0;
      const report = writeSenderReport({ ssrc: track.ssrc, utcMs, rtpTimestamp, packets, octets, cname });
      reports.push(frame(rtcpChannel, report));
    }
    if (reports.length > 0) pipe.write(reports);
  }

  /** The first picture that it takes and that we know. */
  #leading(): number | undefined {
    return this.#all().find(({ track: { format } }) => codecFor(format.encoding)?.media === 'video')?.track.index;
  }

  #all(): readonly TakenTrack[] {
    return this.#taken.filter((taken) => taken !== undefined);
  }
}

function count(taken: TakenTrack, batch: Batch): void {
  taken.packets += batch.packets;
  taken.octets += batch.buffer.length - batch.packets * (FRAME_HEADER_BYTES + RTP_HEADER_BYTES);
}

function trackStart(batch: Batch | undefined): TrackStart | undefined {
  if (batch === undefined) return undefined;
  const { track, buffer } = batch;
  return {
    track,
    sequence: buffer.readUInt16BE(FRAME_HEADER_BYTES + 2),
    rtpTime: buffer.readUInt32BE(FRAME_HEADER_BYTES + 4),
  };
}
