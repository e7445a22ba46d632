/** A peer of weir that says what a test wants said, byte for byte: what no player and no encoder would say. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { FRAMES_PER_SECOND, pictures } from './h264-packets.ts';

const ANSWER_MS = 10_000;
const CUT_OFF_MS = 15_000;

export class RtspPeer {
  readonly socket: Socket;
  #cseq = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Connects to the host and port of the URL; it ends with the test. */
  static async open(context: TestContext, url: string): Promise<RtspPeer> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    context.after(() => socket.destroy());
    await once(socket, 'connect');
    // That the other end breaks off is for some tests to see, and never a fault of the test's own.
    socket.on('error', () => {});
    return new RtspPeer(socket);
  }

  /** Writes the text, and returns what comes back up to the end of a head. */
  async say(text: string): Promise<string> {
    this.socket.write(text);
    const signal = AbortSignal.timeout(ANSWER_MS);
    let said = '';
    while (!said.includes('\r\n\r\n')) said += String((await once(this.socket, 'data', { signal }))[0]);
    return said;
  }

  /** A request with a CSeq. */
  ask(method: string, url: string, headers: readonly string[] = [], body = ''): Promise<string> {
    const lines = [`${method} ${url} RTSP/1.0`, `CSeq: ${++this.#cseq}`, ...headers];
    if (body !== '') lines.push(`Content-Length: ${body.length}`);
    return this.say(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  /** Takes part in the session that the answer to SETUP names: PLAY or RECORD. */
  async begin(method: 'PLAY' | 'RECORD', url: string, track: string): Promise<string> {
    const setUp = await this.ask('SETUP', `${url}/${track}`, ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1']);
    return this.ask(method, url, [`Session: ${/Session: ([^;\r]+)/.exec(setUp)?.[1]}`]);
  }

  /** Sends the bytes and expects to be disconnected. */
  async cutOff(bytes: string | Uint8Array): Promise<void> {
    const closed = once(this.socket, 'close', { signal: AbortSignal.timeout(CUT_OFF_MS) });
    this.socket.resume();
    this.socket.write(bytes);
    await closed;
  }

  /** Publishes H.264 under a description of the test's own, its track `t`, in real time until it ends. */
  async publish(url: string, sdp: string): Promise<void> {
    assert.match(await this.ask('ANNOUNCE', url, ['Content-Type: application/sdp'], sdp), /^RTSP\/1\.0 200 /);
    assert.match(await this.begin('RECORD', url, 't'), /^RTSP\/1\.0 200 /);
    this.socket.resume();
    const source = pictures(0);
    const timer = setInterval(() => this.socket.write(Buffer.concat(source.next().value)), 1000 / FRAMES_PER_SECOND);
    this.socket.on('close', () => clearInterval(timer));
  }

  /** Half a frame, and gone. */
  leaveInAFrame(): void {
    const [frame = Buffer.alloc(0)] = pictures(0).next().value;
    this.socket.write(frame.subarray(0, frame.length >> 1));
    this.socket.destroySoon();
  }
}
