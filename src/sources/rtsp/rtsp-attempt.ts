/**
 * One attempt at an RTSP source: carries out what the client machine says, over one TCP connection at a time.
 *
 *     pipe ─chunk─▶ framer ─units─▶ machine ─outputs─▶ pipe, timer, receivers ─packets─▶ track sinks, flushed once a chunk
 */
import assert from 'node:assert/strict';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { completeFormat } from '../../core/codec/registry.ts';
import { WeirError } from '../../core/errors.ts';
import { utcMsFromNtp } from '../../core/rtcp/ntp.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import { writeReceiverReport } from '../../core/rtcp/write.ts';
import { RtpReceiver } from '../../core/rtp/receiver.ts';
import type { ClientInput, ClientOutput, ClientTrack, SkippedTrack } from '../../core/rtsp/client/client-io.ts';
import type { ClientMachine } from '../../core/rtsp/client/client-machine.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import type { RtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { connectTcp } from '../../net/tcp.ts';
import type { SourceSink, TrackSink } from '../../stream/source.ts';

/** Some cameras stop without a receiver report every 5 s (gortsplib). */
export const RECEIVER_REPORT_MS = 4500;
/** After the last word the connection has so long to close by itself. */
const CLOSE_WAIT_MS = 100;

export interface AttemptOptions {
  readonly machine: ClientMachine;
  readonly sink: SourceSink;
  readonly connectMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Ours, in receiver reports. */
  readonly ssrc: number;
  readonly cname: string;
}

interface LiveTrack {
  readonly sink: TrackSink;
  readonly receiver: RtpReceiver;
  readonly rtcpChannel: number;
}

export class RtspAttempt {
  readonly #options: AttemptOptions;
  readonly #ended = Promise.withResolvers<void>();
  /** Ends a connect that is under way. */
  readonly #connecting = new AbortController();
  #pipe: BytePipe | undefined;
  /** Of `#pipe`. */
  #pipeClosed = Promise.withResolvers<void>();
  #framer = new RtspFramer();
  #tracks: readonly LiveTrack[] = [];
  #wake: Timer | undefined;
  #reports: Timer | undefined;
  #over = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  /** Resolves when `signal` aborted and the connection is closed; rejects with the WeirError that ended it. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#push({ kind: 'stop' });
    signal.addEventListener('abort', stop);
    try {
      this.#push(signal.aborted ? { kind: 'stop' } : { kind: 'start' });
      await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #push(input: ClientInput): void {
    if (this.#over) return;
    const nowMs = this.#options.clock.monoMs();
    for (const output of this.#options.machine.push(input, nowMs)) this.#carryOut(output, nowMs);
  }

  #carryOut(output: ClientOutput, nowMs: number): void {
    switch (output.kind) {
      case 'rtp':
        this.#rtp(output.track, output.packet, nowMs);
        return;
      case 'rtcp':
        this.#rtcp(output.track, output.packet, nowMs);
        return;
      case 'send':
        this.#pipe?.write(output.bytes);
        return;
      case 'wake':
        this.#wake?.cancel();
        this.#wake = this.#options.clock.after(Math.max(output.atMs - nowMs, 0), () => this.#push({ kind: 'tick' }));
        return;
      case 'channels':
        this.#framer.knowChannels(output.channels);
        return;
      case 'tracks':
        this.#announce(output.tracks, output.skipped);
        return;
      case 'connect':
        void this.#connect(output.url);
        return;
      case 'end':
        void this.#end(output.error);
        return;
      default:
        output satisfies never;
    }
  }

  async #connect(url: RtspUrl): Promise<void> {
    this.#pipe?.close();
    this.#pipe = undefined;
    // The tracks of the server that led here are none of the next one's, which may dislike reports before PLAY (live555).
    this.#tracks = [];
    const { connectMs, clock } = this.#options;
    let pipe: BytePipe;
    try {
      pipe = await connectTcp({
        host: url.host,
        port: url.port,
        timeoutMs: connectMs,
        clock,
        signal: this.#connecting.signal,
      });
    } catch (error) {
      // Only what connectTcp promises; its abort comes from our own end, which is then under way.
      if (!this.#over)
        await this.#end(
          error instanceof WeirError ? error : new WeirError('source-unreachable', 'No connection', { cause: error }),
        );
      return;
    }
    this.#pipe = pipe;
    this.#framer = new RtspFramer();
    const closed = Promise.withResolvers<void>();
    this.#pipeClosed = closed;
    pipe.handle({
      data: (chunk) => {
        if (this.#pipe === pipe) this.#data(chunk);
      },
      drain: () => {},
      close: () => {
        closed.resolve();
        if (this.#pipe === pipe) this.#push({ kind: 'closed' });
      },
    });
    this.#push({ kind: 'connected' });
  }

  #data(chunk: Uint8Array): void {
    this.#push({ kind: 'units', units: this.#framer.push(chunk) });
    for (const track of this.#tracks) track.sink.flush();
  }

  #announce(tracks: readonly ClientTrack[], skipped: readonly SkippedTrack[]): void {
    const { sink, log, clock } = this.#options;
    for (const { section, media, reason } of skipped)
      log.info({ section, media, reason }, 'A track of the source is not used');
    const sinks = sink.announce(tracks.map(({ format }) => completeFormat(format)));
    this.#tracks = tracks.map(({ format, rtcpChannel }, index) => {
      const trackSink = sinks[index];
      assert(trackSink !== undefined, 'a sink for each announced track');
      return {
        sink: trackSink,
        receiver: new RtpReceiver({ clockRate: format.clockRate, reorderWindow: 0 }),
        rtcpChannel,
      };
    });
    this.#reports?.cancel();
    this.#reports = clock.every(RECEIVER_REPORT_MS, () => this.#report());
  }

  #rtp(index: number, packet: Uint8Array, nowMs: number): void {
    const track = this.#tracks[index];
    if (track === undefined) return;
    for (const ordered of track.receiver.push(packet, nowMs).packets) track.sink.packet(ordered, nowMs);
  }

  #rtcp(index: number, bytes: Uint8Array, nowMs: number): void {
    const track = this.#tracks[index];
    if (track === undefined) return;
    for (const packet of parseRtcp(bytes).packets) {
      if (packet.kind !== 'sender-report') continue;
      const { ntpSeconds, ntpFraction, rtpTimestamp } = packet;
      track.receiver.senderReport(ntpSeconds, ntpFraction, nowMs);
      if (ntpSeconds !== 0 || ntpFraction !== 0)
        track.sink.senderReport(utcMsFromNtp(ntpSeconds, ntpFraction), rtpTimestamp);
    }
  }

  #report(): void {
    const { clock, ssrc, cname } = this.#options;
    for (const { receiver, rtcpChannel } of this.#tracks) {
      const block = receiver.takeReport(clock.monoMs());
      if (block !== undefined) this.#pipe?.write(frame(rtcpChannel, writeReceiverReport(ssrc, [block], cname)));
    }
  }

  async #end(error: WeirError | undefined): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#wake?.cancel();
    this.#reports?.cancel();
    this.#connecting.abort();
    await this.#closePipe();
    if (error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
  }

  async #closePipe(): Promise<void> {
    const pipe = this.#pipe;
    this.#pipe = undefined;
    if (pipe === undefined) return;
    const timer = this.#options.clock.after(CLOSE_WAIT_MS, () => pipe.destroy());
    pipe.close();
    await this.#pipeClosed.promise;
    timer.cancel();
  }
}
