/**
 * A camera that answers as a real one was recorded to: its DESCRIBE, SETUP and PLAY responses byte for byte, but for CSeq, then H.264 in real
 * time on the channel that its SETUP response named. Faults on request.
 *
 *     OPTIONS, GET_PARAMETER, TEARDOWN   plain 200, or as recorded
 *     further SETUPs                     the recorded one with the next channels
 */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { FRAMES_PER_SECOND, pictures } from './h264-packets.ts';

export interface CameraScript {
  /** Names of files in test/fixtures/cameras, or a response or description of one's own; an SDP is wrapped into a plain response. */
  readonly describe: string;
  readonly setup?: string;
  readonly play?: string;
  /** Path of the URL that it is asked for: what the recorded Content-Base says. */
  readonly path: string;
  readonly fault?:
    | 'silent'
    | 'garbage-between-frames'
    | 'media-before-play-reply'
    | 'hangs-in-a-frame'
    | 'ignores-requests';
}

const FOLDER = new URL('../fixtures/cameras/', import.meta.url);
/** Frames after which a camera hangs. */
const HANGS_AFTER = 20;

export class ScriptedCamera {
  readonly url: string;
  /** Methods that were asked for, of all connections. */
  readonly asked: string[] = [];
  readonly #script: CameraScript;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(script: CameraScript, server: Server, port: number) {
    this.#script = script;
    this.#server = server;
    this.url = `rtsp://127.0.0.1:${port}${script.path}`;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      new CameraSession(socket, this.#script, (method) => this.asked.push(method)).start();
    });
  }

  static async start(context: TestContext, script: CameraScript): Promise<ScriptedCamera> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const camera = new ScriptedCamera(
      script,
      server,
      typeof address === 'object' && address !== null ? address.port : 0,
    );
    context.after(() => camera.#close());
    return camera;
  }

  #close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

class CameraSession {
  readonly #socket: Socket;
  readonly #script: CameraScript;
  readonly #note: (method: string) => void;
  #buffered = Buffer.alloc(0);
  #setUps = 0;
  #channel: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(socket: Socket, script: CameraScript, note: (method: string) => void) {
    this.#socket = socket;
    this.#script = script;
    this.#note = note;
  }

  start(): void {
    const socket = this.#socket;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clearInterval(this.#timer));
    socket.on('data', (chunk: Buffer) => {
      this.#buffered = Buffer.concat([this.#buffered, chunk]);
      for (let head = this.#nextHead(); head !== undefined; head = this.#nextHead()) this.#answer(head);
    });
  }

  /** The next request's head; interleaved frames (receiver reports) are skipped. */
  #nextHead(): string | undefined {
    while (this.#buffered[0] === 0x24 && this.#buffered.length >= 4) {
      const end = 4 + this.#buffered.readUInt16BE(2);
      if (this.#buffered.length < end) return undefined;
      this.#buffered = this.#buffered.subarray(end);
    }
    const end = this.#buffered.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const head = this.#buffered.toString('latin1', 0, end);
    this.#buffered = this.#buffered.subarray(end + 4);
    return head;
  }

  #answer(head: string): void {
    const method = head.split(' ')[0] ?? '';
    this.#note(method);
    const { fault } = this.#script;
    if (fault === 'ignores-requests') return;
    const cseq = /^cseq: *(\d+)/im.exec(head)?.[1] ?? '0';
    if (method === 'PLAY' && fault === 'media-before-play-reply') this.#play();
    this.#socket.write(this.#response(method).replace(/^(cseq): *\d+/im, `$1: ${cseq}`), 'latin1');
    if (method === 'PLAY' && fault !== 'silent') this.#play();
    if (method === 'TEARDOWN') this.#socket.end();
  }

  #response(method: string): string {
    const { describe, setup, play } = this.#script;
    if (method === 'DESCRIBE') return describeResponse(describe);
    if (method === 'SETUP') return this.#setupResponse(setup);
    if (method === 'PLAY' && play !== undefined) return recorded(play);
    return 'RTSP/1.0 200 OK\r\nCSeq: 0\r\nSession: 1\r\n\r\n';
  }

  #setupResponse(file: string | undefined): string {
    const text =
      file === undefined
        ? 'RTSP/1.0 200 OK\r\nCSeq: 0\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n\r\n'
        : recorded(file);
    const first = Number(/interleaved=(\d+)/.exec(text)?.[1] ?? 0);
    const channel = first + 2 * this.#setUps++;
    // Video is the track that this camera sends; in the scripts used it stands first.
    this.#channel ??= channel;
    return text.replace(/interleaved=\d+-\d+/, `interleaved=${channel}-${channel + 1}`);
  }

  #play(): void {
    if (this.#timer !== undefined) return;
    const source = pictures(this.#channel ?? 0);
    let frame = 0;
    const send = (): void => {
      const bytes = [...source.next().value];
      const last = bytes.at(-1);
      if (this.#script.fault === 'hangs-in-a-frame' && frame === HANGS_AFTER && last !== undefined) {
        bytes.splice(-1, 1, last.subarray(0, last.length >> 1));
        clearInterval(this.#timer);
      }
      if (this.#script.fault === 'garbage-between-frames' && frame % 10 === 5)
        bytes.push(Buffer.from('x$\x09not a frame\r\n\0\xff$$'));
      this.#socket.write(Buffer.concat(bytes));
      frame++;
    };
    this.#timer = setInterval(send, 1000 / FRAMES_PER_SECOND);
    send();
  }
}

function recorded(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'latin1');
}

function describeResponse(describe: string): string {
  const text = /^(v=|RTSP\/)/.test(describe) ? describe : recorded(describe);
  if (text.startsWith('RTSP/')) return text;
  return `RTSP/1.0 200 OK\r\nCSeq: 0\r\nContent-Type: application/sdp\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}
