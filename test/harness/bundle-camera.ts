/**
 * A camera that plays a diagnostic bundle (`weir probe --bundle`): each connection answers as the recorded one of its number did, and then
 * sends the recorded media at the recorded times. Challenges are left out: nobody has the password.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { writeSenderReport } from '../../src/core/rtcp/write.ts';
import { frame } from '../../src/core/rtsp/wire/frame.ts';
import { RtspFramer } from '../../src/core/rtsp/wire/framer.ts';
import type { RtspRequest } from '../../src/core/rtsp/wire/message.ts';

interface Line {
  readonly ms?: number;
  readonly opened?: true;
  readonly from?: string;
  readonly to?: string;
  readonly track?: number;
  readonly rtp?: string;
  readonly size?: number;
  readonly ntp?: number;
  readonly rtpTime?: number;
  readonly garbage?: number;
  readonly url?: string;
  readonly at?: string;
  readonly report?: unknown;
}

/** What happened on one recorded connection. */
type Connection = readonly Line[];

export class BundleCamera {
  readonly url: string;
  /** The report that the bundle ends with. */
  readonly report: unknown;
  readonly #connections: readonly Connection[];
  /** What is to be added to recorded moments so that the sender's time of day is as far from ours as it was. */
  readonly #utcShiftMs: number;
  readonly #server: Server;
  readonly #udp: UdpSocket;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #accepted = 0;

  private constructor(lines: readonly Line[], server: Server, udp: UdpSocket) {
    const head = lines[0];
    assert.ok(head?.url !== undefined && head.at !== undefined);
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    this.#port = address.port;
    this.#server = server;
    this.#udp = udp;
    this.#utcShiftMs = Date.now() - Date.parse(head.at);
    this.url = this.#own(head.url);
    this.report = lines.at(-1)?.report;
    const opened = lines.flatMap((line, i) => (line.opened === true ? [i] : []));
    this.#connections = opened.map((start, i) => lines.slice(start, opened[i + 1]));
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async start(context: TestContext, file: string): Promise<BundleCamera> {
    const lines = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const camera = new BundleCamera(lines, server, udp);
    context.after(() => camera.#close());
    return camera;
  }

  #accept(socket: Socket): void {
    const connection = this.#connections[Math.min(this.#accepted++, this.#connections.length - 1)] ?? [];
    this.#sockets.add(socket);
    const ways: Way[] = [];
    const timers: ReturnType<typeof setTimeout>[] = [];
    const asked = new Map<string, number>();
    const framer = new RtspFramer();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const timer of timers) clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      for (const unit of framer.push(chunk)) {
        if (unit.kind !== 'message' || unit.message.kind !== 'request') continue;
        const request = unit.message;
        const times = asked.get(request.method) ?? 0;
        asked.set(request.method, times + 1);
        const response = this.#response(connection, request, times);
        socket.write(response, 'latin1');
        if (request.method === 'SETUP' && response.includes(' 200 ')) ways.push(wayOf(request, response));
        if (request.method === 'PLAY') timers.push(...this.#play(connection, ways, socket));
      }
    });
  }

  /** The recorded answer to this asking of the method, with CSeq, ports and addresses made to fit. */
  #response(connection: Connection, request: RtspRequest, times: number): string {
    const answers = connection.flatMap((line, i) => {
      const answer = connection.slice(i).find(({ from }) => from !== undefined)?.from;
      const fits = line.to?.startsWith(`${request.method} `) === true && answer?.startsWith('RTSP/1.0 401') !== true;
      return fits && answer !== undefined ? [answer] : [];
    });
    const recorded = answers[Math.min(times, answers.length - 1)] ?? 'RTSP/1.0 200 OK\r\nCSeq: 0\r\n\r\n';
    const [head = '', body = ''] = this.#own(recorded).split(/\r\n\r\n(.*)/s);
    const clientPort = /client_port=[\d-]+/.exec(request.headers.get('Transport') ?? '')?.[0] ?? '';
    const { port } = this.#udp.address();
    const fitted = head
      .replace(/^(cseq): *\d+/im, `$1: ${request.headers.get('CSeq')}`)
      .replace(/client_port=[\d-]+/, clientPort)
      .replace(/server_port=[\d-]+/, `server_port=${port}-${port + 1}`)
      .replace(/^(content-length): *\d+/im, `$1: ${body.length}`);
    return `${fitted}\r\n\r\n${body}`;
  }

  #play(connection: Connection, ways: readonly Way[], socket: Socket): ReturnType<typeof setTimeout>[] {
    const answered = connection.findIndex((line) => line.to?.startsWith('PLAY ') === true);
    const startMs = connection[answered]?.ms ?? 0;
    return connection.flatMap((line) => {
      const send = this.#sending(line, ways, socket);
      return send === undefined ? [] : [setTimeout(send, (line.ms ?? startMs) - startMs)];
    });
  }

  #sending(line: Line, ways: readonly Way[], socket: Socket): (() => void) | undefined {
    const { garbage } = line;
    if (garbage !== undefined) return () => void socket.write('x'.repeat(garbage));
    const way = ways[line.track ?? -1];
    const packet = this.#packet(line);
    if (way === undefined || packet === undefined) return undefined;
    const part = line.rtp === undefined ? 1 : 0;
    return way.kind === 'tcp'
      ? () => void socket.write(frame(way.channel + part, packet))
      : () => this.#udp.send(packet, way.port + part, '127.0.0.1');
  }

  #packet({ rtp, size, ntp, rtpTime }: Line): Uint8Array | undefined {
    if (rtp !== undefined) {
      const whole = new Uint8Array(size ?? 0);
      whole.set(Buffer.from(rtp, 'base64'));
      return whole;
    }
    if (ntp === undefined || rtpTime === undefined) return undefined;
    const counts = { packets: 0, octets: 0, cname: 'bundle' };
    return writeSenderReport({ ssrc: 1, utcMs: ntp + this.#utcShiftMs, rtpTimestamp: rtpTime, ...counts });
  }

  #own(text: string): string {
    return text.replaceAll('rtsp://camera', `rtsp://127.0.0.1:${this.#port}`);
  }

  #close(): void {
    this.#server.close();
    this.#udp.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

type Way = { readonly kind: 'tcp'; readonly channel: number } | { readonly kind: 'udp'; readonly port: number };

function wayOf(request: RtspRequest, response: string): Way {
  const channel = /interleaved=(\d+)/.exec(response)?.[1];
  if (channel !== undefined) return { kind: 'tcp', channel: Number(channel) };
  return { kind: 'udp', port: Number(/client_port=(\d+)/.exec(request.headers.get('Transport') ?? '')?.[1] ?? 0) };
}
