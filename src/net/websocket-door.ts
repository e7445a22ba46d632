/**
 * RTSP over WebSocket, the server's end (ONVIF Streaming §5.1.1.6): the sub-protocol `rtsp.onvif.org`, binary messages, whose borders mean nothing.
 * The framing is the library's (RFC 6455).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import type { BytePipe, PipeHandler } from './byte-pipe.ts';
import { hostPort, plainAddress } from './host-port.ts';
import { PipeEar } from './pipe-ear.ts';

export const RTSP_SUBPROTOCOL = 'rtsp.onvif.org';
/** A longer message is a fault: the connection is closed with 1009. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

export class WebSocketDoor {
  readonly #accept: (pipe: BytePipe) => void;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => RTSP_SUBPROTOCOL,
  });

  /** `accept` is told of each connection; it calls `handle` on the pipe at once. */
  constructor(accept: (pipe: BytePipe) => void) {
    this.#accept = accept;
  }

  /** Whether an upgrade asks for RTSP. */
  static asksForRtsp({ headers }: IncomingMessage): boolean {
    const protocols = headers['sec-websocket-protocol'] ?? '';
    return (
      headers.upgrade?.toLowerCase() === 'websocket' &&
      protocols.split(',').some((protocol) => protocol.trim() === RTSP_SUBPROTOCOL)
    );
  }

  /** Takes over the connection of an upgrade request; a wrong one is answered with an HTTP error and closed. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#accept(new WebSocketPipe(webSocket, request));
    });
  }
}

/** `ws` closes what has not answered the closing handshake after 30 s. */
class WebSocketPipe implements BytePipe {
  readonly remote: string;
  readonly remoteAddress: string;
  readonly localAddress: string | undefined;
  readonly #webSocket: WebSocket;
  readonly #socket: IncomingMessage['socket'];
  readonly #ear = new PipeEar();
  #error: Error | undefined;

  constructor(webSocket: WebSocket, { socket }: IncomingMessage) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.remoteAddress = plainAddress(socket.remoteAddress ?? 'gone');
    this.localAddress = socket.localAddress === undefined ? undefined : plainAddress(socket.localAddress);
    this.remote = hostPort(this.remoteAddress, socket.remotePort ?? 0);
    webSocket.on('error', (error) => {
      this.#error = error;
    });
    webSocket.on('message', (message: RawData) => {
      for (const piece of pieces(message)) if (!this.#ear.data(piece)) this.destroy();
    });
    webSocket.on('close', () => this.#ear.close(this.#error));
    socket.on('drain', () => this.#ear.drain());
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  get closed(): boolean {
    return this.#webSocket.readyState !== this.#webSocket.OPEN;
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    if (this.closed) return false;
    // One message a write; a list is joined, which only answers and reports are.
    this.#webSocket.send(bytes instanceof Uint8Array ? bytes : Buffer.concat(bytes), { binary: true, mask: false });
    return !this.#socket.writableNeedDrain;
  }

  handle(handler: PipeHandler): void {
    this.#ear.handle(handler);
  }

  close(): void {
    this.#webSocket.close(1000);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}

function pieces(message: RawData): readonly Uint8Array[] {
  if (Array.isArray(message)) return message;
  return [message instanceof ArrayBuffer ? new Uint8Array(message) : message];
}
