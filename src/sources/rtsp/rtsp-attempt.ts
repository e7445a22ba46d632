/**
 * One attempt at an RTSP source: carries out what the client machine says, over one connection at a time.
 *
 *     pipe ──chunk──▶ framer ──units──▶ machine ──outputs──▶ pipe, ports, timer, ingest ──packets──▶ track sinks
 *     ports ──datagrams, in order──────────▶ ┘                        flushed once a chunk, once a datagram
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { WeirError } from '../../core/errors.ts';
import { writeGoodbye } from '../../core/rtcp/write.ts';
import type { ClientInput, ClientOutput, ClientTrack, SkippedTrack } from '../../core/rtsp/client/client-io.ts';
import type { ClientMachine } from '../../core/rtsp/client/client-machine.ts';
import { TEARDOWN_WAIT_MS } from '../../core/rtsp/client/dialogue.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import type { RtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { RECEIVER_REPORT_MS, RtpIngest, type IngestFaults } from '../../stream/rtp-ingest.ts';
import type { SourceSink } from '../../stream/source.ts';
import { CameraPorts } from './camera-ports.ts';
import type { Dial } from './dial.ts';

/** After the last word the connection has so long to close by itself. */
export const CLOSE_WAIT_MS = 100;
/** From being told to stop until all is closed. A TEARDOWN that is not answered takes all of it: then nothing is waited for. */
export const RTSP_STOP_MS_MAX = TEARDOWN_WAIT_MS;
/** A source that asks and asks and reads nothing is left once so much waits for it: it is told a few hundred bytes a second. */
export const MAX_BACKLOG_BYTES = 64 * 1024;

export interface AttemptOptions {
  readonly machine: ClientMachine;
  readonly sink: SourceSink;
  readonly connect: Dial;
  readonly connectMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Ours, in receiver reports. */
  readonly ssrc: number;
  readonly cname: string;
  /** Counted into. */
  readonly faults: AttemptFaults;
  /** Told with each list of tracks, and of what is not taken. */
  readonly announced: (tracks: readonly ClientTrack[], skipped: readonly SkippedTrack[]) => void;
}

export interface AttemptFaults extends IngestFaults {
  /** Datagrams from another address than the camera's, or than the group's first sender. */
  strayDatagrams: number;
}

/** An open connection, and what belongs to it alone. */
interface Connection {
  readonly pipe: BytePipe;
  readonly closed: Promise<void>;
  readonly framer: RtspFramer;
  readonly ports: CameraPorts;
  media: Media | undefined;
}

interface Media {
  readonly ingest: RtpIngest;
  readonly tracks: readonly ClientTrack[];
  readonly reports: Timer;
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly connection: Connection }
  | { readonly kind: 'over' };

export class RtspAttempt {
  readonly #options: AttemptOptions;
  readonly #ended = Promise.withResolvers<void>();
  /** Ends a connect that is under way. */
  readonly #connecting = new AbortController();
  /** Connections and ports that were left, until they are closed. */
  readonly #closing: Promise<void>[] = [];
  #state: State = { kind: 'idle' };
  #wake: Timer | undefined;
  #stopByMs = Number.POSITIVE_INFINITY;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  /**
   * Resolves when `signal` aborted and all is closed, RTSP_STOP_MS_MAX later at most; rejects with the WeirError that ended it, or with
   * the program's own fault.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      this.#stopByMs = this.#options.clock.monoMs() + RTSP_STOP_MS_MAX;
      this.#push({ kind: 'stop' });
    };
    signal.addEventListener('abort', stop);
    try {
      if (signal.aborted) stop();
      else this.#push({ kind: 'start' });
      await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #push(input: ClientInput): void {
    if (this.#isOver) return;
    const nowMs = this.#options.clock.monoMs();
    for (const output of this.#options.machine.push(input, nowMs)) {
      this.#carryOut(output, nowMs);
      if (this.#isOver) return;
    }
  }

  #carryOut(output: ClientOutput, nowMs: number): void {
    const connection = this.#state.kind === 'open' ? this.#state.connection : undefined;
    switch (output.kind) {
      case 'rtp':
      case 'rtcp':
        connection?.media?.ingest.push(output.track, output.kind, output.packet, nowMs);
        return;
      case 'send':
        if (connection !== undefined) this.#write(connection.pipe, output.bytes);
        return;
      case 'wake':
        this.#wake?.cancel();
        this.#wake = this.#options.clock.after(Math.max(output.atMs - nowMs, 0), () => this.#push({ kind: 'tick' }));
        return;
      case 'channels':
        connection?.framer.knowChannels(output.channels);
        return;
      case 'tracks':
        if (connection !== undefined) this.#announce(connection, output.tracks, output.skipped);
        return;
      case 'bind':
        if (connection !== undefined) void this.#bind(connection, output.track);
        return;
      case 'join':
        if (connection !== undefined) void this.#join(connection, output);
        return;
      case 'punch':
        connection?.ports.punch(output.track, output.ports);
        return;
      case 'goodbye':
        connection?.ports.reportAll(writeGoodbye(this.#options.ssrc));
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
    // The tracks of the server that led here are none of the next one's, which may dislike reports before PLAY (live555).
    this.#leave();
    const connecting: State = { kind: 'connecting' };
    this.#state = connecting;
    const { connect, connectMs, clock } = this.#options;
    const { signal } = this.#connecting;
    let pipe: BytePipe;
    try {
      pipe = await connect(url, { timeoutMs: connectMs, clock, signal });
    } catch (error) {
      // Its abort comes from our own end, which is then under way.
      if (this.#state === connecting) await this.#end(error);
      return;
    }
    if (this.#state !== connecting) return pipe.destroy();
    try {
      this.#opened(pipe);
    } catch (error) {
      // Nobody waits for this call: a fault of ours ends the attempt as what it is.
      await this.#end(error);
    }
  }

  #opened(pipe: BytePipe): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { clock, faults } = this.#options;
    const ports = new CameraPorts({
      peerHost: pipe.remoteAddress,
      ownHost: pipe.localAddress,
      clock,
      faults,
      datagrams: (track, part, packets) => {
        if (!this.#isOpen(connection)) return;
        this.#push({ kind: 'datagrams', track, part, packets });
        connection.media?.ingest.flush();
      },
    });
    const connection: Connection = { pipe, closed: promise, framer: new RtspFramer(), ports, media: undefined };
    this.#state = { kind: 'open', connection };
    pipe.handle({
      data: (chunk) => {
        if (!this.#isOpen(connection)) return;
        this.#push({ kind: 'units', units: connection.framer.push(chunk) });
        connection.media?.ingest.flush();
      },
      drain: () => {},
      close: () => {
        resolve();
        if (this.#isOpen(connection)) this.#push({ kind: 'closed' });
      },
    });
    this.#push({ kind: 'connected' });
  }

  get #isOver(): boolean {
    return this.#state.kind === 'over';
  }

  #isOpen(connection: Connection): boolean {
    return this.#state.kind === 'open' && this.#state.connection === connection;
  }

  async #bind(connection: Connection, track: number): Promise<void> {
    try {
      const ports = await connection.ports.bind(track);
      if (this.#isOpen(connection)) this.#push({ kind: 'bound', track, ports });
    } catch (error) {
      this.#notBound(connection, error);
    }
  }

  async #join(
    connection: Connection,
    { track, group, ports }: ClientOutput & { readonly kind: 'join' },
  ): Promise<void> {
    try {
      await connection.ports.join(track, group, ports);
    } catch (error) {
      this.#notBound(connection, error);
    }
  }

  #notBound(connection: Connection, cause: unknown): void {
    if (!this.#isOpen(connection)) return;
    // Whatever it is, it may be another way the next time: the network comes up, another program ends.
    const reason = cause instanceof WeirError ? cause.describe() : String(cause);
    const error = new WeirError('source-unreceivable', `No UDP ports for its media: ${reason}`, { cause });
    this.#push({ kind: 'not-bound', error });
  }

  #announce(connection: Connection, tracks: readonly ClientTrack[], skipped: readonly SkippedTrack[]): void {
    const { sink, log, clock, ssrc, cname, faults } = this.#options;
    this.#options.announced(tracks, skipped);
    for (const { section, media, reason } of skipped)
      log.info({ section, media, reason }, 'A track of the source is not used');
    connection.media?.reports.cancel();
    const numbered = tracks.map(({ format }, track) => ({ track, format }));
    const ingest = new RtpIngest({ sink, tracks: numbered, ssrc, cname, faults });
    const reports = clock.every(RECEIVER_REPORT_MS, () => this.#report(connection));
    connection.media = { ingest, tracks, reports };
  }

  #report({ pipe, ports, media }: Connection): void {
    if (media === undefined) return;
    for (const { track, packet } of media.ingest.reports(this.#options.clock.monoMs())) {
      const delivery = media.tracks[track]?.delivery;
      if (delivery?.kind === 'interleaved') this.#write(pipe, frame(delivery.rtcpChannel, packet));
      else if (delivery !== undefined) ports.report(delivery.track, packet);
    }
  }

  #write(pipe: BytePipe, bytes: Uint8Array): void {
    pipe.write(bytes);
    if (pipe.bufferedBytes <= MAX_BACKLOG_BYTES) return;
    const expected = `at most ${MAX_BACKLOG_BYTES / 1024} KiB that wait`;
    void this.#end(
      new WeirError('source-protocol', 'The source does not read what it is sent', { place: pipe.remote, expected }),
    );
  }

  /** Lets go of the open connection, if there is one: what waits for it is sent, for a little while. */
  #leave(): void {
    if (this.#state.kind !== 'open') return;
    const { pipe, closed, ports, media } = this.#state.connection;
    media?.reports.cancel();
    this.#closing.push(ports.close());
    const { clock } = this.#options;
    const waitMs = Math.max(0, Math.min(CLOSE_WAIT_MS, this.#stopByMs - clock.monoMs()));
    pipe.close();
    if (waitMs === 0) pipe.destroy();
    const timer = clock.after(waitMs, () => pipe.destroy());
    this.#closing.push(closed.then(() => timer.cancel()));
  }

  async #end(error: unknown): Promise<void> {
    if (this.#state.kind === 'over') return;
    this.#leave();
    this.#state = { kind: 'over' };
    this.#wake?.cancel();
    this.#connecting.abort();
    await Promise.all(this.#closing);
    if (error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
  }
}
