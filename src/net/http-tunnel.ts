/**
 * RTSP through HTTP, the client's end: what a camera behind a proxy or with nothing but port 80 offers (Axis, Dahua; ONVIF Streaming §5.1.1.5).
 *
 *     GET  ──▶ 200, then what the server says, as it is          POST ──▶ what we say, in base64; never answered
 */
import type { Clock } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import type { ChallengeKind, ClientLogin } from '../core/rtsp/client/client-login.ts';
import { HttpHeadReader, type HttpResponseHead } from '../core/rtsp/tunnel/http-head.ts';
import type { BytePipe, PipeHandler } from './byte-pipe.ts';
import { PipeEar } from './pipe-ear.ts';

export interface TunnelOptions {
  /** A new connection to the server: TCP or TLS. */
  readonly connect: () => Promise<BytePipe>;
  /** For the Host header, and the place of errors. */
  readonly host: string;
  /** With its query. */
  readonly path: string;
  readonly userAgent: string;
  /** Unguessable: letters and digits. */
  readonly cookie: string;
  /** For this tunnel alone. */
  readonly login: ClientLogin;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Errors: those of `connect`; `source-timeout`, `source-unauthorized`, `source-refused`, `source-protocol`; the signal's reason if it aborted. */
export async function connectHttpTunnel(options: TunnelOptions): Promise<BytePipe> {
  const get = await openAuthorizedGet(options);
  const post = await connectOr(options, () => get.destroy());
  post.write(requestHead(options, 'POST', POST_HEADERS));
  return new ClientTunnel(get, post);
}

interface OpenedGet {
  readonly get: BytePipe;
  readonly head: HttpResponseHead;
}

const GET_HEADERS = ['Accept: application/x-rtsp-tunnelled', 'Pragma: no-cache', 'Cache-Control: no-cache'];
/** The length is QuickTime's: nobody counts, what is sent has no end. */
const POST_HEADERS = [
  'Content-Type: application/x-rtsp-tunnelled',
  'Pragma: no-cache',
  'Cache-Control: no-cache',
  'Content-Length: 32767',
  'Expires: Sun, 9 Jan 1972 00:00:00 GMT',
];

/** A GET for each challenge that there is an answer to: as often as `ClientLogin` has one. Cameras close the connection after a 401 (Axis). */
async function openAuthorizedGet(options: TunnelOptions): Promise<BytePipe> {
  const answered: ChallengeKind[] = [];
  for (;;) {
    const { get, head } = await openGet(options);
    if (head.status === 200) return get;
    get.destroy();
    const taken =
      head.status === 401 ? options.login.take(head.headers.getAll('WWW-Authenticate'), answered) : 'refused';
    if (typeof taken === 'string') throw refused(head.status, options.host);
    answered.push(taken.kind);
  }
}

async function openGet(options: TunnelOptions): Promise<OpenedGet> {
  const { clock, timeoutMs, signal, host } = options;
  const get = await options.connect();
  const { promise, resolve, reject } = Promise.withResolvers<OpenedGet>();
  const fail = (error: unknown): void => {
    get.destroy();
    reject(error);
  };
  const aborted = (): void => fail(signal.reason);
  const timer = clock.after(timeoutMs, () =>
    fail(new WeirError('source-timeout', `No answer to the GET of the tunnel within ${timeoutMs} ms`, { place: host })),
  );
  signal.addEventListener('abort', aborted);
  const reader = new HttpHeadReader();
  get.handle({
    data: (chunk) => {
      const read = reader.push(chunk);
      if (read === 'more') return;
      if (read instanceof WeirError)
        fail(new WeirError('source-protocol', read.describe(), { place: host, cause: read }));
      else if (read.head.kind === 'request')
        fail(new WeirError('source-protocol', 'The answer to the GET of the tunnel is no answer', { place: host }));
      else resolve({ get, head: read.head });
    },
    drain: () => {},
    close: (cause) =>
      fail(new WeirError('source-closed', 'The camera closed the GET of the tunnel', { place: host, cause })),
  });
  if (signal.aborted) aborted();
  get.write(requestHead(options, 'GET', GET_HEADERS));
  try {
    return await promise;
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', aborted);
  }
}

async function connectOr(options: TunnelOptions, undo: () => void): Promise<BytePipe> {
  try {
    return await options.connect();
  } catch (error) {
    undo();
    throw error;
  }
}

function requestHead(options: TunnelOptions, method: 'GET' | 'POST', headers: readonly string[]): Uint8Array {
  const authorization = options.login.authorization(method, options.path);
  const lines = [
    `${method} ${options.path} HTTP/1.0`,
    `Host: ${options.host}`,
    `User-Agent: ${options.userAgent}`,
    `x-sessioncookie: ${options.cookie}`,
    ...headers,
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
  ];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`);
}

function refused(status: number, place: string): WeirError {
  return status === 401
    ? new WeirError('source-unauthorized', 'The tunnel wants another user or password', { place })
    : new WeirError('source-refused', `The tunnel was refused with HTTP ${status}`, { place, expected: 'HTTP 200' });
}

/** Lasts as long as both of its connections. */
class ClientTunnel implements BytePipe {
  readonly #get: BytePipe;
  readonly #post: BytePipe;
  readonly #ear = new PipeEar();

  constructor(get: BytePipe, post: BytePipe) {
    this.#get = get;
    this.#post = post;
    get.handle({
      data: (chunk) => {
        if (!this.#ear.data(chunk)) this.destroy();
      },
      drain: () => {},
      close: (error) => {
        post.destroy();
        this.#ear.close(error);
      },
    });
    post.handle({ data: () => {}, drain: () => this.#ear.drain(), close: () => get.destroy() });
  }

  get remote(): string {
    return this.#get.remote;
  }

  get remoteAddress(): string {
    return this.#get.remoteAddress;
  }

  get localAddress(): string | undefined {
    return this.#get.localAddress;
  }

  get bufferedBytes(): number {
    return this.#post.bufferedBytes;
  }

  get closed(): boolean {
    return this.#post.closed || this.#get.closed;
  }

  /** Each write is encoded alone: the padding at its end is part of the scheme. */
  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    if (this.closed) return false;
    const whole = bytes instanceof Uint8Array ? bytes : Buffer.concat(bytes);
    return this.#post.write(
      Buffer.from(Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString('base64'), 'latin1'),
    );
  }

  handle(handler: PipeHandler): void {
    this.#ear.handle(handler);
  }

  /** What was written is sent first; the GET ends with the POST. */
  close(): void {
    this.#post.close();
  }

  destroy(): void {
    this.#post.destroy();
    this.#get.destroy();
  }
}
