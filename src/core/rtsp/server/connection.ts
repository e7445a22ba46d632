/**
 * One connection of the RTSP server (RFC 2326): requests in, responses out in their order (§9.1), and between them questions that
 * only the edge can answer. It owns the sessions that were set up on it: media stays on the connection that set it up.
 *
 *     request ──▶ checks (version, Require, method, session, state) ──▶ reply
 *                    └──▶ ask ──▶ edge: login, stream, publishing ──▶ answer ──▶ reply ──▶ next request
 */
import { WeirError } from '../../errors.ts';
import type { RtspRequest } from '../wire/message.ts';
import { serialiseMethods } from '../wire/method-list.ts';
import { echoed } from '../wire/parse-head.ts';
import { parseSession, serialiseSession } from '../wire/session.ts';
import { announce } from './announce.ts';
import { ConnectionSessions, type ChannelUse } from './connection-sessions.ts';
import { control } from './control.ts';
import { describe } from './describe.ts';
import { CLIENT_METHODS, isServerMethod, SERVER_METHODS, type ServerMethod } from './methods.ts';
import type { OfferedWays } from './media-way.ts';
import { finished, replied, type Asked, type Outcome } from './outcome.ts';
import { parameters } from './parameters.ts';
import { redirectBytes } from './redirect.ts';
import { malformed, ok, refusal, refusalOf, replyBytes } from './response.ts';
import type { ServerAnswer, ServerInput, ServerOutput } from './server-io.ts';
import type { SessionTable } from './session-table.ts';
import type { ServerSession } from './session.ts';
import { setup } from './setup.ts';
import { MAX_URI_LENGTH } from './target.ts';

/** Said in every Session header. A peer whose session waits, and that is silent for so long and a little, is gone. */
export const SESSION_TIMEOUT_S = 60;
export const SESSION_GRACE_MS = 5000;
/** A connection without a session, and without a request for so long, is closed. */
export const CONNECTION_IDLE_MS = 60_000;
/** A connection on which no request came by then is closed: clients ask at once. */
export const FIRST_REQUEST_MS = 10_000;
/** Requests that may wait for the answer to one before them. */
export const MAX_PIPELINED_REQUESTS = 32;
/** Of their bodies: one is at most half of it. */
export const MAX_PIPELINED_BYTES = 512 * 1024;
/** Who is refused gets the answers to what he asked before for so long: as long as the first of them may take. */
export const LAST_ANSWERS_MS = 15_000;

/** Whether requests are taken. */
type Stage =
  | { readonly kind: 'open' }
  /** `Connection: close` was said (§12.10): over once all is answered and no session lives. */
  | { readonly kind: 'leaving' }
  /** Over once all is answered, or at `untilMs`. `cseq`: of what is refused, where it could be read. */
  | {
      readonly kind: 'refusing';
      readonly error: WeirError;
      readonly cseq: string | undefined;
      readonly untilMs: number;
    }
  | { readonly kind: 'over' };

const PUBLIC = serialiseMethods(SERVER_METHODS);

export class ServerConnection {
  readonly #sessions: ConnectionSessions;
  readonly #offered: OfferedWays;
  readonly #waiting: RtspRequest[] = [];
  /** The question that is with the edge, and the request that it belongs to. */
  #open: { readonly request: RtspRequest; readonly asked: Asked } | undefined;
  #stage: Stage = { kind: 'open' };
  #requestMs: number;
  #requests = 0;
  /** Of our own last request. */
  #cseq = 0;

  /** `address`: the peer's. `offered`: besides interleaved. `nowMs` here and below: monotonic. */
  constructor(table: SessionTable, address: string, offered: OfferedWays, nowMs: number) {
    this.#sessions = new ConnectionSessions(table, address);
    this.#offered = offered;
    this.#requestMs = nowMs;
  }

  /** The sessions whose media flows on this connection. */
  get sessions(): ReadonlySet<ServerSession> {
    return this.#sessions.all;
  }

  /** Who uses an interleaved channel; undefined if nobody set it up. */
  channel(channel: number): ChannelUse | undefined {
    return this.#sessions.channel(channel);
  }

  /** The interleaved channels that somebody uses. */
  get channels(): ReadonlySet<number> {
    return this.#sessions.channels;
  }

  push(input: ServerInput, nowMs: number): readonly ServerOutput[] {
    switch (input.kind) {
      case 'request':
        return this.#request(input.request, nowMs);
      case 'answer':
        return this.#answer(input.answer, nowMs);
      case 'heard':
        this.#heard(nowMs);
        return [];
      case 'end-session':
        this.#sessions.forget(input.session);
        return [];
      case 'redirect':
        this.#cseq += 1;
        return [{ kind: 'send', bytes: redirectBytes(input.session, input.to, this.#cseq) }];
      case 'unreadable':
        return this.#refuse(input.error, undefined, nowMs);
      case 'tick':
        return this.#tick(nowMs);
    }
  }

  #request(request: RtspRequest, nowMs: number): readonly ServerOutput[] {
    this.#requestMs = nowMs;
    this.#requests += 1;
    this.#heard(nowMs);
    if (!this.#takesRequests) return [];
    if (!this.#hasRoomFor(request)) {
      const message = 'Too many requests wait for the answer to one before them';
      const expected = `at most ${MAX_PIPELINED_REQUESTS}, of ${MAX_PIPELINED_BYTES} bytes in all`;
      const error = new WeirError('limit-reached', message, { expected });
      return this.#refuse(error, echoed(request.headers, 'CSeq'), nowMs);
    }
    if (isLast(request)) this.#stage = { kind: 'leaving' };
    // Its body is a view of what the socket gave: copied, since it may have to wait.
    this.#waiting.push(request.body.length === 0 ? request : { ...request, body: new Uint8Array(request.body) });
    const outputs: ServerOutput[] = [];
    this.#run(nowMs, outputs);
    return outputs;
  }

  #answer(answer: ServerAnswer, nowMs: number): readonly ServerOutput[] {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined || this.#stage.kind === 'over') return [];
    const outputs: ServerOutput[] = [];
    this.#carryOut(open.request, finished(open.asked, answer, open.request.uri, nowMs), outputs);
    this.#run(nowMs, outputs);
    return outputs;
  }

  #hasRoomFor({ body }: RtspRequest): boolean {
    const bytes = this.#waiting.reduce((sum, waiting) => sum + waiting.body.length, body.length);
    return this.#waiting.length < MAX_PIPELINED_REQUESTS && bytes <= MAX_PIPELINED_BYTES;
  }

  get #takesRequests(): boolean {
    return this.#stage.kind === 'open' || this.#stage.kind === 'leaving';
  }

  /** Nothing more is taken; what was taken before is answered first (§9.1). */
  #refuse(error: WeirError, cseq: string | undefined, nowMs: number): readonly ServerOutput[] {
    const outputs: ServerOutput[] = [];
    if (!this.#takesRequests) return outputs;
    this.#stage = { kind: 'refusing', error, cseq, untilMs: nowMs + LAST_ANSWERS_MS };
    this.#run(nowMs, outputs);
    return outputs;
  }

  /** Takes the waiting requests, one after another, up to one that has to ask. */
  #run(nowMs: number, outputs: ServerOutput[]): void {
    while (this.#open === undefined) {
      const request = this.#waiting.shift();
      if (request === undefined) {
        this.#allAnswered(outputs);
        return;
      }
      this.#carryOut(request, this.#outcome(request, nowMs), outputs);
    }
  }

  /**
   * Who leaves is not cut off while a session lives: its TEARDOWN is still to come, and media flows until then. What was announced is about to be
   * a session.
   */
  #allAnswered(outputs: ServerOutput[]): void {
    if (this.#stage.kind === 'refusing') this.#sayRefusal(this.#stage, outputs);
    const isAlone = this.#sessions.all.size === 0 && this.#sessions.announced === undefined;
    if (this.#stage.kind === 'leaving' && isAlone) this.#close(undefined, outputs);
  }

  #sayRefusal({ error, cseq }: Extract<Stage, { readonly kind: 'refusing' }>, outputs: ServerOutput[]): void {
    outputs.push({ kind: 'send', bytes: replyBytes(refusalOf(error), cseq, undefined) });
    this.#close(error, outputs);
  }

  #close(error: WeirError | undefined, outputs: ServerOutput[]): void {
    this.#stage = { kind: 'over' };
    outputs.push({ kind: 'close', error });
  }

  #carryOut(request: RtspRequest, outcome: Outcome, outputs: ServerOutput[]): void {
    if (outcome.kind === 'ask') {
      this.#open = { request, asked: outcome };
      outputs.push({ kind: 'ask', ask: outcome.ask });
      return;
    }
    const { reply, session, after } = outcome;
    const header =
      session === undefined ? undefined : serialiseSession({ id: session.id, timeoutS: SESSION_TIMEOUT_S });
    outputs.push({ kind: 'send', bytes: replyBytes(reply, echoed(request.headers, 'CSeq'), header) });
    if (after !== undefined) outputs.push(after);
  }

  #outcome(request: RtspRequest, nowMs: number): Outcome {
    const { method, headers } = request;
    if (request.uri.length > MAX_URI_LENGTH) return replied(refusal('uri-too-long'));
    if (request.version !== 'RTSP/1.0') return replied(refusal('version-unsupported'));
    if (echoed(headers, 'CSeq') === undefined)
      return replied(malformed('The request has no CSeq, or none of a usable length'));
    const required = [...headers.getAll('Require'), ...headers.getAll('Proxy-Require')];
    if (required.length > 0) return replied(refusal('option-unsupported', [['Unsupported', required.join(', ')]]));
    if (CLIENT_METHODS.has(method)) return replied(refusal('method-not-allowed', [['Allow', PUBLIC]]));
    if (!isServerMethod(method)) return replied(refusal('method-unknown', [['Allow', PUBLIC]]));
    const named = this.#namedSession(request);
    if (named === 'unknown') return replied(refusal('session-unknown'));
    named?.heard(nowMs);
    return this.#dispatch(method, request, named, nowMs);
  }

  #dispatch(method: ServerMethod, request: RtspRequest, session: ServerSession | undefined, nowMs: number): Outcome {
    switch (method) {
      case 'OPTIONS':
        return replied(ok([['Public', PUBLIC]]), session);
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        return parameters(method, request, session, this.#sessions);
      case 'DESCRIBE':
        return describe(request, this.#sessions);
      case 'ANNOUNCE':
        return announce(request, this.#sessions);
      case 'SETUP':
        return setup(request, session, this.#sessions, this.#offered, nowMs);
      case 'PLAY':
      case 'PAUSE':
      case 'RECORD':
      case 'TEARDOWN':
        return control(method, request, session, this.#sessions);
    }
  }

  /** The session that the request names; who forgets to name one means the connection's only one. */
  #namedSession(request: RtspRequest): ServerSession | 'unknown' | undefined {
    const header = request.headers.get('Session');
    if (header !== undefined) {
      const id = parseSession(header)?.id;
      return (id === undefined ? undefined : this.#sessions.find(id)) ?? 'unknown';
    }
    const own = [...this.#sessions.all];
    return request.method !== 'SETUP' && own.length === 1 ? own[0] : undefined;
  }

  #heard(nowMs: number): void {
    for (const session of this.#sessions.all) session.heard(nowMs);
  }

  #tick(nowMs: number): readonly ServerOutput[] {
    const outputs: ServerOutput[] = [];
    for (const session of this.#sessions.all) {
      if (livesByMedia(session)) continue;
      if (nowMs - session.heardMs < SESSION_TIMEOUT_S * 1000 + SESSION_GRACE_MS) continue;
      this.#sessions.forget(session);
      outputs.push({ kind: 'ended', session, why: 'timeout' });
    }
    if (this.#stage.kind === 'refusing' && nowMs >= this.#stage.untilMs) this.#sayRefusal(this.#stage, outputs);
    if (!this.#takesRequests) return outputs;
    if (this.#requests === 0 && nowMs - this.#requestMs >= FIRST_REQUEST_MS) {
      return [...outputs, ...this.#refuse(new WeirError('request-timeout', 'No request came'), undefined, nowMs)];
    }
    const idle = this.#sessions.all.size === 0 && this.#open === undefined;
    // Its last session may have ended over another connection.
    const leaves = this.#stage.kind === 'leaving' && this.#sessions.announced === undefined;
    if (idle && (leaves || nowMs - this.#requestMs >= CONNECTION_IDLE_MS)) this.#close(undefined, outputs);
    return outputs;
  }
}

/**
 * Media in flight says more than requests do: a publisher is there as long as it sends, a reader as long as its connection takes what it
 * is sent, and the edge sees both. Neither has to say anything else: publishers do not, and not every player sends reports. What is sent
 * in datagrams nobody sees taken: there reports or requests have to come.
 */
function livesByMedia({ phase, tracks }: ServerSession): boolean {
  return phase === 'recording' || (phase === 'playing' && tracks.every(({ way }) => way.kind === 'interleaved'));
}

/** §12.10, and RFC 2068 §14.10: a list. */
function isLast({ headers }: RtspRequest): boolean {
  const said = headers.getAll('Connection').flatMap((value) => value.split(','));
  return said.some((one) => one.trim().toLowerCase() === 'close');
}
