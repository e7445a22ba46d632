/** A client machine and the server's part spoken by a test: requests as they come off the wire, responses as the test writes them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { WeirError } from '../../errors.ts';
import type { Hash } from '../digest/challenge.ts';
import { RtspFramer } from '../wire/framer.ts';
import type { RtspMessage, RtspRequest } from '../wire/message.ts';
import { cseqOf } from '../wire/parse-head.ts';
import { parseRtspUrl } from '../wire/rtsp-url.ts';
import type { ClientInput, ClientOptions, ClientOutput } from './client-io.ts';
import { ClientMachine } from './client-machine.ts';

export const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');

export const TCP = 'RTP/AVP/TCP;unicast;interleaved=';
export const VIDEO_SDP =
  'v=0\r\ns=x\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0\r\n';
export const AUDIO_SECTION = 'm=audio 0 RTP/AVP 8\r\na=control:trackID=1\r\n';

export class Conversation {
  readonly machine: ClientMachine;
  nowMs = 1000;
  /** Everything but `send` and `wake`, since the start. */
  readonly outputs: ClientOutput[] = [];
  /** What was sent and not yet looked at. */
  readonly #sent: RtspMessage[] = [];
  #framer = new RtspFramer();
  #last: RtspRequest | undefined;
  wakeMs: number | undefined;

  constructor(url = 'rtsp://192.0.2.1/live', options: Partial<ClientOptions> = {}) {
    const parsed = parseRtspUrl(url);
    assert.ok(!(parsed instanceof WeirError));
    const timeouts = { responseMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 };
    let nonces = 0;
    const nonce = (): string => `c${++nonces}`;
    this.machine = new ClientMachine({
      url: parsed,
      label: 'label',
      userAgent: 'weir',
      keepAlive: 'OPTIONS',
      timeouts,
      hash,
      nonce,
      ...options,
    });
    this.push({ kind: 'start' });
  }

  push(input: ClientInput): void {
    for (const output of this.machine.push(input, this.nowMs)) {
      if (output.kind === 'send') {
        for (const unit of this.#framer.push(output.bytes)) {
          assert.ok(unit.kind === 'message');
          this.#sent.push(unit.message);
        }
      } else if (output.kind === 'wake') this.wakeMs = output.atMs;
      else this.outputs.push(output);
    }
  }

  /** Lets time pass; the machine is woken when it asked for it. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.wakeMs !== undefined && this.wakeMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.wakeMs);
      this.wakeMs = undefined;
      this.push({ kind: 'tick' });
    }
    this.nowMs = endMs;
  }

  /** The next request that was sent. */
  request(method: string): RtspRequest {
    const message = this.#sent.shift();
    assert.ok(message?.kind === 'request', `${method} was expected, nothing was sent`);
    assert.equal(message.method, method);
    this.#last = message;
    return message;
  }

  /** The next response that was sent. */
  response(): RtspMessage & { readonly kind: 'response' } {
    const message = this.#sent.shift();
    assert.ok(message?.kind === 'response');
    return message;
  }

  nothingSent(): void {
    assert.deepEqual(this.#sent, []);
  }

  /** Answers the last request; `headers` may hold another CSeq. */
  reply(status: number, headers: Readonly<Record<string, string | readonly string[]>> = {}, body = ''): void {
    const all = { CSeq: String(this.#last === undefined ? 0 : cseqOf(this.#last)), ...headers };
    const lines = Object.entries(all).flatMap(([name, values]) =>
      [values].flat().map((value) => `${name}: ${value}\r\n`),
    );
    this.wire(`RTSP/1.0 ${status} Reason\r\n${lines.join('')}Content-Length: ${body.length}\r\n\r\n${body}`);
  }

  /** Bytes from the server. */
  wire(bytes: string | Uint8Array): void {
    const chunk = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    this.push({ kind: 'units', units: new RtspFramer().push(chunk) });
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
    this.reply(200, { Session: session, Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
    this.request('PLAY');
    this.reply(200, { Session: session });
    assert.equal(this.machine.state, 'playing');
  }

  frame(channel: number, ...bytes: readonly number[]): void {
    const packet = new Uint8Array(20);
    packet.set([0x80, 96, ...bytes]);
    this.push({ kind: 'units', units: [{ kind: 'frame', channel, payload: packet }] });
  }

  of<K extends ClientOutput['kind']>(kind: K): readonly (ClientOutput & { readonly kind: K })[] {
    return this.outputs.filter((output): output is ClientOutput & { readonly kind: K } => output.kind === kind);
  }

  /** The code of the end; 'none' if it ended well, undefined while it goes on. */
  get ended(): string | undefined {
    const end = this.of('end')[0];
    return end === undefined ? undefined : (end.error?.code ?? 'none');
  }
}
