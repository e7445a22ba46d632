/** The RTSP server: listens, and ticks for all of its connections, so that none has a timer of its own. */
import type { Access } from '../../auth/access.ts';
import type { WrongPasswordLimiter } from '../../auth/wrong-password-limiter.ts';
import { delay, type Clock, type Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { MetricSink } from '../../base/metrics.ts';
import type { ListenAddress, MulticastSettings, RtspTlsSettings, UdpSettings } from '../../config/settings.ts';
import { randomHex } from '../../core/bytes/hex.ts';
import { WeirError } from '../../core/errors.ts';
import type { Hash } from '../../core/rtsp/digest/challenge.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import { SessionTable } from '../../core/rtsp/server/session-table.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import type { CertificateFiles } from '../../net/certificate.ts';
import { TunnelDoor } from '../../net/http-tunnel-door.ts';
import { listenTcp, type TcpListener } from '../../net/tcp.ts';
import type { StreamRegistry } from '../../stream/stream.ts';
import { Admission } from './admission.ts';
import { ClosedCounts } from './closed-counts.ts';
import { RtspConnection } from './connection.ts';
import { openDatagramPorts, type DatagramPorts } from './datagram-ports.ts';
import { Descriptions } from './descriptions.ts';
import { Layouts } from './layouts.ts';
import { Login } from './login.ts';
import type { OpenConnection } from './open-connection.ts';
import { ReaderTotals } from './reader-totals.ts';
import { Redirects } from './redirects.ts';
import { readRtspMetrics } from './rtsp-metrics.ts';
import type { ServerParts } from './server-parts.ts';
import { SessionList, type RtspSessionStatus } from './session-status.ts';
import type { Door } from './session-transport.ts';
import { TlsDoor } from './tls-door.ts';
import { UdpViews } from './udp-views.ts';

export interface RtspServerOptions {
  readonly listen: ListenAddress;
  /** Undefined: no TLS. */
  readonly tls?: RtspTlsSettings | undefined;
  /** Undefined: media flows inside RTSP connections only. */
  readonly udp?: UdpSettings | undefined;
  readonly multicast?: MulticastSettings | undefined;
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

/** What is there before the server is. */
interface Opened {
  readonly ports: DatagramPorts;
  readonly cname: string;
  readonly totals: ReaderTotals;
}

/** Those of tunnels included. More are closed as they come. */
export const MAX_CONNECTIONS = 10_000;
/** What a closing server gives its peers to take what waits for them. */
export const SERVER_CLOSE_MS = 500;

const TICK_MS = 1000;

export class RtspServer {
  readonly #options: RtspServerOptions;
  readonly #connections = new Set<RtspConnection>();
  readonly #sessions: SessionList;
  readonly #redirects = new Redirects();
  readonly #admission = new Admission<OpenConnection>();
  readonly #parts: ServerParts;
  readonly #listener: TcpListener;
  readonly #ports: DatagramPorts;
  readonly #timer: Timer;
  #tls: TlsDoor | undefined;
  #refused = 0;
  #closed: Promise<void> | undefined;

  /** Errors: `port-in-use`, `listen-refused`, `certificate-unusable`. */
  static async listen(options: RtspServerOptions): Promise<RtspServer> {
    const early: BytePipe[] = [];
    let accept = (pipe: BytePipe): void => void early.push(pipe);
    const listener = await listenTcp({ ...options.listen, accept: (pipe) => accept(pipe) });
    const server = await RtspServer.#on(listener, options);
    accept = (pipe) => server.accept(pipe, 'tcp');
    early.forEach(accept);
    return server;
  }

  static async #on(listener: TcpListener, options: RtspServerOptions): Promise<RtspServer> {
    const cname = `weir-${randomHex(options.random, 12)}`;
    const { tls, udp, multicast, clock, log } = options;
    let server: RtspServer | undefined;
    try {
      const totals = new ReaderTotals();
      const ports = await openDatagramPorts({ host: listener.host, udp, multicast, clock, log, cname, totals });
      const opened = new RtspServer(options, listener, { ports, cname, totals });
      server = opened;
      const accept = (pipe: BytePipe): void => opened.accept(pipe, 'tls');
      const failed = (): void => opened.#parts.closed.count('rtsp-malformed');
      opened.#tls = tls && (await TlsDoor.open({ settings: tls, clock, log, accept, failed }));
      return opened;
    } catch (error) {
      await (server ?? listener).close();
      throw error;
    }
  }

  private constructor(options: RtspServerOptions, listener: TcpListener, { ports, cname, totals }: Opened) {
    const { access, limiter, clock, hash, random, registry, log } = options;
    this.#options = options;
    this.#listener = listener;
    this.#ports = ports;
    this.#sessions = new SessionList(this.#connections, () => randomHex(random, 12));
    this.#parts = {
      registry,
      clock,
      log,
      login: new Login({ access, limiter, clock, hash, secret: randomHex(random, 64) }),
      table: new SessionTable(() => randomHex(random, 24)),
      descriptions: new Descriptions(Math.floor(clock.utcMs() / 1000), listener.host),
      redirects: this.#redirects,
      admission: this.#admission,
      closed: new ClosedCounts(),
      faults: { garbageBytes: 0, strayFrames: 0 },
      layouts: new Layouts(),
      udp: ports.udp,
      multicast: ports.multicast,
      views: new UdpViews(),
      totals,
      cname,
      receiverSsrc: Math.floor(random() * 2 ** 32),
      tunnels: new TunnelDoor({ clock, accept: (pipe) => this.accept(pipe, 'tunnel') }),
      connectionOf: (session) => [...this.#connections].find((connection) => connection.sessions.has(session)),
    };
    this.#timer = clock.every(TICK_MS, () => this.#tick());
  }

  get address(): ListenAddress {
    return { host: this.#listener.host, port: this.#listener.port };
  }

  /** Undefined: no TLS. */
  get tlsAddress(): ListenAddress | undefined {
    return this.#tls?.address;
  }

  /** Looks whether the certificate's files changed, as it does by itself from time to time. */
  async checkCertificate(): Promise<void> {
    await this.#tls?.check();
  }

  /** The configuration was read again; the address stays. */
  async applyCertificate(files: CertificateFiles | undefined): Promise<void> {
    if (files !== undefined) await this.#tls?.apply(files);
  }

  /** Open connections, and those turned away, for metrics. */
  get connections(): { readonly open: number; readonly refused: number } {
    return { open: this.#connections.size, refused: this.#refused };
  }

  sessions(): readonly RtspSessionStatus[] {
    return this.#sessions.all();
  }

  /** Ends a session by its id in `sessions`: a reader gets BYE, and a connection closes with its last session. False: there is none. */
  endSession(id: string): boolean {
    const found = this.#sessions.find(id);
    found?.connection.endSession(found.session, new WeirError('session-ended', 'Ended over the API'));
    return found !== undefined;
  }

  /**
   * Sends the readers of a stream to another URL: those that are there now, by REDIRECT, and those that come, by 302. Undefined: it is served
   * here again. Returns how many were sent away. Error: `limit-reached`.
   */
  redirect(stream: string, to: string | undefined): number {
    if (!this.#redirects.set(stream, to)) throw new WeirError('limit-reached', 'Too many streams are served elsewhere');
    return to === undefined ? 0 : this.#sendAway((session) => session.purpose === 'play' && session.stream === stream);
  }

  /** The same of everybody, to a server without a path; publishers cannot be told where to, and are ended. */
  drain(to: string | undefined): number {
    this.#redirects.all = to;
    return to === undefined ? 0 : this.#sendAway(() => true);
  }

  /** Where everybody is being sent; undefined: nowhere. */
  get drainedTo(): string | undefined {
    return this.#redirects.all;
  }

  #sendAway(which: (session: ServerSession) => boolean): number {
    let count = 0;
    for (const connection of this.#connections) {
      for (const session of [...connection.sessions].filter(which)) {
        const to = this.#redirects.forReaders(session.stream);
        if (session.purpose === 'play' && to !== undefined) connection.redirect(session, to);
        else connection.endSession(session, new WeirError('moved', 'The stream is served elsewhere'));
        count += 1;
      }
    }
    return count;
  }

  readMetrics(sink: MetricSink): void {
    const { udp, multicast } = this.#ports;
    const { totals, closed, faults } = this.#parts;
    const [connections, sessions] = [this.connections, this.sessions()];
    const udpReaders = udp?.readers;
    readRtspMetrics({ connections, closed: closed.all(), faults, sessions, totals, udpReaders, multicast }, sink);
  }

  /** Readers get BYE, what waits for them is sent for SERVER_CLOSE_MS at most; then everything is closed. Idempotent. */
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
    await Promise.race([Promise.all(gone), delay(this.#options.clock, SERVER_CLOSE_MS, waited.signal)]);
    waited.abort();
    for (const { pipe } of this.#connections) pipe.destroy();
    await Promise.all([this.#listener.close(), this.#tls?.close(), this.#ports.close()]);
  }

  /** Takes a connection over, also one that came to another server: a WebSocket. */
  accept(pipe: BytePipe, door: Door): void {
    const open = this.#connections.size + this.#parts.tunnels.open;
    if (open >= MAX_CONNECTIONS || this.#closed !== undefined) {
      this.#refused += 1;
      pipe.destroy();
      return;
    }
    const connection = new RtspConnection(pipe, this.#parts, door);
    this.#connections.add(connection);
    pipe.handle(connection);
    this.#admission.enter(connection)?.refuse(tooMany());
    void connection.gone.then(() => {
      this.#connections.delete(connection);
      this.#admission.leave(connection);
    });
  }

  #tick(): void {
    const nowMs = this.#options.clock.monoMs();
    for (const connection of this.#connections) connection.tick(nowMs);
    for (const connection of this.#admission.surplus()) connection.refuse(tooMany());
    this.#ports.multicast?.tick(nowMs);
  }
}

function tooMany(): WeirError {
  return new WeirError('limit-reached', 'Too many connections on which nobody said who he is');
}
