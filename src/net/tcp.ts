/** TCP as byte pipes: connecting, listening. */
import { createServer, Socket, type AddressInfo, type Server } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import type { BytePipe, PipeHandler } from './byte-pipe.ts';

/**
 * Into which every connection that we opened is read, one after the other: a chunk is a view that is used up before its handler returns.
 * A buffer a read, as streams do it, was more than half of the CPU of a pulled camera, in the garbage collector. Accepted connections
 * have no such option in Node.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);
/** What a peer may say before it is listened to. */
const EARLY_BYTES_MAX = 64 * 1024;

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Errors: `source-unreachable`, `source-host-unknown`, `source-timeout`; the signal's reason if it aborted. */
export function connectTcp(options: ConnectOptions): Promise<BytePipe> {
  const { host, port, timeoutMs, clock, signal } = options;
  const place = hostPort(host, port);
  const { promise, resolve, reject } = Promise.withResolvers<BytePipe>();
  if (signal.aborted) return Promise.reject(signal.reason);
  let pipe: TcpPipe | undefined;
  const socket = new Socket({
    onread: {
      buffer: READ_BUFFER,
      callback: (length) => {
        pipe?.data(READ_BUFFER.subarray(0, length));
        return true;
      },
    },
  });
  const timer = clock.after(timeoutMs, () => {
    fail(new WeirError('source-timeout', `No connection within ${timeoutMs} ms`, { place }));
  });
  const fail = (error: unknown): void => {
    settle();
    socket.on('error', () => {});
    socket.destroy();
    reject(error);
  };
  const refused = (cause: NodeJS.ErrnoException): void => {
    const nameless = cause.code === 'ENOTFOUND' || cause.code === 'EAI_AGAIN';
    const code = nameless ? 'source-host-unknown' : 'source-unreachable';
    fail(new WeirError(code, `No connection: ${connectReason(cause)}`, { place, cause }));
  };
  const aborted = (): void => fail(signal.reason);
  const connected = (): void => {
    settle();
    pipe = new TcpPipe(socket);
    resolve(pipe);
  };
  const settle = (): void => {
    timer.cancel();
    signal.removeEventListener('abort', aborted);
    socket.off('error', refused).off('connect', connected);
  };
  signal.addEventListener('abort', aborted);
  socket.once('error', refused).once('connect', connected);
  socket.connect({ host, port });
  return promise;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Told of each connection; it calls `handle` on the pipe at once. */
  readonly accept: (pipe: BytePipe) => void;
}

export interface TcpListener {
  readonly host: string;
  readonly port: number;
  /** Accepts no more and destroys what is still open. Idempotent. */
  close(): Promise<void>;
}

/** Errors: `port-in-use`, `listen-refused`. */
export function listenTcp(options: ListenOptions): Promise<TcpListener> {
  const { host, port, accept } = options;
  const { promise, resolve, reject } = Promise.withResolvers<TcpListener>();
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    accept(new TcpPipe(socket));
  });
  server.once('error', (cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'EADDRINUSE' ? 'port-in-use' : 'listen-refused';
    const detail = { place: hostPort(host, port), cause };
    reject(
      new WeirError(
        code,
        code === 'port-in-use' ? 'Another program listens there' : `Cannot listen: ${cause.code}`,
        detail,
      ),
    );
  });
  server.listen({ host, port }, () => {
    // What goes wrong from here on (too many files open) concerns one connection that was not accepted, not the listener.
    server.removeAllListeners('error').on('error', () => {});
    resolve(listenerOf(server, open));
  });
  return promise;
}

/** 'host:port', IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

function listenerOf(server: Server, open: ReadonlySet<Socket>): TcpListener {
  // A string only for pipes of the file system, null only before listening: neither can be here.
  const { address: host, port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    for (const socket of open) socket.destroy();
    return promise;
  };
  return { host, port, close: () => (closed ??= close()) };
}

function connectReason(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to the host';
    case 'ETIMEDOUT':
      return 'the host does not answer';
    case undefined:
    default:
      return error.code ?? 'the connection failed';
  }
}

/** Dead peers (power cut, cable) are noticed by the system's probes at the latest. */
const KEEP_ALIVE_MS = 30_000;

class TcpPipe implements BytePipe {
  readonly remote: string;
  readonly remoteAddress: string;
  readonly #socket: Socket;
  #error: Error | undefined;
  #handler: PipeHandler | undefined;
  /** Came before there was a handler. */
  #early: Buffer[] = [];
  #earlyBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddress = (socket.remoteAddress ?? 'gone').replace(/^::ffff:(?=\d+\.)/, '');
    this.remote = hostPort(this.remoteAddress, socket.remotePort ?? 0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', (error) => {
      this.#error = error;
    });
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  get closed(): boolean {
    return this.#socket.destroyed || this.#socket.writableEnded;
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (this.closed) return false;
    if (bytes instanceof Uint8Array) return socket.write(bytes);
    let room = true;
    socket.cork();
    for (const piece of bytes) room = socket.write(piece);
    socket.uncork();
    return room;
  }

  handle(handler: PipeHandler): void {
    const first = this.#handler === undefined;
    this.#handler = handler;
    const socket = this.#socket;
    if (socket.closed) {
      queueMicrotask(() => handler.close(this.#error));
      return;
    }
    if (!first) return;
    for (const chunk of this.#early.splice(0)) this.data(chunk);
    socket.on('data', (chunk: Buffer) => this.data(chunk));
    socket.on('drain', () => this.#handler?.drain());
    socket.on('close', () => this.#handler?.close(this.#error));
  }

  /** Where a connection reads without the stream's own buffers. */
  data(chunk: Buffer): void {
    if (this.#handler !== undefined) this.#handler.data(chunk);
    else if ((this.#earlyBytes += chunk.length) <= EARLY_BYTES_MAX) this.#early.push(Buffer.from(chunk));
    else this.destroy();
  }

  close(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
