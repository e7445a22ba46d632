/**
 * The HTTP server: one listener, media requests answered by plain code before the framework sees them, everything else by the framework.
 *
 *     request ─▶ host name known? ─▶ /{stream}/{view} ─▶ media frame (rights, CORS) ─▶ MediaHandler
 *                                └─▶ everything else ──▶ API, health, metrics, page
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Access } from '../../auth/access.ts';
import type { WrongPasswordLimiter } from '../../auth/wrong-password-limiter.ts';
import type { Log } from '../../base/log.ts';
import type { AccessSettings, ListenAddress } from '../../config/settings.ts';
import { WeirError } from '../../core/errors.ts';
import { hostPort } from '../../net/host-port.ts';
import { openApi } from './api/api.ts';
import type { ApiContext } from './api/api-context.ts';
import { Authenticator } from './authenticator.ts';
import { HostCheck } from './host-check.ts';
import { HttpCounts } from './http-counts.ts';
import { MediaFrame } from './media-frame.ts';
import type { MediaHandler } from './media-handler.ts';
import { asWeirError, problemOf, sendProblem } from './problem.ts';
import { readStorageMetrics, readStreamMetrics } from './stream-metrics.ts';
import type { StorageCounts } from './stream-metrics.ts';
import { parseViewPath } from './url-table.ts';
import type { ViewPath } from './url-table.ts';

export interface HttpServerOptions extends Omit<ApiContext, 'authenticator' | 'isOwnOrigin'> {
  readonly listen: ListenAddress;
  /** `http.hosts`, lower case. */
  readonly hosts: readonly string[];
  readonly access: Access;
  /** Which of the three kinds of access it is. */
  readonly accessKind: AccessSettings['kind'];
  readonly limiter: WrongPasswordLimiter;
  readonly log: Log;
  readonly media: MediaHandler;
  /** What each storage counts of itself, by name: for metrics. */
  readonly storageCounts: () => ReadonlyMap<string, StorageCounts>;
  /** Folder of the built page; it need not be there yet. Undefined: no page. */
  readonly pageFolder: string | undefined;
  /** Who takes connections over that want to speak something else. */
  readonly upgrades: Upgrades;
}

export interface Upgrades {
  /** Whether the request is for it; any other `Upgrade` is ignored (RFC 9110 §7.8). */
  readonly wants: (request: IncomingMessage) => boolean;
  readonly take: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Request line and headers together. Browsers send up to 8 KB. */
const MAX_HEAD_BYTES = 16 * 1024;
const MAX_URL_LENGTH = 4096;
const MAX_HEADERS = 100;
const MAX_CONNECTIONS = 20_000;
const HEAD_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than players wait between two requests, and than proxies keep theirs. */
const KEEP_ALIVE_MS = 75_000;
/** A client that takes nothing of an answer for so long is gone. */
const STALLED_MS = 60_000;
/** How long answers under way may take once the server closes. */
const CLOSE_MS = 2000;

export class HttpServer {
  readonly address: ListenAddress;
  readonly #server: Server;
  readonly #app: FastifyInstance;
  readonly #hosts: HostCheck;
  #closed: Promise<void> | undefined;

  private constructor(server: Server, app: FastifyInstance, hosts: HostCheck, address: ListenAddress) {
    this.#server = server;
    this.#app = app;
    this.#hosts = hosts;
    this.address = address;
  }

  /** Throws `port-in-use`, `listen-refused`. */
  static async listen(options: HttpServerOptions): Promise<HttpServer> {
    const server = createServer({
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5000,
      noDelay: true,
      shouldUpgradeCallback: options.upgrades.wants,
    });
    server.maxHeadersCount = MAX_HEADERS;
    server.maxConnections = MAX_CONNECTIONS;
    server.timeout = STALLED_MS;
    server.on('clientError', refuseUnreadable);

    const authenticator = new Authenticator(options.access, options.limiter);
    const hosts = new HostCheck(options.listen, options.hosts, options.accessKind);
    const door = new FrontDoor(options, authenticator, hosts);
    server.on('upgrade', (request, socket, head) => door.upgrade(request, socket, head));
    const app = await openApi({
      ...options,
      authenticator,
      isOwnOrigin: (origin) => hosts.isOwnOrigin(origin),
      serverFactory: (api) => server.on('request', (request, response) => door.enter(request, response, api)),
    });
    options.metrics.addReader((sink) => {
      sink.set('weir_build_info', { version: options.version, node: process.versions.node }, 1);
      sink.set('weir_wrong_password_refusals_total', {}, options.limiter.refused);
      door.counts.read(sink);
      readStreamMetrics(options.registry, options.recordingOf, sink);
      readStorageMetrics(options.storageCounts(), sink);
    });
    return new HttpServer(server, app, hosts, await listen(server, options.listen));
  }

  /** Takes up a changed `http.hosts`. */
  setHosts(hosts: readonly string[]): void {
    this.#hosts.setHosts(hosts);
  }

  /** Takes no more connections, lets answers under way end for a moment, then cuts what is left. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => this.#server.closeAllConnections(), CLOSE_MS);
    await promise;
    clearTimeout(cut);
    await this.#app.close();
  }
}

/** Sends each request its way, and answers what goes wrong on it. */
class FrontDoor {
  readonly counts = new HttpCounts();
  readonly #hosts: HostCheck;
  readonly #media: MediaFrame;
  readonly #realm: string;
  readonly #log: Log;
  readonly #upgrades: Upgrades;

  constructor(options: HttpServerOptions, authenticator: Authenticator, hosts: HostCheck) {
    this.#hosts = hosts;
    this.#realm = authenticator.realm;
    this.#log = options.log;
    this.#upgrades = options.upgrades;
    const { registry, media } = options;
    const local = options.accessKind === 'local';
    this.#media = new MediaFrame({ authenticator, registry, handler: media, local, hosts });
  }

  enter(
    request: IncomingMessage,
    response: ServerResponse,
    api: (request: IncomingMessage, response: ServerResponse) => void,
  ): void {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    try {
      if (url.length > MAX_URL_LENGTH) {
        throw new WeirError('head-too-long', 'The URL is too long', {
          expected: `at most ${MAX_URL_LENGTH} characters`,
        });
      }
      // Health tells nothing, and whoever probes it does not know our names.
      if (path !== '/healthz' && path !== '/readyz' && !this.#hosts.allows(request.headers.host)) {
        throw new WeirError('host-unknown', `The host name '${request.headers.host ?? ''}' is not answered to here`);
      }
      const view = parseViewPath(path);
      this.counts.watch(response, view === undefined ? areaOf(path) : 'media');
      if (view === undefined) api(request, response);
      else void this.#answerMedia(request, response, view, mark < 0 ? '' : url.slice(mark + 1));
    } catch (thrown) {
      this.#fail(request, response, thrown);
    }
  }

  /**
   * A browser lets any page open a WebSocket to anywhere, and says in Origin only which page it was: where nobody has to say who he is, that is
   * all that stands between a page from elsewhere and the streams.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { host, origin } = request.headers;
    const error = !this.#hosts.allows(host)
      ? new WeirError('host-unknown', `The host name '${host ?? ''}' is not answered to here`)
      : origin !== undefined && !this.#hosts.isOwnOrigin(origin)
        ? new WeirError('forbidden', `Pages of ${origin} may not do that`)
        : undefined;
    if (error === undefined) this.#upgrades.take(request, socket, head);
    // Its socket is no longer the HTTP server's to close.
    else
      socket
        .on('error', () => {})
        .once('finish', () => socket.destroy())
        .end(bareProblem(error));
  }

  async #answerMedia(request: IncomingMessage, response: ServerResponse, view: ViewPath, query: string): Promise<void> {
    try {
      await this.#media.answer(request, response, view, query);
    } catch (thrown) {
      this.#fail(request, response, thrown);
    }
  }

  #fail(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    const error = asWeirError(thrown);
    if (error.code === 'internal') this.#log.error({ error: thrown, path: request.url }, 'an HTTP request failed');
    // A body that nobody reads must not stand in the way of the next request.
    request.resume();
    sendProblem(response, error, this.#realm);
  }
}

function areaOf(path: string): 'api' | 'page' {
  return /^\/(?:api|metrics|healthz|readyz)(?:\/|$)/.test(path) ? 'api' : 'page';
}

/** What is no HTTP, or too much of it: answered on the bare socket, since there is no request. */
function refuseUnreadable(cause: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || cause.code === 'ECONNRESET') return void socket.destroy();
  socket.end(bareProblem(unreadable(cause)));
}

/** A whole answer, for a socket that has no response. */
function bareProblem(error: WeirError): string {
  const body = JSON.stringify(problemOf(error));
  return `HTTP/1.1 ${error.row.http} ${error.row.title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

function unreadable(cause: NodeJS.ErrnoException): WeirError {
  if (cause.code === 'HPE_HEADER_OVERFLOW') {
    return new WeirError('head-too-long', 'The head of the request is too long', {
      expected: `at most ${MAX_HEAD_BYTES} bytes`,
    });
  }
  if (cause.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new WeirError('request-malformed', 'The request did not come to an end in time');
  }
  return new WeirError('request-malformed', 'This is not HTTP');
}

function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  const { promise, resolve, reject } = Promise.withResolvers<ListenAddress>();
  const refused = (cause: NodeJS.ErrnoException): void => {
    const detail = { place: `http.listen ${hostPort(address.host, address.port)}`, cause };
    if (cause.code === 'EADDRINUSE') reject(new WeirError('port-in-use', 'Another program listens there', detail));
    else reject(new WeirError('listen-refused', `Cannot listen (${cause.code ?? cause.message})`, detail));
  };
  server.once('error', refused);
  server.listen(address, () => {
    server.off('error', refused);
    // A connection that could not be accepted (too many files open) is lost alone.
    server.on('error', () => {});
    // A string only for a pipe of the file system, null only before listening.
    const { address: host, port } = server.address() as AddressInfo;
    resolve({ host, port });
  });
  return promise;
}
