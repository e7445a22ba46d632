/** A camera for the tests of `ClientMachine`: answers each request as it is told to, and keeps what was said. No clock, no socket. */
import { createHash } from 'node:crypto';
import { RtspFramer } from '../wire/framer.ts';
import type { RtspRequest } from '../wire/message.ts';
import { parseRtspUrl, type RtspUrl } from '../wire/rtsp-url.ts';
import { WeirError } from '../../errors.ts';
import { ClientMachine } from './client-machine.ts';
import type { ClientOutput } from './client-io.ts';
import type { Hash } from '../digest/challenge.ts';

/** The text of the answer; undefined: none. `asked`: how often this method was asked before. */
export type Answer = (request: RtspRequest, asked: number) => string | Uint8Array | undefined;

export const SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t1\r\n';
export const TIMEOUTS = { responseMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 };

export const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');

/** A response with CSeq of the request, and what more is given. */
export function respond(request: RtspRequest, status = '200 OK', headers: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  const lines = [`RTSP/1.0 ${status}`, `CSeq: ${request.headers.get('CSeq')}`, ...headers, ...length];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** What a camera without quirks answers. */
export const plainAnswer: Answer = (request) => {
  switch (request.method) {
    case 'OPTIONS':
      return respond(request, '200 OK', ['Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER']);
    case 'DESCRIBE':
      return respond(request, '200 OK', ['Content-Type: application/sdp'], SDP);
    case 'SETUP':
      return respond(request, '200 OK', ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1', 'Session: 77;timeout=60']);
    default:
      return respond(request, '200 OK', ['Session: 77']);
  }
};

export class Dialogue {
  readonly machine: ClientMachine;
  /** `METHOD uri`, in order. */
  readonly asked: string[] = [];
  readonly requests: RtspRequest[] = [];
  readonly outputs: ClientOutput[] = [];
  /** Where connections were opened: 'host:port'. */
  readonly connections: string[] = [];
  nowMs = 1000;
  #answer: Answer;
  #toCamera = new RtspFramer();
  #fromCamera = new RtspFramer();

  constructor(answer: Answer, url = 'rtsp://user:p%40ss@192.0.2.1/main') {
    this.#answer = answer;
    const parsed: RtspUrl | WeirError = parseRtspUrl(url);
    if (parsed instanceof WeirError) throw parsed;
    this.machine = new ClientMachine({
      url: parsed,
      label: 'rtsp://***@192.0.2.1/main',
      userAgent: 'weir',
      keepAlive: 'OPTIONS',
      timeouts: TIMEOUTS,
      hash,
      nonce: () => 'c0ffee',
    });
    this.#carryOut(this.machine.push({ kind: 'start' }, this.nowMs));
  }

  /** The camera says something by itself. */
  say(bytes: string | Uint8Array): void {
    const chunk = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    this.#carryOut(this.machine.push({ kind: 'units', units: this.#fromCamera.push(chunk) }, this.nowMs));
  }

  /** Lets time pass up to the next wake, at most `ms`. */
  wake(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const next = this.outputs.findLast((output) => output.kind === 'wake');
      if (next === undefined || next.atMs > end || this.machine.state === 'ended') break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#carryOut(this.machine.push({ kind: 'tick' }, this.nowMs));
      if (this.outputs.findLast((output) => output.kind === 'wake') === next) break;
    }
    this.nowMs = end;
  }

  close(): void {
    this.#carryOut(this.machine.push({ kind: 'closed' }, this.nowMs));
  }

  stop(): void {
    this.#carryOut(this.machine.push({ kind: 'stop' }, this.nowMs));
  }

  answerWith(answer: Answer): void {
    this.#answer = answer;
  }

  get error(): WeirError | undefined {
    return this.outputs.find((output) => output.kind === 'end')?.error;
  }

  get tracks(): Extract<ClientOutput, { kind: 'tracks' }> | undefined {
    return this.outputs.find((output) => output.kind === 'tracks');
  }

  #carryOut(outputs: readonly ClientOutput[]): void {
    this.outputs.push(...outputs);
    for (const output of outputs) {
      if (output.kind === 'connect') {
        this.connections.push(`${output.url.host}:${output.url.port}`);
        this.#toCamera = new RtspFramer();
        this.#fromCamera = new RtspFramer();
        this.#carryOut(this.machine.push({ kind: 'connected' }, this.nowMs));
      }
      if (output.kind === 'send')
        for (const unit of this.#toCamera.push(output.bytes))
          if (unit.kind === 'message' && unit.message.kind === 'request') this.#answerTo(unit.message);
    }
  }

  #answerTo(request: RtspRequest): void {
    const before = this.requests.filter(({ method }) => method === request.method).length;
    this.requests.push(request);
    this.asked.push(`${request.method} ${request.uri}`);
    const answer = this.#answer(request, before);
    if (answer !== undefined) this.say(answer);
  }
}

/** An interleaved frame (RFC 2326 §10.12) with an RTP packet of payload type 96. */
export function rtpFrame(channel: number, payload: readonly number[] = [0x65], ssrc = 1): Uint8Array {
  const packet = [0x80, 0xe0, 0, 1, 0, 0, 0, 0, 0, 0, 0, ssrc, ...payload];
  return Uint8Array.from([0x24, channel, 0, packet.length, ...packet]);
}
