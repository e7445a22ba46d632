/**
 * A `ClientMachine` and the camera at its other end, for tests; no clock, no socket. Either the camera answers by itself, or the test
 * speaks its part: takes each request (`request`), and writes the answer (`reply`).
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { WeirError } from '../../errors.ts';
import type { Hash } from '../digest/challenge.ts';
import { RtspFramer, type RtspUnit } from '../wire/framer.ts';
import type { RtspMessage, RtspRequest } from '../wire/message.ts';
import { cseqOf } from '../wire/parse-head.ts';
import { parseRtspUrl } from '../wire/rtsp-url.ts';
import type { ClientInput, ClientOptions, ClientOutput, ClientTrack } from './client-io.ts';
import { ClientMachine } from './client-machine.ts';

/** What a camera that answers by itself says; undefined: nothing. `asked`: how often this method was asked before. */
export type Answer = (request: RtspRequest, asked: number) => string | Uint8Array | undefined;

export const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');

export const TIMEOUTS = { responseMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 };
export const TCP = 'RTP/AVP/TCP;unicast;interleaved=';
export const VIDEO_SDP =
  'v=0\r\ns=x\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0\r\n';
export const AUDIO_SECTION = 'm=audio 0 RTP/AVP 8\r\na=control:trackID=1\r\n';

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
      return respond(request, '200 OK', ['Content-Type: application/sdp'], VIDEO_SDP);
    case 'SETUP':
      return respond(request, '200 OK', [`Transport: ${TCP}0-1`, 'Session: 77;timeout=60']);
    default:
      return respond(request, '200 OK', ['Session: 77']);
  }
};

/** A camera that answers by itself, asked for a URL with a password. */
export function answering(
  answer: Answer,
  url = 'rtsp://user:p%40ss@192.0.2.1/main',
  options: Partial<ClientOptions> = {},
): FakeCamera {
  return new FakeCamera(url, options, answer);
}

export class FakeCamera {
  readonly machine: ClientMachine;
  nowMs = 1000;
  /** Whether ports that are asked for are opened at once: 5000-5001 for the first track. */
  bindsPorts = true;
  /** When the machine wants to be woken; undefined: it was. */
  wakeMs: number | undefined;
  /** Everything but `send` and `wake`, since the start. */
  readonly outputs: ClientOutput[] = [];
  /** Of a camera that answers: all that it was asked. */
  readonly requests: RtspRequest[] = [];
  /** Of one that does not: what was sent and not yet looked at. */
  readonly #unread: RtspMessage[] = [];
  readonly #inputs: ClientInput[] = [];
  #answer: Answer | undefined;
  #toCamera = new RtspFramer();
  #fromCamera = new RtspFramer();
  #last: RtspRequest | undefined;

  constructor(url = 'rtsp://192.0.2.1/live', options: Partial<ClientOptions> = {}, answer?: Answer) {
    const parsed = parseRtspUrl(url);
    assert.ok(!(parsed instanceof WeirError));
    this.#answer = answer;
    let nonces = 0;
    this.machine = new ClientMachine({
      url: parsed,
      label: 'rtsp://***@192.0.2.1/main',
      userAgent: 'weir',
      ways: ['tcp'],
      keepAlive: 'OPTIONS',
      timeouts: TIMEOUTS,
      hash,
      nonce: () => `c${++nonces}`,
      ...options,
    });
    this.push({ kind: 'start' });
  }

  push(input: ClientInput): void {
    this.#inputs.push(input);
    // What the camera answers meanwhile comes after all that was said before.
    if (this.#inputs.length > 1) return;
    for (let next = this.#inputs[0]; next !== undefined; next = this.#inputs[0]) {
      for (const output of this.machine.push(next, this.nowMs)) this.#carryOut(output);
      this.#inputs.shift();
    }
  }

  /** Lets time pass; the machine is woken when it asked for it. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.wakeMs !== undefined && this.wakeMs <= endMs && this.machine.state !== 'ended') {
      this.nowMs = Math.max(this.nowMs, this.wakeMs);
      this.wakeMs = undefined;
      this.push({ kind: 'tick' });
    }
    this.nowMs = endMs;
  }

  /** Bytes from the camera. */
  say(bytes: string | Uint8Array): void {
    const chunk = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    this.push({ kind: 'units', units: this.#fromCamera.push(chunk) });
  }

  /** Undefined: from now on the test speaks. */
  answerWith(answer: Answer | undefined): void {
    this.#answer = answer;
  }

  /** The next request that was sent. */
  request(method: string): RtspRequest {
    const message = this.#unread.shift();
    assert.ok(message?.kind === 'request', `${method} was expected, nothing was sent`);
    assert.equal(message.method, method);
    this.#last = message;
    return message;
  }

  /** The next response that was sent. */
  response(): RtspMessage & { readonly kind: 'response' } {
    const message = this.#unread.shift();
    assert.ok(message?.kind === 'response');
    return message;
  }

  nothingSent(): void {
    assert.deepEqual(this.#unread, []);
  }

  /** Answers the last request; `headers` may hold another CSeq. */
  reply(status: number, headers: Readonly<Record<string, string | readonly string[]>> = {}, body = ''): void {
    const all = { CSeq: String(this.#last === undefined ? 0 : cseqOf(this.#last)), ...headers };
    const lines = Object.entries(all).flatMap(([name, values]) =>
      [values].flat().map((value) => `${name}: ${value}\r\n`),
    );
    this.say(`RTSP/1.0 ${status} Reason\r\n${lines.join('')}Content-Length: ${body.length}\r\n\r\n${body}`);
  }

  /** Connects and gets as far as the answer to DESCRIBE. */
  describe(sdp = VIDEO_SDP, headers: Readonly<Record<string, string>> = {}): void {
    this.push({ kind: 'connected' });
    this.request('OPTIONS');
    this.reply(200, { Public: 'OPTIONS, DESCRIBE' });
    this.request('DESCRIBE');
    this.reply(200, { 'Content-Type': 'application/sdp', ...headers }, sdp);
  }

  /** Gets as far as PLAY's answer, one track. */
  play(session = '7;timeout=60', sdp = VIDEO_SDP): void {
    this.describe(sdp);
    this.request('SETUP');
    this.reply(200, { Session: session, Transport: `${TCP}0-1` });
    this.request('PLAY');
    this.reply(200, { Session: session });
    assert.equal(this.machine.state, 'playing');
  }

  frame(channel: number, ...bytes: readonly number[]): void {
    const payload = new Uint8Array(20);
    payload.set([0x80, 96, ...bytes]);
    this.push({ kind: 'units', units: [{ kind: 'frame', channel, payload }] });
  }

  of<K extends ClientOutput['kind']>(kind: K): readonly (ClientOutput & { readonly kind: K })[] {
    return this.outputs.filter((output): output is ClientOutput & { readonly kind: K } => output.kind === kind);
  }

  /** `METHOD uri` of all requests to a camera that answers. */
  get asked(): readonly string[] {
    return this.requests.map(({ method, uri }) => `${method} ${uri}`);
  }

  /** Where connections were opened: 'host:port'. */
  get connections(): readonly string[] {
    return this.of('connect').map(({ url }) => `${url.host}:${url.port}`);
  }

  get error(): WeirError | undefined {
    return this.of('end')[0]?.error;
  }

  /** The code of the end; 'none' if it ended well, undefined while it goes on. */
  get ended(): string | undefined {
    const end = this.of('end')[0];
    return end === undefined ? undefined : (end.error?.code ?? 'none');
  }

  #carryOut(output: ClientOutput): void {
    switch (output.kind) {
      case 'send':
        for (const unit of this.#toCamera.push(output.bytes)) this.#sent(unit);
        return;
      case 'wake':
        this.wakeMs = output.atMs;
        return;
      case 'connect':
        this.outputs.push(output);
        this.#toCamera = new RtspFramer();
        this.#fromCamera = new RtspFramer();
        if (this.#answer !== undefined) this.push({ kind: 'connected' });
        return;
      case 'channels':
      case 'tracks':
      case 'rtp':
      case 'rtcp':
      case 'bind':
      case 'join':
      case 'punch':
      case 'goodbye':
      case 'end':
        this.outputs.push(output);
        // Ports of each track, as an edge would open them.
        if (output.kind === 'bind' && this.bindsPorts)
          this.push({ kind: 'bound', track: output.track, ports: [5000 + 2 * output.track, 5001 + 2 * output.track] });
    }
  }

  #sent(unit: RtspUnit): void {
    assert.ok(unit.kind === 'message');
    const { message } = unit;
    if (this.#answer === undefined || message.kind === 'response') {
      this.#unread.push(message);
      return;
    }
    const before = this.requests.filter(({ method }) => method === message.method).length;
    this.requests.push(message);
    const answer = this.#answer(message, before);
    if (answer !== undefined) this.say(answer);
  }
}

/** RTP and RTCP channels of a track that comes in the connection. */
export function channelsOf({ delivery }: ClientTrack): readonly [number, number] {
  assert.ok(delivery.kind === 'interleaved');
  return [delivery.rtpChannel, delivery.rtcpChannel];
}

/** An interleaved frame (RFC 2326 §10.12) with an RTP packet of payload type 96. */
export function rtpFrame(channel: number, payload: readonly number[] = [0x65], ssrc = 1): Uint8Array {
  const packet = [0x80, 0xe0, 0, 1, 0, 0, 0, 0, 0, 0, 0, ssrc, ...payload];
  return Uint8Array.from([0x24, channel, 0, packet.length, ...packet]);
}
