/** The RTSP server: listens, and ticks for all of its connections, so that none has a timer of its own. */
import type { Access } from '../../auth/access.ts';
import type { WrongPasswordLimiter } from '../../auth/wrong-password-limiter.ts';
import { delay, type Clock, type Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { ListenAddress } from '../../config/settings.ts';
import { randomHex } from '../../core/bytes/hex.ts';
import { WeirError } from '../../core/errors.ts';
import type { Hash } from '../../core/rtsp/digest/challenge.ts';
import { SessionTable } from '../../core/rtsp/server/session-table.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { listenTcp, type TcpListener } from '../../net/tcp.ts';
import type { StreamRegistry } from '../../stream/stream.ts';
import { RtspConnection } from './connection.ts';
import { Descriptions } from './descriptions.ts';
import { Layouts } from './layouts.ts';
import { Login } from './login.ts';
import type { ServerParts } from './server-parts.ts';
import { sessionStatus, type RtspSessionStatus } from './session-status.ts';

export interface RtspServerOptions {
  readonly listen: ListenAddress;
  readonly registry: StreamRegistry;
  readonly access: Access;
  /** Shared with HTTP: guessing is guessing. */
  readonly limiter: WrongPasswordLimiter;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1), unguessable: session ids, the secret of nonces. */
  readonly random: () => number;
  readonly hash: Hash;
}

/** More are closed as they come. */
export const MAX_CONNECTIONS = 10_000;
/** What a closing server gives its peers to take what waits for them. */
export const CLOSE_WAIT_MS = 500;

const TICK_MS = 1000;

export class RtspServer {
  readonly #options: RtspServerOptions;
  readonly #connections = new Set<RtspConnection>();
  readonly #parts: ServerParts;
  readonly #listener: TcpListener;
  readonly #timer: Timer;
  #refused = 0;
  #closed: Promise<void> | undefined;

  /** Errors: `port-in-use`, `listen-refused`. */
  static async listen(options: RtspServerOptions): Promise<RtspServer> {
    const early: BytePipe[] = [];
    let accept = (pipe: BytePipe): void => void early.push(pipe);
    const listener = await listenTcp({ ...options.listen, accept: (pipe) => accept(pipe) });
    const server = new RtspServer(options, listener);
    accept = (pipe) => server.#accept(pipe);
    early.forEach(accept);
    return server;
  }

  private constructor(options: RtspServerOptions, listener: TcpListener) {
    const { access, limiter, clock, hash, random, registry, log } = options;
    this.#options = options;
    this.#listener = listener;
    this.#parts = {
      registry,
      clock,
      log,
      login: new Login({ access, limiter, clock, hash, secret: randomHex(random, 64) }),
      table: new SessionTable(() => randomHex(random, 24)),
      descriptions: new Descriptions(Math.floor(clock.utcMs() / 1000), listener.host),
      layouts: new Layouts(),
      cname: `weir-${randomHex(random, 12)}`,
      receiverSsrc: Math.floor(random() * 2 ** 32),
      connectionOf: (session) => [...this.#connections].find((connection) => connection.sessions.has(session)),
    };
    this.#timer = clock.every(TICK_MS, () => this.#tick());
  }

  get address(): ListenAddress {
    return { host: this.#listener.host, port: this.#listener.port };
  }

  /** Open connections, and those turned away, for metrics. */
  get connections(): { readonly open: number; readonly refused: number } {
    return { open: this.#connections.size, refused: this.#refused };
  }

  sessions(): readonly RtspSessionStatus[] {
    return [...this.#connections].flatMap((connection) =>
      [...connection.sessions].map((session) => sessionStatus(connection, session)),
    );
  }

  /** Readers get BYE, what waits for them is sent for CLOSE_WAIT_MS at most; then everything is closed. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#timer.cancel();
    const error = new WeirError('shutting-down', 'weir is shutting down');
    const gone = [...this.#connections].map((connection) => {
      for (const session of connection.sessions) connection.endSession(session, error);
      connection.pipe.close();
      return connection.gone;
    });
    const waited = new AbortController();
    await Promise.race([Promise.all(gone), delay(this.#options.clock, CLOSE_WAIT_MS, waited.signal)]);
    waited.abort();
    await this.#listener.close();
  }

  #accept(pipe: BytePipe): void {
    if (this.#connections.size >= MAX_CONNECTIONS || this.#closed !== undefined) {
      this.#refused += 1;
      pipe.destroy();
      return;
    }
    const connection = new RtspConnection(pipe, this.#parts);
    this.#connections.add(connection);
    pipe.handle(connection);
    void connection.gone.then(() => this.#connections.delete(connection));
  }

  #tick(): void {
    const nowMs = this.#options.clock.monoMs();
    for (const connection of this.#connections) connection.tick(nowMs);
  }
}
