/**
 * A server that answers as it likes, for fuzz tests of client machines: mostly in a way that goes on, with what was recorded of cameras; sometimes late,
 * twice, damaged, refusing, redirecting, asking for a password; and it speaks unasked.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { oneOf } from '../../../../test/harness/fuzz.ts';
import { below, mutated, type Random } from '../../../../test/harness/mutations.ts';
import { frame } from '../wire/frame.ts';
import { RtspFramer } from '../wire/framer.ts';
import type { RtspRequest } from '../wire/message.ts';

const CAMERAS = new URL('../../../../test/fixtures/cameras/', import.meta.url);
const DESCRIPTIONS = readdirSync(CAMERAS)
  .filter((file) => /_describe|_sdp/.test(file))
  .map((file) => readFileSync(new URL(file, CAMERAS), 'latin1'))
  .map((text) => text.slice(Math.max(text.indexOf('v=0'), 0)));

const STATUSES = [
  '100 Continue',
  '302 Moved',
  '400 Bad',
  '401 Unauthorized',
  '404 Not Found',
  '454 Session',
  '461 Unsupported',
  '500 No',
];
const TRANSPORTS = [
  'RTP/AVP/TCP;unicast;interleaved=0-1',
  'RTP/AVP/TCP;interleaved=8-9;ssrc=4cacc3d1',
  'RTP/AVP;unicast;interleaved=0',
  'RTP/AVP;unicast;client_port=5000-5001;server_port=7000-7001',
  'RTP/AVP;unicast;client_port=5000-5001',
  'RTP/AVP;multicast;destination=239.1.2.3;port=7000-7001;ttl=4',
  'RTP/AVP;multicast;destination=192.0.2.7;port=7000',
  'junk',
];
const SESSIONS = ['77;timeout=60', '77', '78;timeout=0', '1;timeout=2', ';timeout=60', 'x'.repeat(400)];
const CHALLENGES = [
  'Digest realm="x", nonce="n", stale=true',
  'Digest realm="x", nonce="n2", algorithm=SHA-256, qop="auth"',
  'Basic realm="x"',
  'Digest realm="x", nonce="n", algorithm=SHA-512',
];
const LOCATIONS = ['rtsp://192.0.2.9/other', 'rtsp://192.0.2.1/live', 'http://192.0.2.9/', '/elsewhere', ''];

export class WildServer {
  readonly #random: Random;
  /** Of one thing in so many it makes something else: some servers are nearly good, and get far. */
  readonly #wildness: number;
  readonly #open: RtspRequest[] = [];
  #framer = new RtspFramer();

  constructor(random: Random) {
    this.#random = random;
    this.#wildness = random() ** 3;
  }

  /** What the client sent: to be read, whatever it answers to. */
  hear(bytes: Uint8Array): void {
    for (const unit of this.#framer.push(bytes)) {
      assert.ok(unit.kind === 'message', `the client sent what cannot be read: ${unit.kind}`);
      if (unit.message.kind === 'request') this.#open.push(unit.message);
    }
  }

  connected(): void {
    this.#framer = new RtspFramer();
    this.#open.length = 0;
  }

  /** The next thing it says; mostly the answer to the oldest request. */
  say(): Uint8Array {
    const random = this.#random;
    const request = this.#open[0];
    if (request === undefined || this.#wild()) return this.#unasked();
    if (!this.#wild()) this.#open.shift();
    const bytes = this.#answer(request);
    return this.#wild() ? mutated(bytes, random) : bytes;
  }

  #wild(): boolean {
    return this.#random() < this.#wildness;
  }

  #answer(request: RtspRequest): Uint8Array {
    const random = this.#random;
    const status = this.#wild() ? oneOf(STATUSES, random) : '200 OK';
    const cseq = this.#wild() ? String(below(10, random)) : request.headers.get('CSeq');
    const asked = request.headers.get('Transport') ?? '';
    const described = request.method === 'DESCRIBE' ? oneOf(DESCRIPTIONS, random) : '';
    const headers = [
      `CSeq: ${cseq}`,
      `Session: ${this.#wild() ? oneOf(SESSIONS, random) : '77;timeout=60'}`,
      `Server: ${random() < 0.2 ? 'weir/1.2.3' : 'cam'}`,
      ...(status.startsWith('401') ? [`WWW-Authenticate: ${oneOf(CHALLENGES, random)}`] : []),
      ...(status.startsWith('302') ? [`Location: ${oneOf(LOCATIONS, random)}`] : []),
      ...(asked === '' ? [] : [`Transport: ${this.#wild() ? oneOf(TRANSPORTS, random) : granted(asked)}`]),
    ];
    const body = Buffer.from(described, 'latin1');
    const head = `RTSP/1.0 ${status}\r\n${headers.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), body]);
  }

  /** Media of any channel, requests of the server's own, answers to nothing, rubbish. */
  #unasked(): Uint8Array {
    const random = this.#random;
    switch (below(6, random)) {
      case 0:
        return Buffer.from(`REDIRECT * RTSP/1.0\r\nCSeq: 1\r\nLocation: ${oneOf(LOCATIONS, random)}\r\n\r\n`);
      case 1:
        return Buffer.from('ANNOUNCE rtsp://h/ RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 5\r\n\r\nv=0\r\n');
      case 2:
        return Buffer.from(`RTSP/1.0 200 OK\r\nCSeq: ${below(9, random)}\r\n\r\n`);
      case 3:
        return Uint8Array.from({ length: below(200, random) }, () => below(256, random));
      default: {
        const packet = Uint8Array.from({ length: below(60, random) }, () => below(256, random));
        packet.set([0x80, random() < 0.8 ? 96 : 200].slice(0, packet.length));
        return frame(oneOf([0, 1, 2, 3, 8, 9, 77], random), packet);
      }
    }
  }
}

/** What a good server makes of it. */
function granted(asked: string): string {
  return asked.includes('client_port') ? `${asked};server_port=7000-7001` : asked;
}
