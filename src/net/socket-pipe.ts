/** A socket of Node as a byte pipe: TCP, and TLS on it. */
import type { Socket } from 'node:net';
import type { BytePipe, PipeHandler } from './byte-pipe.ts';
import { hostPort, plainAddress } from './host-port.ts';
import { PipeEar } from './pipe-ear.ts';

/** Dead peers (power cut, cable) are noticed by the system's probes at the latest. */
const KEEP_ALIVE_MS = 30_000;

export class SocketPipe implements BytePipe {
  readonly remote: string;
  readonly remoteAddress: string;
  readonly localAddress: string | undefined;
  readonly #socket: Socket;
  readonly #ear = new PipeEar();
  #error: Error | undefined;
  #listening = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddress = plainAddress(socket.remoteAddress ?? 'gone');
    this.localAddress = socket.localAddress === undefined ? undefined : plainAddress(socket.localAddress);
    this.remote = hostPort(this.remoteAddress, socket.remotePort ?? 0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#ear.close(this.#error));
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
    const socket = this.#socket;
    if (socket.closed) this.#ear.close(this.#error);
    this.#ear.handle(handler);
    if (this.#listening) return;
    this.#listening = true;
    socket.on('data', (chunk: Buffer) => this.data(chunk));
    socket.on('drain', () => this.#ear.drain());
  }

  /** Where a connection reads without the stream's own buffers. */
  data(chunk: Buffer): void {
    if (!this.#ear.data(chunk)) this.destroy();
  }

  close(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
