/** The few lines of RTSP that a benchmark's own peers speak: one request, its response, then bytes. Not for anything but benchmarks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class RtspExchange {
  readonly socket: Socket;
  readonly #url: string;
  #buffered = Buffer.alloc(0);
  #cseq = 0;
  #session = '';

  private constructor(socket: Socket, url: string) {
    this.socket = socket;
    this.#url = url;
  }

  static async open(url: string): Promise<RtspExchange> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    return new RtspExchange(socket, url);
  }

  /** What came behind the last response. */
  get rest(): Buffer {
    return this.#buffered;
  }

  /** Sends a request and waits for its response; throws unless it is 200. */
  async ask(method: string, headers: readonly string[] = [], body = '', path = ''): Promise<void> {
    const lines = [`${method} ${this.#url}${path} RTSP/1.0`, `CSeq: ${++this.#cseq}`, ...headers];
    if (this.#session !== '') lines.push(`Session: ${this.#session}`);
    if (body !== '') lines.push('Content-Type: application/sdp', `Content-Length: ${body.length}`);
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
    for (;;) {
      const end = this.#buffered.indexOf('\r\n\r\n');
      if (end >= 0) {
        const head = this.#buffered.toString('latin1', 0, end);
        const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        if (this.#buffered.length >= end + 4 + length) {
          this.#buffered = this.#buffered.subarray(end + 4 + length);
          assert.ok(head.startsWith('RTSP/1.0 200'), `${method}: ${head}`);
          this.#session = /session: *([^;\r]+)/i.exec(head)?.[1] ?? this.#session;
          return;
        }
      }
      const [chunk] = (await once(this.socket, 'data')) as [Buffer];
      this.#buffered = Buffer.concat([this.#buffered, chunk]);
    }
  }
}
