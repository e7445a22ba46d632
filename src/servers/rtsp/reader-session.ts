/**
 * A playing session: a reader of a live stream. It is attached to the stream, not to its source, so it stays while a source is away.
 * What it takes goes out by its `MediaOut`, whatever that is.
 */
import type { Clock } from '../../base/clock.ts';
import { codecFor } from '../../core/codec/registry.ts';
import { WeirError } from '../../core/errors.ts';
import { SENDER_REPORT_MS, writeGoodbye } from '../../core/rtcp/write.ts';
import type { TrackStart } from '../../core/rtsp/server/server-io.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { Batch } from '../../stream/batch.ts';
import { FRAME_HEADER_BYTES } from '../../stream/framed.ts';
import { READER_STALLED_MS, type ReaderLosses } from '../../stream/reader-queue.ts';
import type { Attachment, RelayReader, RelayTrack, Stream } from '../../stream/stream.ts';
import type { MediaOut } from './media-out.ts';
import { ReaderAccount, type ReaderTotal } from './reader-totals.ts';
import { ReceivedReports, type ReaderReport } from './received-reports.ts';
import { countSent, senderReports, type SentTrack } from './sender-reports.ts';

/** The reply to PLAY is out by then, whatever it waits for. */
export const REPLY_MS_MAX = 1000;

export interface ReaderSessionOptions {
  readonly session: ServerSession;
  readonly stream: Stream;
  /** All tracks of the stream. */
  readonly tracks: readonly RelayTrack[];
  /** The peer, for status. */
  readonly label: string;
  /** Made by the session's ways; `waitsForKey`: after a loss only a key frame helps. */
  readonly outOf: (waitsForKey: boolean) => MediaOut;
  readonly clock: Clock;
  readonly cname: string;
  /** What it comes to is added to it. */
  readonly total: ReaderTotal;
  /** The stream ends it. */
  readonly ended: (error: WeirError) => void;
}

export class ReaderSession implements RelayReader {
  readonly protocol = 'rtsp';
  readonly label: string;
  readonly #options: ReaderSessionOptions;
  readonly #out: MediaOut;
  readonly #reports = new ReceivedReports();
  readonly #account: ReaderAccount;
  /** By index in the stream's list. */
  readonly #taken: (SentTrack | undefined)[] = [];
  /** The picture whose key frames are waited for, by index; undefined: any batch will do. */
  #leader: number | undefined;
  #attachment: Attachment | undefined;
  #attachedMs = 0;
  #reportDueMs = Number.POSITIVE_INFINITY;
  #sentUpToUtcMs: number | undefined;
  /** Somebody waits for the first of each track. */
  #begun: (() => void) | undefined;

  constructor(options: ReaderSessionOptions) {
    this.#options = options;
    const { session, tracks, label, outOf, total } = options;
    this.label = label;
    this.#account = new ReaderAccount(total);
    for (const { track: index } of session.tracks) {
      const track = tracks[index];
      if (track !== undefined) this.#taken[index] = { track, packets: 0, octets: 0 };
    }
    this.#leader = this.#leading();
    this.#out = outOf(this.#leader !== undefined);
  }

  get losses(): ReaderLosses {
    return this.#out.losses;
  }

  get bytes(): number {
    return this.#out.bytes;
  }

  /** Packets of media sent. */
  get packets(): number {
    return this.#all().reduce((sum, { packets }) => sum + packets, 0);
  }

  /** When the newest that was sent came to us; undefined before anything was. */
  get sentUpToUtcMs(): number | undefined {
    return this.#sentUpToUtcMs;
  }

  /** Attaches to the stream and holds everything until `flow`. */
  attach(): void {
    this.detach();
    const { stream, session, clock } = this.#options;
    this.#attachedMs = clock.monoMs();
    this.#attachment = stream.attach(this, session.start);
    this.#out.attach(this.#attachment.burst.filter(({ track }) => this.#taken[track] !== undefined));
  }

  /** Resolves when something of each track is held, or after `waitMs`. */
  async begun(waitMs: number): Promise<void> {
    if (this.#hasBegun()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#begun = resolve;
    const timer = this.#options.clock.after(waitMs, resolve);
    await promise;
    timer.cancel();
    this.#begun = undefined;
  }

  /** Where each track begins; undefined if nothing is held, or that is not known of all. */
  starts(): readonly TrackStart[] | undefined {
    const held = this.#out.held ?? [];
    if (held.length === 0) return undefined;
    const firstMs = this.#firstUtcMs(held);
    const starts = this.#all().map(({ track }) => {
      const first = held.findIndex((batch) => batch.track === track.index);
      const batch = held[first];
      const rtpTime = batch === undefined ? this.#rtpTimeAt(track, firstMs) : rtpTimeOf(batch);
      if (rtpTime === undefined) return undefined;
      return { track: track.index, sequence: this.#out.firstSequence(first), rtpTime };
    });
    return starts.includes(undefined) ? undefined : starts.filter((start) => start !== undefined);
  }

  /** The reply to PLAY is out: sender reports first, so that the tracks agree from their first packets on, then the burst. */
  flow(): void {
    const held = this.#out.held ?? [];
    this.#sendReports(this.#firstUtcMs(held));
    this.#reportDueMs = this.#options.clock.monoMs() + SENDER_REPORT_MS;
    for (const batch of held) {
      const taken = this.#taken[batch.track];
      if (taken !== undefined) this.#countSent(taken, batch);
    }
    this.#out.flow();
  }

  detach(): void {
    this.#attachment?.close();
    this.#attachment = undefined;
    this.#out.stop();
    this.#count();
    this.#reportDueMs = Number.POSITIVE_INFINITY;
  }

  deliver(batch: Batch): void {
    const taken = this.#taken[batch.track];
    if (taken === undefined) return;
    const begins = this.#leader === undefined || (batch.key && batch.track === this.#leader);
    const goesOut = this.#out.push(batch, begins);
    if (this.#out.held === undefined) {
      if (goesOut) this.#countSent(taken, batch);
    } else if (this.#begun !== undefined && this.#hasBegun()) this.#begun();
  }

  #hasBegun(): boolean {
    return this.#all().every(({ track }) => this.#out.held?.some((batch) => batch.track === track.index) === true);
  }

  end(error: WeirError): void {
    this.#options.ended(error);
  }

  drain(): void {
    this.#out.drain();
  }

  dropTrack(index: number): void {
    const dropped = this.#taken[index];
    if (dropped !== undefined) this.#reports.drop(dropped.track);
    this.#taken[index] = undefined;
    this.#leader = this.#leading();
  }

  /** RTCP from the reader. */
  rtcp(payload: Uint8Array): void {
    const tracks = this.#all().map(({ track }) => track);
    this.#reports.push(payload, tracks, this.#options.clock.monoMs());
  }

  /** What the reader itself says; undefined before its first report. */
  get reported(): ReaderReport | undefined {
    return this.#reports.report;
  }

  /** About once a second: sender reports as they fall due. Returns why it has to go, if it has. */
  tick(nowMs: number): WeirError | undefined {
    if (this.#out.held !== undefined) {
      if (nowMs - this.#attachedMs <= REPLY_MS_MAX) return undefined;
      return new WeirError('reader-too-slow', 'The reply to PLAY did not go out');
    }
    this.#count();
    if (nowMs >= this.#reportDueMs) {
      this.#reportDueMs = nowMs + SENDER_REPORT_MS;
      this.#sendReports(this.#options.clock.utcMs());
    }
    return this.#out.stalled(nowMs)
      ? new WeirError('reader-too-slow', `The reader took nothing for ${READER_STALLED_MS / 1000} s`)
      : undefined;
  }

  /** BYE for each track: players end cleanly. */
  goodbye(): void {
    this.#out.control(this.#all().map(({ track }) => ({ track: track.index, packet: writeGoodbye(track.ssrc) })));
  }

  /**
   * The moment of the earliest packet that it begins with: FFmpeg counts from its first sender report, and a track that began
   * before it would jump.
   */
  #firstUtcMs(burst: readonly Batch[]): number {
    let firstMs = this.#options.clock.utcMs();
    for (const { track } of this.#all()) {
      const start = burst.find((batch) => batch.track === track.index);
      const moment = this.#options.stream.senderClock(track.index);
      if (start === undefined || moment === undefined) continue;
      const ticksAfter = (rtpTimeOf(start) - moment.rtpTimestamp) | 0;
      firstMs = Math.min(firstMs, moment.ntpUtcMs + (ticksAfter * 1000) / track.format.clockRate);
    }
    return Math.floor(firstMs);
  }

  /**
   * Of a track that has nothing in memory, as sound has not: its time at the moment at which the others begin. With two tracks retina wants the time of
   * both.
   */
  #rtpTimeAt({ index, format }: RelayTrack, utcMs: number): number | undefined {
    const moment = this.#options.stream.senderClock(index);
    if (moment === undefined) return undefined;
    return (moment.rtpTimestamp + Math.round(((utcMs - moment.ntpUtcMs) * format.clockRate) / 1000)) >>> 0;
  }

  #sendReports(utcMs: number): void {
    const { stream, cname, clock } = this.#options;
    this.#reports.sent(utcMs, clock.monoMs());
    this.#out.control(senderReports(stream, this.#all(), utcMs, cname));
  }

  #countSent(taken: SentTrack, batch: Batch): void {
    countSent(taken, batch);
    this.#sentUpToUtcMs = batch.arrivalUtcMs;
  }

  #count(): void {
    const { losses, bytes } = this.#out;
    this.#account.take({ bytes, losses, reportedLost: this.#reports.report?.lost ?? 0 });
  }

  /** The first picture that it takes and that we know. */
  #leading(): number | undefined {
    return this.#all().find(({ track: { format } }) => codecFor(format.encoding)?.media === 'video')?.track.index;
  }

  #all(): readonly SentTrack[] {
    return this.#taken.filter((taken) => taken !== undefined);
  }
}

function rtpTimeOf({ buffer }: Batch): number {
  return buffer.readUInt32BE(FRAME_HEADER_BYTES + 4);
}
