/**
 * For tests: a camera on a free port of this machine, that answers with recorded responses (CSeq and channels made to fit) and sends what the
 * test tells it to.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAuthorization, digestHa1, verifyDigest } from '../../core/rtsp/digest/authorization.ts';
import type { Hash } from '../../core/rtsp/digest/challenge.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import { parseTransports, type PortPair } from '../../core/rtsp/wire/transport.ts';
import type { RtspRequest } from '../../core/rtsp/wire/message.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { listenTcp, type TcpListener } from '../../net/tcp.ts';
import { bindUdpPair, type UdpPair } from '../../net/udp.ts';

export const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');

export const LOGIN = { user: 'adm@in', password: 'p@ss/w#rd %' } as const;
/** As it stands in a URL. */
export const LOGIN_TEXT = 'adm%40in:p%40ss%2Fw%23rd%20%25';

export interface CameraScript {
  /** Files in test/fixtures/cameras, without .txt. What is not recorded is answered plainly; of several SETUPs the last repeats. */
  readonly describe: string;
  readonly setup?: readonly string[];
  readonly play?: string;
  /** Answer with the recorded channels, not with those asked for. */
  readonly recordedTransport?: boolean;
  readonly login?: 'Basic' | 'MD5' | 'SHA-256';
  /** Closes the connection after a 401 (VStarcam). */
  readonly closesAfterChallenge?: boolean;
  /** Not answered. */
  readonly ignores?: string;
  /** Sends over UDP, and answers a SETUP with TCP with 461. */
  readonly overUdp?: boolean;
  /** Where it says that it sends to, address and port of RTP. */
  readonly group?: readonly [address: string, port: number];
  /** DESCRIBE leads there. */
  readonly redirectTo?: string;
}

const CAMERAS = path.join(import.meta.dirname, '../../../test/fixtures/cameras');
const DEFAULT_RESPONSE =
  'RTSP/1.0 200 OK\r\nCSeq: 0\r\nSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n';

export class FakeCamera implements AsyncDisposable {
  readonly asked: RtspRequest[] = [];
  readonly #script: CameraScript;
  /** RTCP packets from the other end, each with its channel; of datagrams all that came, with 0 for RTP's port and 1 for RTCP's. */
  readonly #reports: { readonly channel: number; readonly packet: Uint8Array }[] = [];
  readonly #waiting: { readonly is: () => boolean; readonly resolve: () => void }[] = [];
  #listener: TcpListener | undefined;
  #pipes: BytePipe[] = [];
  /** What it sends from over UDP, and where to: of each SETUP, the client's ports. */
  #udp: UdpPair | undefined;
  readonly #clientPorts: PortPair[] = [];
  #setUps = 0;

  private constructor(script: CameraScript) {
    this.#script = script;
  }

  static async open(script: CameraScript): Promise<FakeCamera> {
    const camera = new FakeCamera(script);
    if (script.overUdp === true) await camera.#openUdp();
    camera.#listener = await listenTcp({ host: '127.0.0.1', port: 0, accept: (pipe) => camera.#accept(pipe) });
    return camera;
  }

  url(login = '', rest = '/live'): string {
    return `rtsp://${login === '' ? '' : `${login}@`}127.0.0.1:${this.#listener?.port}${rest}`;
  }

  get methods(): readonly string[] {
    return this.asked.map(({ method }) => method);
  }

  get connections(): number {
    return this.#pipes.length;
  }

  get reports(): readonly { readonly channel: number; readonly packet: Uint8Array }[] {
    return this.#reports;
  }

  /** Resolves once a method was asked for so often. */
  askedFor(method: string, times = 1): Promise<void> {
    return this.#until(() => this.methods.filter((asked) => asked === method).length >= times);
  }

  reported(times: number): Promise<void> {
    return this.#until(() => this.#reports.length >= times);
  }

  /** Bytes on the newest connection. */
  send(bytes: Uint8Array): void {
    this.#pipes.at(-1)?.write(bytes);
  }

  sendPacket(channel: number, packet: Uint8Array): void {
    this.send(frame(channel, packet));
  }

  /** A datagram to the ports that the last client gave for this track. */
  sendDatagram(track: number, part: 'rtp' | 'rtcp', packet: Uint8Array): void {
    const port = this.#clientPorts[track]?.[part === 'rtp' ? 0 : 1];
    if (port !== undefined) this.#udp?.[part].send(packet, { host: '127.0.0.1', port });
  }

  /** The connection breaks off. */
  die(): void {
    this.#pipes.at(-1)?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#listener?.close(), this.#udp?.close()]);
  }

  async #openUdp(): Promise<void> {
    const udp = await bindUdpPair('127.0.0.1');
    this.#udp = udp;
    for (const [channel, socket] of [udp.rtp, udp.rtcp].entries()) {
      socket.handle((packet) => {
        this.#reports.push({ channel, packet });
        this.#look();
      });
    }
  }

  #accept(pipe: BytePipe): void {
    this.#pipes.push(pipe);
    const framer = new RtspFramer();
    pipe.handle({
      data: (chunk) => {
        for (const unit of framer.push(chunk)) {
          if (unit.kind === 'frame')
            this.#reports.push({ channel: unit.channel, packet: new Uint8Array(unit.payload) });
          if (unit.kind === 'message' && unit.message.kind === 'request') this.#request(pipe, unit.message);
        }
        this.#look();
      },
      drain: () => {},
      close: () => {},
    });
  }

  #request(pipe: BytePipe, request: RtspRequest): void {
    this.asked.push(request);
    const { ignores, closesAfterChallenge } = this.#script;
    if (request.method === ignores) return;
    const allowed = this.#allowed(request);
    const response = allowed ? this.#response(request) : this.#challenge();
    const cseq = request.headers.get('CSeq') ?? '';
    pipe.write(Buffer.from(response.replace(/^(cseq): *\d+/im, `$1: ${cseq}`), 'latin1'));
    if (!allowed && closesAfterChallenge === true) pipe.close();
  }

  #response(request: RtspRequest): string {
    const { describe, setup = [], play, redirectTo, recordedTransport } = this.#script;
    switch (request.method) {
      case 'DESCRIBE':
        return redirectTo === undefined
          ? describeResponse(describe)
          : `RTSP/1.0 302 Moved\r\nCSeq: 0\r\nLocation: ${redirectTo}\r\n\r\n`;
      case 'SETUP': {
        const { group } = this.#script;
        if (group !== undefined) return toGroup(group);
        if (this.#udp !== undefined) return this.#overUdp(request, this.#udp);
        const file = setup[Math.min(this.#setUps++, setup.length - 1)];
        const text = file === undefined ? DEFAULT_RESPONSE : recorded(file);
        const channels = /interleaved=\d+-\d+/.exec(request.headers.get('Transport') ?? '')?.[0] ?? '';
        return recordedTransport === true ? text : text.replace(/interleaved=\d+-\d+/, channels);
      }
      case 'PLAY':
        return play === undefined ? DEFAULT_RESPONSE : recorded(play);
      default:
        return DEFAULT_RESPONSE;
    }
  }

  #challenge(): string {
    const { login } = this.#script;
    const digest = `Digest realm="camera", nonce="n${this.asked.length}", qop="auth", algorithm=${login}`;
    const value = login === 'Basic' ? 'Basic realm="camera"' : digest;
    return `RTSP/1.0 401 Unauthorized\r\nCSeq: 0\r\nWWW-Authenticate: Digest realm="broken"\r\nWWW-Authenticate: ${value}\r\n\r\n`;
  }

  #allowed(request: RtspRequest): boolean {
    const { login } = this.#script;
    if (login === undefined) return true;
    const given = parseAuthorization(request.headers.get('Authorization') ?? '');
    if (given?.scheme === 'basic')
      return login === 'Basic' && given.user === LOGIN.user && given.password === LOGIN.password;
    if (given === undefined || login === 'Basic' || given.uri !== request.uri) return false;
    return verifyDigest(given, request.method, digestHa1({ ...LOGIN, realm: 'camera' }, login, hash), hash);
  }

  #overUdp(request: RtspRequest, udp: UdpPair): string {
    const ports = parseTransports(request.headers.get('Transport') ?? '')[0]?.clientPort;
    if (ports === undefined) return 'RTSP/1.0 461 Unsupported Transport\r\nCSeq: 0\r\n\r\n';
    this.#clientPorts[Number(/\d$/.exec(request.uri)?.[0] ?? 0)] = ports;
    const transport = `RTP/AVP;unicast;client_port=${ports.join('-')};server_port=${udp.rtp.port}-${udp.rtcp.port}`;
    return DEFAULT_RESPONSE.replace(/Transport: .*(?=\r)/, `Transport: ${transport}`);
  }

  #look(): void {
    for (const { is, resolve } of this.#waiting) if (is()) resolve();
  }

  #until(is: () => boolean): Promise<void> {
    if (is()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ is, resolve });
    return promise;
  }
}

function toGroup([address, port]: readonly [string, number]): string {
  const transport = `RTP/AVP;multicast;destination=${address};port=${port}-${port + 1}`;
  return DEFAULT_RESPONSE.replace(/Transport: .*(?=\r)/, `Transport: ${transport}`);
}

function recorded(name: string): string {
  return readFileSync(path.join(CAMERAS, `${name}.txt`), 'latin1');
}

/** An `_sdp` recording is a description alone. */
function describeResponse(name: string): string {
  const text = recorded(name);
  if (text.startsWith('RTSP/')) return text;
  return `RTSP/1.0 200 OK\r\nCSeq: 0\r\nContent-Type: application/sdp\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}
