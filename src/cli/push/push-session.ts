/**
 * One session that sends to an RTSP server: what a push does beside its dialogue. Takes packets of the tracks once the server records.
 *
 *     packets ─▶ interleaved frames of the connection, or datagrams from a pair of ports a track
 */
import type { Clock } from '../../base/clock.ts';
import { redactUrl } from '../../base/redact.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { WeirError } from '../../core/errors.ts';
import type { Hash } from '../../core/rtsp/digest/challenge.ts';
import type { DialogueOutput } from '../../core/rtsp/client/dialogue-io.ts';
import type { PublishInput, PublishOutput, PublishWay } from '../../core/rtsp/client/publish-io.ts';
import { PublishMachine } from '../../core/rtsp/client/publish-machine.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import type { RtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import type { UdpPair } from '../../net/udp.ts';
import type { Dial } from '../../sources/rtsp/dial.ts';
import { DialogueCarrier } from '../../sources/rtsp/dialogue-carrier.ts';
import { USER_AGENT } from '../../sources/rtsp/rtsp-source.ts';

export interface PushSessionOptions {
  readonly url: RtspUrl;
  readonly tracks: readonly TrackFormat[];
  readonly transport: 'tcp' | 'udp';
  readonly connect: Dial;
  /** Ports of a track that is sent over UDP. */
  readonly bindPair: () => Promise<UdpPair>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly hash: Hash;
  /** Unguessable: letters and digits. */
  readonly nonce: () => string;
  /** Ends the opening, whatever the server does. A session that records is ended by `close`, after what is still to be sent. */
  readonly signal: AbortSignal;
}

/** What belongs to one connection. */
interface Sending {
  /** None as long as the server does not record. */
  ways: readonly PublishWay[];
}

/** What the machine says beside what every dialogue does. */
type OwnOutput = Exclude<PublishOutput, DialogueOutput>;

export class PushSession implements AsyncDisposable {
  readonly #pairs: readonly UdpPair[];
  readonly #carrier: DialogueCarrier<PublishInput, OwnOutput, Sending>;
  readonly #recording = Promise.withResolvers<void>();
  readonly #ended: Promise<unknown>;

  private constructor(options: PushSessionOptions, pairs: readonly UdpPair[]) {
    this.#pairs = pairs;
    const { url, tracks, timeoutMs, connect, clock, hash, nonce } = options;
    const machine = new PublishMachine({
      url,
      label: redactUrl(url.requestUrl),
      userAgent: USER_AGENT,
      tracks,
      ports: pairs.length === 0 ? undefined : pairs.map(({ rtp, rtcp }) => [rtp.port, rtcp.port] as const),
      responseMs: timeoutMs,
      hash,
      nonce,
    });
    this.#carrier = new DialogueCarrier<PublishInput, OwnOutput, Sending>({
      machine,
      connect,
      connectMs: timeoutMs,
      clock,
      role: {
        opened: () => ({ ways: [] }),
        carryOut: ({ ways }, connection) => {
          if (connection !== undefined) connection.own.ways = ways;
          this.#recording.resolve();
        },
        heard: () => {},
        left: () => Promise.resolve(),
        deaf: (place, expected) =>
          new WeirError('push-failed', 'The server does not read what it is sent', { place, expected }),
        notConnected,
      },
    });
    for (const { rtcp } of pairs)
      rtcp.handle((_report, from) => {
        if (from.host === this.#carrier.connection?.pipe.remoteAddress) this.#carrier.push({ kind: 'heard' });
      });
    this.#ended = this.#carrier.ended.then(async (error) => {
      await Promise.all(pairs.map((pair) => pair.close()));
      return error;
    });
  }

  /** Resolves when the server records, or when `signal` aborted and all is closed. Throws `push-*`, and `port-in-use`. */
  static async open(options: PushSessionOptions): Promise<PushSession> {
    const pairs = options.transport === 'udp' ? await bindPairs(options) : [];
    const session = new PushSession(options, pairs);
    await session.#open(options.signal);
    return session;
  }

  /** Resolves when all is closed: with what ended it, a WeirError or the program's own fault; undefined after `close`. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** Bytes that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#carrier.connection?.pipe.bufferedBytes ?? 0;
  }

  /** Whether what is sent goes anywhere: not while the server's redirect is followed, nor after the end. */
  get recording(): boolean {
    return (this.#carrier.connection?.own.ways.length ?? 0) > 0;
  }

  /** `packet` may be used again at once. */
  send(track: number, part: 'rtp' | 'rtcp', packet: Uint8Array): void {
    const { connection } = this.#carrier;
    const way = connection?.own.ways[track];
    if (connection === undefined || way === undefined) return;
    const { pipe, backlog } = connection;
    if (way.kind === 'interleaved') {
      const bytes = frame(part === 'rtp' ? way.rtpChannel : way.rtcpChannel, packet);
      backlog.media(bytes.length);
      pipe.write(bytes);
      return;
    }
    const port = part === 'rtp' ? way.rtpPort : way.rtcpPort;
    this.#pairs[track]?.[part].send(new Uint8Array(packet), { host: pipe.remoteAddress, port });
  }

  /** TEARDOWN, once what was sent is on its way; RTSP_STOP_MS_MAX at most. Idempotent. */
  async close(): Promise<void> {
    this.#carrier.stop();
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(signal: AbortSignal): Promise<void> {
    const failed = this.#ended.then((error) => {
      if (error !== undefined) throw error;
    });
    await this.#carrier.start(signal, Promise.race([this.#recording.promise, failed]));
  }
}

/** In the code of this side; a fault of ours stays what it is. */
function notConnected(error: unknown, url: RtspUrl): unknown {
  if (!(error instanceof WeirError)) return error;
  return new WeirError('push-failed', error.message, { place: redactUrl(url.requestUrl), cause: error });
}

async function bindPairs({ tracks, bindPair }: PushSessionOptions): Promise<readonly UdpPair[]> {
  const pairs: UdpPair[] = [];
  try {
    while (pairs.length < tracks.length) pairs.push(await bindPair());
    return pairs;
  } catch (error) {
    await Promise.all(pairs.map((pair) => pair.close()));
    throw error;
  }
}
