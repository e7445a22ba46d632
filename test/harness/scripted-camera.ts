/**
 * A camera that answers as a real one was recorded to: its DESCRIBE, SETUP and PLAY responses byte for byte, but for CSeq, then H.264 or H.265, as
 * it describes, in real time on the channel that its SETUP response named, or to the ports that it was given. Faults on request.
 *
 *     what was not recorded              plain 200
 *     further SETUPs than recorded       the first one with the next channels
 *     a response that names UDP ports    byte for byte to a SETUP with TCP; with true ports to one with UDP
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { FRAMES_PER_SECOND, pictures, type PlainStream } from './h264-packets.ts';

export interface CameraScript {
  /** Names of files in test/fixtures/cameras, or a response or description of one's own; an SDP is wrapped into a plain response. */
  readonly describe: string;
  readonly setups?: readonly string[];
  readonly play?: string;
  readonly options?: string;
  readonly teardown?: string;
  /** Path of the URL that it is asked for: what the recorded Content-Base says. */
  readonly path: string;
  /** What it sends, where that is another than the plain stream of its codec. */
  readonly stream?: PlainStream;
  readonly fault?:
    | 'silent'
    | 'garbage-between-frames'
    | 'media-before-play-reply'
    | 'hangs-in-a-frame'
    | 'ignores-requests';
}

export const RECORDED_CAMERAS = new URL('../fixtures/cameras/', import.meta.url);
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

  /** Without a port the system chooses one; a camera that comes back asks for its old one. */
  static async start(context: TestContext, script: CameraScript, atPort = 0): Promise<ScriptedCamera> {
    const server = createServer({ noDelay: true }).listen(atPort, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const camera = new ScriptedCamera(
      script,
      server,
      typeof address === 'object' && address !== null ? address.port : 0,
    );
    context.after(() => camera.powerOff());
    return camera;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** How often the method was asked for. */
  count(method: string): number {
    return this.asked.filter((one) => one === method).length;
  }

  /** Its connections break without a word, and nothing listens any more. */
  powerOff(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Where the client wants the video. */
type VideoPlace =
  | { readonly kind: 'channel'; readonly channel: number }
  | { readonly kind: 'port'; readonly port: number; readonly from: UdpSocket };

class CameraSession {
  readonly #socket: Socket;
  readonly #script: CameraScript;
  readonly #note: (method: string) => void;
  #buffered = Buffer.alloc(0);
  #setUps = 0;
  #video: VideoPlace | undefined;
  #metadataChannel: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(socket: Socket, script: CameraScript, note: (method: string) => void) {
    this.#socket = socket;
    this.#script = script;
    this.#note = note;
  }

  start(): void {
    const socket = this.#socket;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearInterval(this.#timer);
      if (this.#video?.kind === 'port') this.#video.from.close();
    });
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
    this.#socket.write(this.#response(method, head).replace(/^(cseq): *\d+/im, `$1: ${cseq}`), 'latin1');
    if (method === 'PLAY' && fault !== 'silent') this.#play();
    if (method === 'TEARDOWN') this.#socket.end();
  }

  #response(method: string, head: string): string {
    const { describe, play, options, teardown } = this.#script;
    if (method === 'DESCRIBE') return describeResponse(describe);
    if (method === 'SETUP') return this.#setUp(head);
    const file = { PLAY: play, OPTIONS: options, TEARDOWN: teardown }[method];
    return file === undefined ? 'RTSP/1.0 200 OK\r\nCSeq: 0\r\nSession: 1\r\n\r\n' : recorded(file);
  }

  #setUp(head: string): string {
    const { describe, setups = [] } = this.#script;
    const uri = head.split(' ')[1] ?? '';
    const isVideo = uri.includes(videoOf(describe).control);
    const clientPort = Number(/client_port=(\d+)/.exec(head)?.[1] ?? 0);
    const file = setups[this.#setUps] ?? setups[0];
    const text = file === undefined ? PLAIN_SETUP : recorded(file);
    if (/server_port=/.test(text)) {
      if (clientPort === 0) return text;
      this.#setUps += 1;
      if (isVideo) this.#video = { kind: 'port', port: clientPort, from: createSocket('udp4') };
      return text.replace(/(client_port)=\d+-\d+/, `$1=${clientPort}-${clientPort + 1}`);
    }
    const recordedFirst = Number(/interleaved=(\d+)/.exec(text)?.[1] ?? 0);
    const first = setups[this.#setUps] === undefined ? recordedFirst + 2 * this.#setUps : recordedFirst;
    this.#setUps += 1;
    if (isVideo) this.#video = { kind: 'channel', channel: first };
    const metadata = controlOf(sectionOf(describe, 'application'));
    if (metadata !== '' && uri.includes(metadata)) this.#metadataChannel = first;
    return text.replace(/interleaved=\d+-\d+/, `interleaved=${first}-${first + 1}`);
  }

  #play(): void {
    if (this.#timer !== undefined) return;
    const video = this.#video ?? { kind: 'channel', channel: 0 };
    const { stream, payloadType } = videoOf(this.#script.describe);
    const what = this.#script.stream ?? stream;
    const source = pictures(video.kind === 'channel' ? video.channel : 0, what, payloadType);
    const send = (frame: number): void => {
      const bytes = [...source.next().value];
      const last = bytes.at(-1);
      if (this.#script.fault === 'hangs-in-a-frame' && frame === HANGS_AFTER && last !== undefined) {
        bytes.splice(-1, 1, last.subarray(0, last.length >> 1));
        clearInterval(this.#timer);
      }
      if (this.#script.fault === 'garbage-between-frames' && frame % 10 === 5)
        bytes.push(Buffer.from('x$\x09not a frame\r\n\0\xff$$'));
      if (video.kind === 'channel') this.#socket.write(Buffer.concat(bytes));
      else for (const framed of bytes) video.from.send(framed.subarray(4), video.port, '127.0.0.1');
      if (this.#metadataChannel !== undefined && frame % FRAMES_PER_SECOND === 0)
        this.#socket.write(metadata(this.#metadataChannel, frame));
    };
    const beganMs = performance.now();
    // A timer that is late on a busy machine would make its clock slow.
    let next = 0;
    const lastFrame = this.#script.fault === 'hangs-in-a-frame' ? HANGS_AFTER : Number.POSITIVE_INFINITY;
    const sendDue = (): void => {
      const due = Math.floor(((performance.now() - beganMs) * FRAMES_PER_SECOND) / 1000);
      for (; next <= Math.min(due, lastFrame); next++) send(next);
    };
    this.#timer = setInterval(sendDue, 1000 / FRAMES_PER_SECOND);
    sendDue();
  }
}

const PLAIN_SETUP =
  'RTSP/1.0 200 OK\r\nCSeq: 0\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n\r\n';

/** What the description says of its video; `control`: the last part of its URL. */
function videoOf(describe: string): {
  readonly control: string;
  readonly stream: PlainStream;
  readonly payloadType: number;
} {
  const section = sectionOf(describe, 'video');
  const payloadType = Number(/^m=video \d+ \S+ (\d+)/.exec(section)?.[1] ?? 96);
  return { control: controlOf(section), stream: /H265/i.test(section) ? 'plain-h265' : 'plain-h264', payloadType };
}

function sectionOf(describe: string, media: string): string {
  return (
    describeResponse(describe)
      .split(/^(?=m=)/m)
      .find((section) => section.startsWith(`m=${media} `)) ?? ''
  );
}

function controlOf(section: string): string {
  return /^a=control:(.*?)\s*$/m.exec(section)?.[1]?.split('/').at(-1) ?? '';
}

/** One document, as ONVIF Streaming §5.2.1.1 has it, of payload type 107. */
function metadata(channel: number, frame: number): Buffer {
  const document = '<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"/>';
  const packet = Buffer.alloc(16 + document.length);
  const sequence = frame / FRAMES_PER_SECOND;
  packet.set([0x24, channel, 0, 12 + document.length, 0x80, 0x80 | 107, (sequence >> 8) & 255, sequence & 255]);
  packet.writeUInt32BE(frame * 3600, 8);
  packet.writeUInt32BE(0x0a0b0c0d, 12);
  packet.write(document, 16);
  return packet;
}

function recorded(file: string): string {
  return readFileSync(new URL(file, RECORDED_CAMERAS), 'latin1');
}

function describeResponse(describe: string): string {
  const text = /^(v=|RTSP\/)/.test(describe) ? describe : recorded(describe);
  if (text.startsWith('RTSP/')) return text;
  return `RTSP/1.0 200 OK\r\nCSeq: 0\r\nContent-Type: application/sdp\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}
