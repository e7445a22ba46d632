/**
 * One session that sends to an RTSP server: carries out what the publish machine says, over one connection at a time, and takes packets
 * of the tracks once the server records.
 *
 *     packets ─▶ interleaved frames of the connection, or datagrams from a pair of ports a track
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { redactUrl } from '../../base/redact.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { WeirError } from '../../core/errors.ts';
import type { Hash } from '../../core/rtsp/digest/challenge.ts';
import type { PublishInput, PublishOutput, PublishWay } from '../../core/rtsp/client/publish-io.ts';
import { PublishMachine } from '../../core/rtsp/client/publish-machine.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import type { RtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import type { UdpPair } from '../../net/udp.ts';
import type { Dial } from '../../sources/rtsp/dial.ts';
import { CLOSE_WAIT_MS } from '../../sources/rtsp/rtsp-attempt.ts';
import { USER_AGENT } from '../../sources/rtsp/rtsp-source.ts';
import { AnswerBacklog } from './answer-backlog.ts';

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

/** A server that asks and asks and reads nothing is left once so much waits for it, whatever waits of media. */
export const MAX_BACKLOG_BYTES = 64 * 1024;

/** An open connection, and what belongs to it alone. */
interface Connection {
  readonly pipe: BytePipe;
  readonly closed: Promise<void>;
  readonly framer: RtspFramer;
  readonly backlog: AnswerBacklog;
  /** None as long as the server does not record. */
  ways: readonly PublishWay[];
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly connection: Connection }
  | { readonly kind: 'over' };

export class PushSession implements AsyncDisposable {
  readonly #options: PushSessionOptions;
  readonly #machine: PublishMachine;
  readonly #pairs: readonly UdpPair[];
  /** Ends a connect that is under way. */
  readonly #connecting = new AbortController();
  readonly #recording = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<unknown>();
  /** Connections that were left, until they are closed. */
  readonly #closing: Promise<void>[] = [];
  #state: State = { kind: 'idle' };
  #wake: Timer | undefined;

  private constructor(options: PushSessionOptions, pairs: readonly UdpPair[]) {
    this.#options = options;
    this.#pairs = pairs;
    const { url, tracks, timeoutMs, hash, nonce } = options;
    this.#machine = new PublishMachine({
      url,
      label: redactUrl(url.requestUrl),
      userAgent: USER_AGENT,
      tracks,
      ports: pairs.length === 0 ? undefined : pairs.map(({ rtp, rtcp }) => [rtp.port, rtcp.port] as const),
      responseMs: timeoutMs,
      hash,
      nonce,
    });
    for (const { rtcp } of pairs)
      rtcp.handle((_report, from) => {
        if (from.host === this.#connection?.pipe.remoteAddress) this.#push({ kind: 'heard' });
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
    return this.#ended.promise;
  }

  /** Bytes that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#connection?.pipe.bufferedBytes ?? 0;
  }

  /** Whether what is sent goes anywhere: not while the server's redirect is followed, nor after the end. */
  get recording(): boolean {
    return (this.#connection?.ways.length ?? 0) > 0;
  }

  /** `packet` may be used again at once. */
  send(track: number, part: 'rtp' | 'rtcp', packet: Uint8Array): void {
    const connection = this.#connection;
    const way = connection?.ways[track];
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

  /** TEARDOWN, once what was sent is on its way; half a second at most, and CLOSE_WAIT_MS. Idempotent. */
  async close(): Promise<void> {
    this.#push({ kind: 'stop' });
    await this.#ended.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#push({ kind: 'stop' });
    signal.addEventListener('abort', stop);
    try {
      if (signal.aborted) stop();
      else this.#push({ kind: 'start' });
      const failed = this.ended.then((error) => {
        if (error !== undefined) throw error;
      });
      await Promise.race([this.#recording.promise, failed]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  get #connection(): Connection | undefined {
    return this.#state.kind === 'open' ? this.#state.connection : undefined;
  }

  get #isOver(): boolean {
    return this.#state.kind === 'over';
  }

  #push(input: PublishInput): void {
    if (this.#isOver) return;
    const nowMs = this.#options.clock.monoMs();
    for (const output of this.#machine.push(input, nowMs)) {
      this.#carryOut(output, nowMs);
      if (this.#isOver) return;
    }
  }

  #carryOut(output: PublishOutput, nowMs: number): void {
    const connection = this.#connection;
    switch (output.kind) {
      case 'connect':
        void this.#connect(output.url);
        return;
      case 'send':
        if (connection !== undefined) this.#say(connection, output.bytes);
        return;
      case 'recording':
        if (connection !== undefined) connection.ways = output.ways;
        this.#recording.resolve();
        return;
      case 'wake':
        this.#wake?.cancel();
        this.#wake = this.#options.clock.after(Math.max(0, output.atMs - nowMs), () => this.#push({ kind: 'tick' }));
        return;
      case 'end':
        void this.#end(output.error);
        return;
      default:
        output satisfies never;
    }
  }

  #say({ pipe, backlog }: Connection, bytes: Uint8Array): void {
    const waitingBytes = backlog.answer(bytes.length, pipe.bufferedBytes);
    pipe.write(bytes);
    if (waitingBytes <= MAX_BACKLOG_BYTES) return;
    const expected = `at most ${MAX_BACKLOG_BYTES / 1024} KiB that wait`;
    void this.#end(
      new WeirError('push-failed', 'The server does not read what it is sent', { place: pipe.remote, expected }),
    );
  }

  async #connect(url: RtspUrl): Promise<void> {
    this.#leave();
    const connecting: State = { kind: 'connecting' };
    this.#state = connecting;
    const { clock, timeoutMs, connect } = this.#options;
    let pipe: BytePipe;
    try {
      pipe = await connect(url, { timeoutMs, clock, signal: this.#connecting.signal });
    } catch (error) {
      // Its abort comes from our own end, which is then under way.
      if (this.#state === connecting) await this.#end(notConnected(error, url));
      return;
    }
    if (this.#state !== connecting) return pipe.destroy();
    try {
      this.#opened(pipe);
    } catch (error) {
      // Nobody waits for this call: a fault of ours ends the session as what it is.
      await this.#end(error);
    }
  }

  #opened(pipe: BytePipe): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const connection: Connection = {
      pipe,
      closed: promise,
      framer: new RtspFramer(),
      backlog: new AnswerBacklog(),
      ways: [],
    };
    this.#state = { kind: 'open', connection };
    pipe.handle({
      data: (chunk) => {
        if (this.#connection === connection) this.#push({ kind: 'units', units: connection.framer.push(chunk) });
      },
      drain: () => {},
      close: () => {
        resolve();
        if (this.#connection === connection) this.#push({ kind: 'closed' });
      },
    });
    this.#push({ kind: 'connected' });
  }

  /** Lets go of the open connection, if there is one: what waits for it is sent, for a little while. */
  #leave(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { pipe, closed } = connection;
    pipe.close();
    const timer = this.#options.clock.after(CLOSE_WAIT_MS, () => pipe.destroy());
    this.#closing.push(closed.then(() => timer.cancel()));
  }

  async #end(error: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#leave();
    this.#state = { kind: 'over' };
    this.#wake?.cancel();
    this.#connecting.abort();
    await Promise.all([...this.#closing, ...this.#pairs.map((pair) => pair.close())]);
    this.#ended.resolve(error);
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
