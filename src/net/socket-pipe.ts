/** A socket of Node as a byte pipe: TCP, and TLS on it. */
import type { Socket } from 'node:net';
import type { BytePipe, PipeHandler } from './byte-pipe.ts';
import { hostPort, plainAddress } from './host-port.ts';

/** What a peer may say before it is listened to. */
const EARLY_BYTES_MAX = 64 * 1024;
/** Dead peers (power cut, cable) are noticed by the system's probes at the latest. */
const KEEP_ALIVE_MS = 30_000;

export class SocketPipe implements BytePipe {
  readonly remote: string;
  readonly remoteAddress: string;
  readonly localAddress: string | undefined;
  readonly #socket: Socket;
  #error: Error | undefined;
  #handler: PipeHandler | undefined;
  /** Came before there was a handler. */
  #early: Buffer[] = [];
  #earlyBytes = 0;

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
