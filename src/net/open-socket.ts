/** Opening a connection, in what TCP and TLS share: the time-out, the signal, what errors mean, and how it is read. */
import type { OnReadOpts, Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import type { BytePipe } from './byte-pipe.ts';
import { hostPort } from './host-port.ts';
import { SocketPipe } from './socket-pipe.ts';

/**
 * Into which every connection that we opened is read, one after the other: a chunk is a view that is used up before its handler returns.
 * A buffer a read, as streams do it, was more than half of the CPU of a pulled camera, in the garbage collector. Accepted connections
 * have no such option in Node.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Dialler<S extends Socket> {
  /** A socket that connects, and is read as `onread` says. */
  readonly dial: (onread: OnReadOpts) => S;
  /** What it says once it can be used. */
  readonly ready: 'connect' | 'secureConnect';
  /** Whether to use it; undefined: yes. */
  readonly objection: (socket: S) => WeirError | undefined;
}

/**
 * Errors: `source-unreachable`, `source-host-unknown`, `source-timeout`, `source-protocol` (no TLS), the objection; the signal's reason if it
 * aborted.
 */
export function openSocket<S extends Socket>(options: ConnectOptions, dialler: Dialler<S>): Promise<BytePipe> {
  const { host, port, timeoutMs, clock, signal } = options;
  const place = hostPort(host, port);
  const { promise, resolve, reject } = Promise.withResolvers<BytePipe>();
  if (signal.aborted) return Promise.reject(signal.reason);
  let pipe: SocketPipe | undefined;
  const socket = dialler.dial({
    buffer: READ_BUFFER,
    callback: (length) => {
      pipe?.data(READ_BUFFER.subarray(0, length));
      return true;
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
  const refused = (cause: NodeJS.ErrnoException): void => fail(connectError(cause, place));
  const aborted = (): void => fail(signal.reason);
  const ready = (): void => {
    const objection = dialler.objection(socket);
    if (objection !== undefined) return fail(objection);
    settle();
    pipe = new SocketPipe(socket);
    resolve(pipe);
  };
  const settle = (): void => {
    timer.cancel();
    signal.removeEventListener('abort', aborted);
    socket.off('error', refused).off(dialler.ready, ready);
  };
  signal.addEventListener('abort', aborted);
  socket.once('error', refused).once(dialler.ready, ready);
  return promise;
}

function connectError(cause: NodeJS.ErrnoException, place: string): WeirError {
  const detail = { place, cause };
  switch (cause.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new WeirError('source-host-unknown', 'No connection: the host name is not known', detail);
    case 'ECONNREFUSED':
      return unreachable('nothing listens there');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return unreachable('there is no route to the host');
    case 'ETIMEDOUT':
      return unreachable('the host does not answer');
    case undefined:
      return unreachable('the connection failed');
    default:
      if (!/^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(cause.code)) return unreachable(cause.code);
      return new WeirError('source-protocol', `No TLS: ${cause.code}`, { ...detail, expected: 'TLS 1.2 or later' });
  }
  function unreachable(reason: string): WeirError {
    return new WeirError('source-unreachable', `No connection: ${reason}`, detail);
  }
}
