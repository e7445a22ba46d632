/**
 * One attempt at an RTSP source: what a pull does beside its dialogue, with media and ports.
 *
 *     carrier ──outputs──▶ ports, ingest ──packets──▶ track sinks
 *        ▲                   │           flushed once a chunk, once a datagram
 *        └── datagrams, in order
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { WeirError } from '../../core/errors.ts';
import { writeGoodbye } from '../../core/rtcp/write.ts';
import type { ClientInput, ClientOutput, ClientTrack, SkippedTrack } from '../../core/rtsp/client/client-io.ts';
import type { ClientMachine } from '../../core/rtsp/client/client-machine.ts';
import type { DialogueOutput } from '../../core/rtsp/client/dialogue-io.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { RECEIVER_REPORT_MS, RtpIngest, type IngestFaults } from '../../stream/rtp-ingest.ts';
import type { SourceSink } from '../../stream/source.ts';
import { CameraPorts } from './camera-ports.ts';
import type { Dial } from './dial.ts';
import { type Connection, DialogueCarrier } from './dialogue-carrier.ts';

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

/** What belongs to one connection. */
interface Receiving {
  readonly ports: CameraPorts;
  media: Media | undefined;
}

interface Media {
  readonly ingest: RtpIngest;
  readonly tracks: readonly ClientTrack[];
  readonly reports: Timer;
}

/** What the machine says beside what every dialogue does. */
type OwnOutput = Exclude<ClientOutput, DialogueOutput>;

export class RtspAttempt {
  readonly #options: AttemptOptions;
  readonly #carrier: DialogueCarrier<ClientInput, OwnOutput, Receiving>;

  constructor(options: AttemptOptions) {
    this.#options = options;
    const { machine, connect, connectMs, clock } = options;
    this.#carrier = new DialogueCarrier<ClientInput, OwnOutput, Receiving>({
      machine,
      connect,
      connectMs,
      clock,
      role: {
        opened: (pipe) => this.#opened(pipe),
        carryOut: (output, connection, nowMs) => {
          if (connection !== undefined) this.#carryOut(output, connection, nowMs);
        },
        heard: ({ media }) => media?.ingest.flush(),
        left: ({ ports, media }) => {
          media?.reports.cancel();
          return ports.close();
        },
        deaf: (place, expected) =>
          new WeirError('source-protocol', 'The source does not read what it is sent', { place, expected }),
        notConnected: (error) => error,
      },
    });
  }

  /**
   * Resolves when `signal` aborted and all is closed, RTSP_STOP_MS_MAX later at most; rejects with the WeirError that ended it, or with
   * the program's own fault.
   */
  async run(signal: AbortSignal): Promise<void> {
    const error = await this.#carrier.start(signal, this.#carrier.ended);
    if (error !== undefined) throw error;
  }

  #opened(pipe: BytePipe): Receiving {
    const { clock, faults } = this.#options;
    const ports = new CameraPorts({
      peerHost: pipe.remoteAddress,
      ownHost: pipe.localAddress,
      clock,
      faults,
      datagrams: (track, part, packets) => {
        if (!this.#isOpen(own)) return;
        this.#carrier.push({ kind: 'datagrams', track, part, packets });
        own.media?.ingest.flush();
      },
    });
    const own: Receiving = { ports, media: undefined };
    return own;
  }

  #carryOut(output: OwnOutput, connection: Connection<Receiving>, nowMs: number): void {
    const { own, framer } = connection;
    switch (output.kind) {
      case 'rtp':
      case 'rtcp':
        own.media?.ingest.push(output.track, output.kind, output.packet, nowMs);
        return;
      case 'channels':
        framer.knowChannels(output.channels);
        return;
      case 'tracks':
        this.#announce(connection, output.tracks, output.skipped);
        return;
      case 'bind':
        void this.#bind(own, output.track);
        return;
      case 'join':
        void this.#join(own, output);
        return;
      case 'punch':
        own.ports.punch(output.track, output.ports);
        return;
      case 'goodbye':
        own.ports.reportAll(writeGoodbye(this.#options.ssrc));
        return;
      default:
        output satisfies never;
    }
  }

  #isOpen(own: Receiving): boolean {
    return this.#carrier.connection?.own === own;
  }

  async #bind(own: Receiving, track: number): Promise<void> {
    try {
      const ports = await own.ports.bind(track);
      if (this.#isOpen(own)) this.#carrier.push({ kind: 'bound', track, ports });
    } catch (error) {
      this.#notBound(own, error);
    }
  }

  async #join(own: Receiving, { track, group, ports }: OwnOutput & { readonly kind: 'join' }): Promise<void> {
    try {
      await own.ports.join(track, group, ports);
    } catch (error) {
      this.#notBound(own, error);
    }
  }

  #notBound(own: Receiving, cause: unknown): void {
    if (!this.#isOpen(own)) return;
    // Whatever it is, it may be another way the next time: the network comes up, another program ends.
    const reason = cause instanceof WeirError ? cause.describe() : String(cause);
    const error = new WeirError('source-unreceivable', `No UDP ports for its media: ${reason}`, { cause });
    this.#carrier.push({ kind: 'not-bound', error });
  }

  #announce(connection: Connection<Receiving>, tracks: readonly ClientTrack[], skipped: readonly SkippedTrack[]): void {
    const { sink, log, clock, ssrc, cname, faults } = this.#options;
    this.#options.announced(tracks, skipped);
    for (const { section, media, reason } of skipped)
      log.info({ section, media, reason }, 'A track of the source is not used');
    const { own } = connection;
    own.media?.reports.cancel();
    const numbered = tracks.map(({ format }, track) => ({ track, format }));
    const ingest = new RtpIngest({ sink, tracks: numbered, ssrc, cname, faults });
    const reports = clock.every(RECEIVER_REPORT_MS, () => this.#report(connection));
    own.media = { ingest, tracks, reports };
  }

  #report(connection: Connection<Receiving>): void {
    const { ports, media } = connection.own;
    if (media === undefined) return;
    for (const { track, packet } of media.ingest.reports(this.#options.clock.monoMs())) {
      const delivery = media.tracks[track]?.delivery;
      if (delivery?.kind === 'interleaved') this.#carrier.write(connection, frame(delivery.rtcpChannel, packet));
      else if (delivery !== undefined) ports.report(delivery.track, packet);
    }
  }
}
