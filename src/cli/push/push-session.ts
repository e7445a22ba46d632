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
import { bindUdpPair, type UdpPair } from '../../net/udp.ts';
import type { Dial } from '../../sources/rtsp/dial.ts';
import { CLOSE_WAIT_MS } from '../../sources/rtsp/rtsp-attempt.ts';
import { USER_AGENT } from '../../sources/rtsp/rtsp-source.ts';
import { AnswerBacklog } from './answer-backlog.ts';

export interface PushSessionOptions {
  readonly url: RtspUrl;
  readonly tracks: readonly TrackFormat[];
  readonly transport: 'tcp' | 'udp';
  readonly connect: Dial;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly hash: Hash;
  /** Unguessable: letters and digits. */
  readonly nonce: () => string;
}

/** A server that asks and asks and reads nothing is left once so much waits for it, whatever waits of media. */
export const MAX_BACKLOG_BYTES = 64 * 1024;

/** An open connection, and what is written into it. */
interface Connection {
  readonly pipe: BytePipe;
  readonly backlog: AnswerBacklog;
}

export class PushSession {
  readonly #options: PushSessionOptions;
  readonly #machine: PublishMachine;
  readonly #pairs: readonly UdpPair[];
  readonly #connecting = new AbortController();
  readonly #recording = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<WeirError | undefined>();
  #connection: Connection | undefined;
  #ways: readonly PublishWay[] = [];
  #wake: Timer | undefined;
  #over = false;

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
  }

  /** Resolves when the server records. Throws `push-*`, and `port-in-use`. */
  static async open(options: PushSessionOptions): Promise<PushSession> {
    const pairs = options.transport === 'udp' ? await bindPairs(options.tracks.length) : [];
    const session = new PushSession(options, pairs);
    session.#push({ kind: 'start' });
    const failed = session.ended.then((error) => {
      if (error !== undefined) throw error;
    });
    await Promise.race([session.#recording.promise, failed]);
    return session;
  }

  /** Resolves when all is closed: with what ended it, undefined after `close`. */
  get ended(): Promise<WeirError | undefined> {
    return this.#ended.promise;
  }

  /** Bytes that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#connection?.pipe.bufferedBytes ?? 0;
  }

  /** Whether what is sent goes anywhere: not while the server's redirect is followed. */
  get recording(): boolean {
    return this.#ways.length > 0;
  }

  /** `packet` may be used again at once. */
  send(track: number, part: 'rtp' | 'rtcp', packet: Uint8Array): void {
    const way = this.#ways[track];
    if (way === undefined || this.#over || this.#connection === undefined) return;
    const { pipe, backlog } = this.#connection;
    if (way.kind === 'interleaved') {
      const bytes = frame(part === 'rtp' ? way.rtpChannel : way.rtcpChannel, packet);
      backlog.media(bytes.length);
      pipe.write(bytes);
      return;
    }
    const port = part === 'rtp' ? way.rtpPort : way.rtcpPort;
    this.#pairs[track]?.[part].send(new Uint8Array(packet), { host: pipe.remoteAddress, port });
  }

  /** TEARDOWN, once what was sent is on its way; half a second at most. */
  async close(): Promise<void> {
    this.#push({ kind: 'stop' });
    await this.#ended.promise;
  }

  #push(input: PublishInput): void {
    if (this.#over) return;
    const nowMs = this.#options.clock.monoMs();
    for (const output of this.#machine.push(input, nowMs)) {
      this.#carryOut(output, nowMs);
      if (this.#over) return;
    }
  }

  #carryOut(output: PublishOutput, nowMs: number): void {
    switch (output.kind) {
      case 'connect':
        void this.#connect(output.url);
        return;
      case 'send':
        this.#say(output.bytes);
        return;
      case 'recording':
        this.#ways = output.ways;
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

  #say(bytes: Uint8Array): void {
    if (this.#connection === undefined) return;
    const { pipe, backlog } = this.#connection;
    const waitingBytes = backlog.answer(bytes.length, pipe.bufferedBytes);
    pipe.write(bytes);
    if (waitingBytes <= MAX_BACKLOG_BYTES) return;
    const expected = `at most ${MAX_BACKLOG_BYTES / 1024} KiB that wait`;
    void this.#end(
      new WeirError('push-failed', 'The server does not read what it is sent', { place: pipe.remote, expected }),
    );
  }

  async #connect(url: RtspUrl): Promise<void> {
    this.#connection?.pipe.close();
    this.#connection = undefined;
    this.#ways = [];
    const { clock, timeoutMs, connect } = this.#options;
    let pipe: BytePipe;
    try {
      pipe = await connect(url, { timeoutMs, clock, signal: this.#connecting.signal });
    } catch (error) {
      const place = redactUrl(url.requestUrl);
      const message = error instanceof WeirError ? error.message : 'No connection';
      await this.#end(new WeirError('push-failed', message, { place, cause: error }));
      return;
    }
    if (this.#over) {
      pipe.destroy();
      return;
    }
    const connection: Connection = { pipe, backlog: new AnswerBacklog() };
    this.#connection = connection;
    const framer = new RtspFramer();
    pipe.handle({
      data: (chunk) => {
        if (this.#connection === connection) this.#push({ kind: 'units', units: framer.push(chunk) });
      },
      drain: () => {},
      close: () => {
        if (this.#connection === connection) this.#push({ kind: 'closed' });
      },
    });
    this.#push({ kind: 'connected' });
  }

  async #end(error: WeirError | undefined): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#wake?.cancel();
    this.#connecting.abort();
    const pipe = this.#connection?.pipe;
    pipe?.close();
    this.#options.clock.after(CLOSE_WAIT_MS, () => pipe?.destroy());
    await Promise.all(this.#pairs.map((pair) => pair.close()));
    this.#ended.resolve(error);
  }
}

async function bindPairs(count: number): Promise<readonly UdpPair[]> {
  const pairs: UdpPair[] = [];
  try {
    while (pairs.length < count) pairs.push(await bindAny());
    return pairs;
  } catch (error) {
    await Promise.all(pairs.map((pair) => pair.close()));
    throw error;
  }
}

/** Of both families, where the machine has IPv6. */
function bindAny(): Promise<UdpPair> {
  return bindUdpPair('::').catch(() => bindUdpPair('0.0.0.0'));
}
