/**
 * RTSP through HTTP, the server's end (QuickTime's scheme; ONVIF Streaming §5.1.1.5): two connections that name one cookie are one pipe.
 *
 *     GET  /path   x-sessioncookie: c   ◀── 200, then the RTSP stream as it is
 *     POST /path   x-sessioncookie: c   ──▶ the peer's requests in base64; never answered; may be closed and made anew
 *
 * A listener hands over connections that begin as HTTP; `accept` gets the pipe once both halves are there.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { OldestFirst } from '../base/oldest-first.ts';
import { WeirError } from '../core/errors.ts';
import { Base64Stream } from '../core/rtsp/tunnel/base64-stream.ts';
import { HttpHeadReader, type HttpRequestHead } from '../core/rtsp/tunnel/http-head.ts';
import type { BytePipe, PipeHandler } from './byte-pipe.ts';
import { PipeEar } from './pipe-ear.ts';

export interface TunnelDoorOptions {
  readonly clock: Clock;
  /** Told of each tunnel; it calls `handle` on the pipe at once. */
  readonly accept: (pipe: BytePipe) => void;
}

/** To the end of the head, and from GET to POST. */
export const TUNNEL_WAIT_MS = 10_000;
/** Tunnels at a time; more get 503. */
export const MAX_TUNNELS = 1000;
/** Heads that are not whole, and GETs that wait for their POST; the oldest makes room for another. */
export const MAX_UNFINISHED = 200;
/** A longer cookie is refused. */
const MAX_COOKIE_LENGTH = 256;

const OPENED =
  'HTTP/1.0 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\nPragma: no-cache\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n';

interface Unfinished {
  readonly pipe: BytePipe;
  /** Waits for it. */
  readonly timer: Timer;
}

export class TunnelDoor {
  readonly #options: TunnelDoorOptions;
  readonly #tunnels = new Map<string, ServerTunnel>();
  readonly #unfinished = new OldestFirst<BytePipe, Unfinished>(MAX_UNFINISHED);
  /** All that were taken over and are open, but for the GETs of accepted tunnels. */
  readonly #pipes = new Set<BytePipe>();

  constructor(options: TunnelDoorOptions) {
    this.#options = options;
  }

  /** Connections that are open here and belong to no tunnel that was accepted, or are its second half. */
  get open(): number {
    return this.#pipes.size;
  }

  /** Takes over a connection on which `first` has come. */
  take(pipe: BytePipe, first: Uint8Array): void {
    this.#pipes.add(pipe);
    const reader = new HttpHeadReader();
    this.#waitFor(pipe);
    const data = (chunk: Uint8Array): void => {
      const read = reader.push(chunk);
      if (read === 'more') return;
      this.#finished(pipe);
      if (read instanceof WeirError || read.head.kind === 'response') refuse(pipe, '400 Bad Request', NO_TUNNEL);
      else this.#request(pipe, read.head, read.rest);
    };
    pipe.handle({ data, drain: () => {}, close: () => this.#closed(pipe) });
    data(first);
  }

  #request(pipe: BytePipe, head: HttpRequestHead, rest: Uint8Array): void {
    const cookie = head.headers.get('x-sessioncookie') ?? '';
    // The cookie is no secret, so it joins only what comes from one address.
    const key = `${pipe.remoteAddress} ${cookie}`;
    const tunnel = this.#tunnels.get(key);
    if (cookie === '' || cookie.length > MAX_COOKIE_LENGTH) refuse(pipe, '400 Bad Request', NO_TUNNEL);
    else if (head.method === 'GET') this.#open(pipe, key);
    else if (head.method !== 'POST') refuse(pipe, '405 Method Not Allowed');
    else if (tunnel === undefined) refuse(pipe, '404 Not Found');
    else this.#join(tunnel, pipe, rest);
  }

  #open(pipe: BytePipe, key: string): void {
    if (this.#tunnels.has(key)) return refuse(pipe, '409 Conflict');
    if (this.#tunnels.size >= MAX_TUNNELS) return refuse(pipe, '503 Service Unavailable');
    const tunnel = new ServerTunnel(pipe, () => {
      this.#closed(pipe);
      this.#tunnels.delete(key);
    });
    this.#waitFor(pipe);
    this.#tunnels.set(key, tunnel);
    pipe.write(new TextEncoder().encode(OPENED));
  }

  /** For TUNNEL_WAIT_MS, and while there are not too many. */
  #waitFor(pipe: BytePipe): void {
    const timer = this.#options.clock.after(TUNNEL_WAIT_MS, () => pipe.destroy());
    const oldest = this.#unfinished.add(pipe, { pipe, timer });
    oldest?.timer.cancel();
    oldest?.pipe.destroy();
  }

  #finished(pipe: BytePipe): void {
    this.#unfinished.take(pipe)?.timer.cancel();
  }

  #closed(pipe: BytePipe): void {
    this.#finished(pipe);
    this.#pipes.delete(pipe);
  }

  #join(tunnel: ServerTunnel, post: BytePipe, rest: Uint8Array): void {
    const known = tunnel.joined;
    tunnel.readFrom(post, known ? rest : new Uint8Array(0), () => this.#closed(post));
    if (known) return;
    this.#finished(tunnel.get);
    this.#pipes.delete(tunnel.get);
    this.#options.accept(tunnel);
    tunnel.push(rest);
  }
}

const NO_TUNNEL = 'This port speaks RTSP: rtsp://, and RTSP through HTTP with an x-sessioncookie.\n';

function refuse(pipe: BytePipe, status: string, text = ''): void {
  const type = text === '' ? '' : 'Content-Type: text/plain\r\n';
  const head = `HTTP/1.0 ${status}\r\nConnection: close\r\n${type}Content-Length: ${text.length}\r\n\r\n`;
  pipe.write(new TextEncoder().encode(head + text));
  pipe.close();
}

/** Lasts as long as its GET. */
class ServerTunnel implements BytePipe {
  readonly get: BytePipe;
  #post: BytePipe | undefined;
  #base64 = new Base64Stream();
  readonly #ear = new PipeEar();

  constructor(get: BytePipe, ended: () => void) {
    this.get = get;
    get.handle({
      // A GET says nothing more.
      data: () => {},
      drain: () => this.#ear.drain(),
      close: (error) => {
        ended();
        this.#post?.destroy();
        this.#ear.close(error);
      },
    });
  }

  get remote(): string {
    return this.get.remote;
  }

  get remoteAddress(): string {
    return this.get.remoteAddress;
  }

  get localAddress(): string | undefined {
    return this.get.localAddress;
  }

  get bufferedBytes(): number {
    return this.get.bufferedBytes;
  }

  get closed(): boolean {
    return this.get.closed;
  }

  /** Whether a POST ever came. */
  get joined(): boolean {
    return this.#post !== undefined;
  }

  /** From now on requests come on `post`, the one before is done with. `first` came on it already. `ended`: it closed. */
  readFrom(post: BytePipe, first: Uint8Array, ended: () => void): void {
    this.#post?.destroy();
    this.#post = post;
    this.#base64 = new Base64Stream();
    const base64 = this.#base64;
    post.handle({
      data: (chunk) => {
        if (base64 === this.#base64) this.push(chunk);
      },
      drain: () => {},
      // It may be made anew; that the peer is gone shows on the GET.
      close: ended,
    });
    this.push(first);
  }

  /** Base64 that came. */
  push(text: Uint8Array): void {
    const bytes = this.#base64.push(text);
    if (bytes.length > 0 && !this.#ear.data(bytes)) this.destroy();
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    return this.get.write(bytes);
  }

  handle(handler: PipeHandler): void {
    this.#ear.handle(handler);
  }

  close(): void {
    this.get.close();
  }

  destroy(): void {
    this.get.destroy();
  }
}
