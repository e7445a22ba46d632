/** A peer of a `ServerConnection` for tests: says requests, hears replies, and is the edge that answers as it is told. */
import { WeirError } from '../../errors.ts';
import { RtspFramer } from '../wire/framer.ts';
import { RtspHeaders } from '../wire/headers.ts';
import type { RtspRequest, RtspResponse } from '../wire/message.ts';
import { ServerConnection } from './connection.ts';
import type { OfferedWays } from './media-way.ts';
import type { ServerAnswer, ServerAsk, ServerOutput } from './server-io.ts';
import { SessionTable } from './session-table.ts';
import type { ServerSession } from './session.ts';

export const BASE = 'rtsp://192.0.2.1:8554/yard';
export const TCP = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };

/** FFmpeg's form: H.264 and AAC. */
export const ANNOUNCED = `v=0\r
o=- 0 0 IN IP4 127.0.0.1\r
s=No Name\r
t=0 0\r
m=video 0 RTP/AVP 96\r
a=rtpmap:96 H264/90000\r
a=fmtp:96 packetization-mode=1\r
a=control:streamid=0\r
m=audio 0 RTP/AVP 97\r
a=rtpmap:97 MPEG4-GENERIC/48000/2\r
a=control:streamid=1\r
`;

/** An edge where everybody may do everything, and `yard` has two tracks. */
export function generous(ask: ServerAsk): ServerAnswer | undefined {
  switch (ask.kind) {
    case 'describe':
      return { kind: 'described', sdp: new TextEncoder().encode('v=0\r\n') };
    case 'tracks':
      if (ask.stream !== 'yard') return { kind: 'refused', error: new WeirError('stream-unknown', 'no such stream') };
      return { kind: 'tracks', ssrcs: [0x11, 0x22], user: undefined };
    case 'way':
      if (ask.wanted.kind === 'multicast') {
        const ports = [8002 + 2 * ask.track, 8003 + 2 * ask.track] as const;
        return { kind: 'way', way: { kind: 'multicast', group: { address: '239.10.1.2', ports, ttl: 16 } } };
      }
      return { kind: 'way', way: { ...ask.wanted, serverPorts: [8000, 8001] } };
    case 'play':
      return {
        kind: 'playing',
        starts: ask.session.tracks.map(({ track }) => ({ track, sequence: 100 + track, rtpTime: 9000 + track })),
      };
    case 'parameters':
      return {
        kind: 'parameters',
        values: new Map([
          ['position', 'clock=20261124T101500Z'],
          ['packets_lost', '0'],
        ]),
      };
    case 'announce':
    case 'record':
    case 'pause':
    case 'teardown':
      return { kind: 'ok', user: undefined };
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: RtspHeaders;
  readonly body: string;
}

export class Dialogue {
  readonly machine: ServerConnection;
  readonly asks: ServerAsk[] = [];
  /** Everything but replies and questions, by kind. */
  readonly events: string[] = [];
  readonly replies: Reply[] = [];
  /** What the edge answers; undefined: later, by `answer`. */
  edge: (ask: ServerAsk) => ServerAnswer | undefined = generous;
  nowMs = 0;
  #cseq = 0;

  constructor(table = newTable(), offered: OfferedWays = { udp: false, multicast: false }) {
    this.machine = new ServerConnection(table, '192.0.2.1', offered, this.nowMs);
  }

  /** Says a request and returns its reply, which must come. */
  ask(method: string, uri: string, headers: Readonly<Record<string, string>> = {}, body = ''): Reply {
    const before = this.replies.length;
    this.say(method, uri, headers, body);
    const reply = this.replies[before];
    if (reply === undefined || this.replies.length !== before + 1) throw new RangeError(`no reply to ${method}`);
    return reply;
  }

  say(method: string, uri: string, headers: Readonly<Record<string, string>> = {}, body = ''): void {
    this.#cseq += 1;
    const entries = Object.entries({ CSeq: String(this.#cseq), ...headers }).filter(([, value]) => value !== '');
    this.#carryOut(
      this.machine.push(
        {
          kind: 'request',
          request: {
            kind: 'request',
            method,
            uri,
            version: 'RTSP/1.0',
            headers: new RtspHeaders(entries),
            body: new TextEncoder().encode(body),
          },
        },
        this.nowMs,
      ),
    );
  }

  answer(answer: ServerAnswer): void {
    this.#carryOut(this.machine.push({ kind: 'answer', answer }, this.nowMs));
  }

  unreadable(error: WeirError): void {
    this.#carryOut(this.machine.push({ kind: 'unreadable', error }, this.nowMs));
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs;
    this.#carryOut(this.machine.push({ kind: 'tick' }, nowMs));
  }

  redirect(session: ServerSession, to: string): RtspRequest {
    const [output] = this.machine.push({ kind: 'redirect', session, to }, this.nowMs);
    const [unit] = new RtspFramer().push(output?.kind === 'send' ? output.bytes : new Uint8Array(0));
    if (unit?.kind !== 'message' || unit.message.kind !== 'request') throw new RangeError('no request');
    return unit.message;
  }

  heard(): void {
    this.#carryOut(this.machine.push({ kind: 'heard' }, this.nowMs));
  }

  #carryOut(outputs: readonly ServerOutput[]): void {
    for (const output of outputs) {
      switch (output.kind) {
        case 'send':
          this.replies.push(replyOf(output.bytes));
          break;
        case 'ask': {
          this.asks.push(output.ask);
          const answer = this.edge(output.ask);
          if (answer !== undefined) this.answer(answer);
          break;
        }
        case 'flow':
          this.events.push(`flow ${output.session.id}`);
          break;
        case 'track-ended':
          this.events.push(`track-ended ${output.session.id} ${output.track}`);
          break;
        case 'way-left':
          this.events.push(`way-left ${output.session.id} ${output.way}`);
          break;
        case 'ended':
          this.events.push(`ended ${output.session.id} ${output.why}`);
          break;
        case 'close':
          this.events.push(`close ${output.error?.code ?? ''}`.trim());
      }
    }
  }
}

export function newTable(): SessionTable {
  let id = 0;
  return new SessionTable(() => `s${++id}`);
}

function replyOf(bytes: Uint8Array): Reply {
  const [unit] = new RtspFramer().push(bytes);
  if (unit?.kind !== 'message') throw new RangeError('the reply is no message');
  const { status, headers, body } = unit.message as RtspResponse;
  return { status, headers, body: new TextDecoder().decode(body) };
}
