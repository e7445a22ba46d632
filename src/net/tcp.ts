/** TCP as byte pipes: connecting, listening. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { WeirError } from '../core/errors.ts';
import type { BytePipe } from './byte-pipe.ts';
import { hostPort } from './host-port.ts';
import { openSocket, type ConnectOptions } from './open-socket.ts';
import { SocketPipe } from './socket-pipe.ts';

/** Errors: `source-unreachable`, `source-host-unknown`, `source-timeout`; the signal's reason if it aborted. */
export function connectTcp(options: ConnectOptions): Promise<BytePipe> {
  const { host, port } = options;
  return openSocket(options, {
    dial: (onread) => connect({ host, port, onread }),
    ready: 'connect',
    objection: () => undefined,
  });
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
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    options.accept(new SocketPipe(socket));
  });
  return startListening(server, options, open);
}

/** What TCP and TLS share of listening. `open`: what `close` destroys. */
export function startListening(
  server: Server,
  { host, port }: Pick<ListenOptions, 'host' | 'port'>,
  open: ReadonlySet<Socket>,
): Promise<TcpListener> {
  const { promise, resolve, reject } = Promise.withResolvers<TcpListener>();
  server.once('error', (cause: NodeJS.ErrnoException) => {
    const detail = { place: hostPort(host, port), cause };
    if (cause.code === 'EADDRINUSE') reject(new WeirError('port-in-use', 'Another program listens there', detail));
    else reject(new WeirError('listen-refused', `Cannot listen: ${cause.code}`, detail));
  });
  server.listen({ host, port }, () => {
    // What goes wrong from here on (too many files open) concerns one connection that was not accepted, not the listener.
    server.removeAllListeners('error').on('error', () => {});
    resolve(listenerOf(server, open));
  });
  return promise;
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
