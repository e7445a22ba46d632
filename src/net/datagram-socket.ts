/** One UDP socket that is bound: what goes out, bounded, and what comes in. */
import type { RemoteInfo, Socket } from 'node:dgram';
import { WeirError } from '../core/errors.ts';
import { plainAddress } from './host-port.ts';

export interface UdpAddress {
  /** A literal address; IPv4 as such, never mapped into IPv6. */
  readonly host: string;
  readonly port: number;
}

export interface UdpSocket {
  readonly port: number;
  /** Datagrams that the system was not given: too much waited for it, or the port was none. */
  readonly unsent: number;
  /**
   * Hands a datagram (a list goes out as one) to the system. It must not change until it is sent: shared, frozen buffers. Never throws: what the
   * system does not take (no buffer, no route) is lost as the network loses it. `sent` is told of that, which costs a quarter of the sending.
   */
  send(datagram: Uint8Array | readonly Uint8Array[], to: UdpAddress, sent?: (error: Error | null) => void): void;
  /** Who is told of each datagram: a buffer of its own, which may be kept. */
  handle(receive: (datagram: Uint8Array, from: UdpAddress) => void): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What waits in a socket whose network is slower than what is sent: the system's buffer is full, and Node queues without a bound. */
export const MAX_WAITING_BYTES = 4 * 1024 * 1024;

const TOO_MUCH_WAITS = new WeirError('limit-reached', `More than ${MAX_WAITING_BYTES} bytes wait in a UDP socket`);
const NO_PORT = new WeirError('transport-unsupported', 'A datagram needs a port', { expected: '1 to 65535' });

export class DatagramSocket implements UdpSocket {
  readonly port: number;
  readonly #socket: Socket;
  #unsent = 0;
  #closed: Promise<void> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    // Of datagrams: whoever has to know of a dead peer hears nothing from it.
    socket.on('error', () => {});
  }

  get unsent(): number {
    return this.#unsent;
  }

  send(datagram: Uint8Array | readonly Uint8Array[], to: UdpAddress, sent?: (error: Error | null) => void): void {
    if (this.#closed !== undefined) return;
    const error = this.#obstacle(to);
    if (error === undefined) {
      this.#socket.send(datagram, to.port, to.host, sent);
      return;
    }
    this.#unsent += 1;
    sent?.(error);
  }

  handle(receive: (datagram: Uint8Array, from: UdpAddress) => void): void {
    this.#socket.on('message', (datagram: Buffer, { address, port }: RemoteInfo) => {
      receive(datagram, { host: plainAddress(address), port });
    });
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#closed = promise;
      this.#socket.close(() => resolve());
    }
    return this.#closed;
  }

  /** Peers name ports in text (`server_port=5000-0`) and send from port 0: Node throws at those. */
  #obstacle({ port }: UdpAddress): WeirError | undefined {
    if (!(port >= 1 && port <= 65_535)) return NO_PORT;
    return this.#socket.getSendQueueSize() > MAX_WAITING_BYTES ? TOO_MUCH_WAITS : undefined;
  }
}
