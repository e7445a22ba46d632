/** For tests: an RTSP peer on a real socket. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import { RtspHeaders } from '../../core/rtsp/wire/headers.ts';
import type { RtspRequest, RtspResponse } from '../../core/rtsp/wire/message.ts';
import { serialiseRequest } from '../../core/rtsp/wire/serialise.ts';

export interface Frame {
  readonly channel: number;
  readonly payload: Buffer;
}

/** Says requests, reads replies and frames, in the order in which they come. */
export class Peer {
  readonly socket: Socket;
  readonly base: string;
  readonly #write: (bytes: Uint8Array) => unknown;
  readonly #framer = new RtspFramer();
  readonly #replies: RtspResponse[] = [];
  readonly #requests: RtspRequest[] = [];
  readonly frames: Frame[] = [];
  #wake = Promise.withResolvers<void>();
  #closed = false;
  #cseq = 0;

  /** `write`: where what it says goes, if not into the socket that it hears on. */
  constructor(
    port: number,
    stream = 'yard',
    socket = connect(port, '127.0.0.1'),
    write = (bytes: Uint8Array): unknown => socket.write(bytes),
  ) {
    this.base = `rtsp://127.0.0.1:${port}/${stream}`;
    this.socket = socket;
    this.#write = write;
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => {
      for (const unit of this.#framer.push(chunk)) {
        if (unit.kind === 'frame') this.frames.push({ channel: unit.channel, payload: Buffer.from(unit.payload) });
        else if (unit.kind === 'message' && unit.message.kind === 'response') this.#replies.push(unit.message);
        else if (unit.kind === 'message' && unit.message.kind === 'request') this.#requests.push(unit.message);
        else assert.fail(`what came is no reply and no frame: ${unit.kind}`);
      }
      this.#wakeUp();
    });
    this.socket.on('close', () => {
      this.#closed = true;
      this.#wakeUp();
    });
  }

  ask(...request: Parameters<Peer['say']>): Promise<RtspResponse> {
    this.say(...request);
    return this.reply();
  }

  /** Asks, and does not wait for the reply. */
  say(method: string, control = '', headers: Readonly<Record<string, string>> = {}, body = ''): void {
    this.#cseq += 1;
    const entries = Object.entries({ CSeq: String(this.#cseq), ...headers });
    this.#write(
      serialiseRequest({
        method,
        uri: this.base + control,
        headers: new RtspHeaders(entries),
        body: new TextEncoder().encode(body),
      }),
    );
  }

  async reply(): Promise<RtspResponse> {
    for (;;) {
      const reply = this.#replies.shift();
      if (reply !== undefined) return reply;
      assert.ok(!this.#closed, 'closed without a reply');
      await this.#wake.promise;
    }
  }

  /** What the server asks. */
  async request(): Promise<RtspRequest> {
    for (;;) {
      const request = this.#requests.shift();
      if (request !== undefined) return request;
      assert.ok(!this.#closed, 'closed without a request');
      await this.#wake.promise;
    }
  }

  /** The next `count` frames. */
  async take(count: number): Promise<Frame[]> {
    while (this.frames.length < count) {
      assert.ok(!this.#closed, `closed after ${this.frames.length} of ${count} frames`);
      await this.#wake.promise;
    }
    return this.frames.splice(0, count);
  }

  async closed(): Promise<void> {
    while (!this.#closed) await this.#wake.promise;
  }

  send(channel: number, payload: Uint8Array): void {
    this.socket.write(
      Buffer.concat([Buffer.from([0x24, channel, payload.length >> 8, payload.length & 255]), payload]),
    );
  }

  /** SETUP of the tracks, each on its channel, and PLAY. */
  async play(channels: readonly number[] = [0, 2]): Promise<RtspResponse> {
    let session: Record<string, string> = {};
    for (const [track, channel] of channels.entries()) {
      const transport = `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`;
      const reply = await this.ask('SETUP', `/trackID=${track}`, { Transport: transport, ...session });
      assert.equal(reply.status, 200);
      session = { Session: reply.headers.get('Session')?.split(';')[0] ?? '' };
    }
    return this.ask('PLAY', '', session);
  }

  #wakeUp(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}
