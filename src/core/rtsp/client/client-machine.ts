/**
 * The client's end of an RTSP session that receives (RFC 2326 §10, appendix A.1), over TCP, interleaved.
 *
 *     connecting ─▶ options ─▶ describing ─▶ setting-up ─▶ starting ─▶ playing ─▶ leaving ─▶ ended
 *         ▲            301, 302 ◀──┤            (a SETUP    (PLAY)
 *         └────────────────────────┘             a track)
 *
 * The server's REDIRECT leads back to connecting from every state between.
 * A 401 is answered wherever it comes; a session that was set up is torn down on every way out.
 */
import { WeirError } from '../../errors.ts';
import type { RtspUnit } from '../wire/framer.ts';
import type { RtspRequest, RtspResponse } from '../wire/message.ts';
import type { RtspUrl } from '../wire/rtsp-url.ts';
import { parseSession } from '../wire/session.ts';
import { closedError, responseError, unauthorizedError, type Unanswerable } from './client-errors.ts';
import type { ClientFaults, ClientInput, ClientOptions, ClientOutput } from './client-io.ts';
import {
  deadline,
  mediaDeadline,
  type ClientSession,
  type ClientState,
  type Playing,
  type SettingUp,
  type Starting,
} from './client-state.ts';
import { Exchange, type OpenRequest } from './exchange.ts';
import { cutByTimeout, keepAlivePeriodMs, nextKeepAlive, type KeepAliveMethod } from './keep-alive.ts';
import { MediaGate } from './media-gate.ts';
import { redirectTarget } from './redirect.ts';
import { answerServerRequest } from './server-request.ts';
import { planSetup } from './setup-plan.ts';
import { setUpTrack } from './setup-reply.ts';

/** TEARDOWN hangs with many devices: GStreamer waits 100 ms, Scrypted 500. */
export const TEARDOWN_WAIT_MS = 500;

export class ClientMachine {
  readonly #options: ClientOptions;
  readonly #exchange: Exchange;
  readonly #faults: ClientFaults;
  #url: RtspUrl;
  #state: ClientState = { kind: 'idle' };
  #keepAlive: KeepAliveMethod;
  #redirects = 0;
  /** VStarcam closes the connection after a 401 (ret#45): once, that is no failure. */
  #reconnected = false;
  #wakeMs: number | undefined;
  #outputs: ClientOutput[] = [];

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#url = options.url;
    this.#keepAlive = options.keepAlive;
    this.#exchange = new Exchange(options, options.url.credentials);
    this.#faults = {
      garbageBytes: 0,
      resyncs: 0,
      cseqMismatches: 0,
      unexpectedResponses: 0,
      earlyFrames: 0,
      unknownChannelFrames: 0,
      notRtpFrames: 0,
      foreignSsrcFrames: 0,
    };
  }

  get faults(): Readonly<ClientFaults> {
    return { ...this.#faults, cseqMismatches: this.#exchange.mismatches };
  }

  /** What the next attempt at this source should begin with. */
  get keepAlive(): KeepAliveMethod {
    return this.#keepAlive;
  }

  get state(): ClientState['kind'] {
    return this.#state.kind;
  }

  /** Never throws. */
  push(input: ClientInput, nowMs: number): readonly ClientOutput[] {
    this.#outputs = [];
    switch (input.kind) {
      case 'start':
        this.#connect();
        break;
      case 'connected':
        this.#send('OPTIONS', this.#url.requestUrl, [], nowMs);
        this.#state = { kind: 'options' };
        break;
      case 'units':
        for (const unit of input.units) this.#unit(unit, nowMs);
        break;
      case 'closed':
        this.#closed(nowMs);
        break;
      case 'tick':
        this.#wakeMs = undefined;
        this.#tick(nowMs);
        break;
      case 'stop':
        this.#leave(undefined, nowMs);
        break;
      default:
        input satisfies never;
    }
    this.#wake();
    return this.#outputs;
  }

  #unit(unit: RtspUnit, nowMs: number): void {
    const state = this.#state;
    if (state.kind === 'connecting' || state.kind === 'ended') return;
    switch (unit.kind) {
      case 'frame':
        if (state.kind === 'playing' || state.kind === 'starting')
          state.media.frame(unit.channel, unit.payload, nowMs, this.#outputs);
        else if (state.kind !== 'leaving') this.#faults.earlyFrames += 1;
        return;
      case 'garbage':
        this.#faults.garbageBytes += unit.bytes;
        this.#faults.resyncs += 1;
        return;
      case 'error':
        this.#leave(
          new WeirError('source-protocol', unit.error.describe(), { place: this.#options.label, cause: unit.error }),
          nowMs,
        );
        return;
      case 'message':
        if (unit.message.kind === 'request') this.#serverRequest(unit.message, nowMs);
        else this.#response(unit.message, nowMs);
        return;
      default:
        unit satisfies never;
    }
  }

  #response(response: RtspResponse, nowMs: number): void {
    const request = this.#exchange.take(response);
    if (request === undefined) {
      if (response.status >= 200) this.#faults.unexpectedResponses += 1;
      return;
    }
    if (response.status !== 401 || this.#state.kind === 'leaving') {
      this.#answered(request, response, nowMs);
      return;
    }
    const answer = this.#exchange.answer(request, response, nowMs);
    if (typeof answer !== 'string') this.#outputs.push({ kind: 'send', bytes: answer });
    else this.#unauthorized(answer, request, response, nowMs);
  }

  #answered(request: OpenRequest, response: RtspResponse, nowMs: number): void {
    const state = this.#state;
    switch (state.kind) {
      case 'options':
        this.#describe(nowMs);
        return;
      case 'describing':
        this.#described(response, nowMs);
        return;
      case 'setting-up':
        this.#setUp(state, response, nowMs);
        return;
      case 'starting':
        this.#started(state, response, nowMs);
        return;
      case 'playing':
        // Any answer shows life, and an error is none of the session's; but another method may please more.
        if (response.status >= 400) this.#keepAlive = nextKeepAlive(this.#keepAlive);
        return;
      case 'leaving':
        if (request.method === 'TEARDOWN') this.#end(state.error);
        return;
      case 'idle':
      case 'connecting':
      case 'ended':
        return;
      default:
        state satisfies never;
    }
  }

  /** OPTIONS is a courtesy: whatever the answer, 404, 501 or no `Public`, DESCRIBE decides. */
  #describe(nowMs: number): void {
    this.#send('DESCRIBE', this.#url.requestUrl, [['Accept', 'application/sdp']], nowMs);
    this.#state = { kind: 'describing' };
  }

  #described(response: RtspResponse, nowMs: number): void {
    if (response.status >= 300 && response.status < 400) {
      this.#redirect(response.headers.get('Location'), nowMs);
      return;
    }
    if (response.status !== 200) {
      this.#leave(responseError('DESCRIBE', response, this.#options.label), nowMs);
      return;
    }
    const plan = planSetup(this.#url.requestUrl, response, this.#options.label);
    if (plan instanceof WeirError) this.#leave(plan, nowMs);
    else this.#setUpNext({ plan, header: undefined, tracks: [], skipped: plan.skipped }, 0, undefined, nowMs);
  }

  #setUpNext(session: ClientSession, next: number, failure: WeirError | undefined, nowMs: number): void {
    const planned = session.plan.tracks[next];
    this.#state = { kind: 'setting-up', session, next, failure };
    if (planned !== undefined) {
      const transport = `RTP/AVP/TCP;unicast;interleaved=${2 * next}-${2 * next + 1}`;
      this.#send('SETUP', planned.url, [['Transport', transport], ...sessionHeader(session)], nowMs);
      return;
    }
    const wanted = session.plan.tracks.some(({ format }) => format.media === 'video') ? 'video' : 'audio';
    if (failure !== undefined && !session.tracks.some(({ format }) => format.media === wanted)) {
      this.#leave(failure, nowMs);
      return;
    }
    const media = new MediaGate(session.tracks, session.plan.staleMedia, this.#faults);
    this.#outputs.push({ kind: 'channels', channels: media.channels });
    this.#send('PLAY', session.plan.aggregateUrl, [...sessionHeader(session), ['Range', 'npt=0.000-']], nowMs);
    this.#state = { kind: 'starting', session, media };
  }

  #setUp(state: SettingUp, response: RtspResponse, nowMs: number): void {
    const { session, next } = state;
    const planned = session.plan.tracks[next];
    if (planned === undefined) return;
    const track =
      response.status === 200
        ? setUpTrack(planned, next, response, this.#options.label)
        : responseError('SETUP', response, this.#options.label);
    const header = session.header ?? parseSession(response.headers.get('Session') ?? '');
    if (!(track instanceof WeirError)) {
      this.#setUpNext({ ...session, header, tracks: [...session.tracks, track] }, next + 1, state.failure, nowMs);
      return;
    }
    const skipped = { section: planned.section, media: planned.format.media, reason: track.message };
    this.#setUpNext({ ...session, skipped: [...session.skipped, skipped] }, next + 1, state.failure ?? track, nowMs);
  }

  #started(state: Starting, response: RtspResponse, nowMs: number): void {
    if (response.status !== 200) {
      this.#leave(responseError('PLAY', response, this.#options.label), nowMs);
      return;
    }
    const said = parseSession(response.headers.get('Session') ?? '')?.timeoutS;
    const header =
      state.session.header === undefined || said === undefined
        ? state.session.header
        : { ...state.session.header, timeoutS: said };
    const session = { ...state.session, header };
    const keepAliveAtMs = nowMs + keepAlivePeriodMs(header?.timeoutS);
    this.#outputs.push({ kind: 'tracks', tracks: session.tracks, skipped: session.skipped });
    state.media.open(nowMs, this.#outputs);
    this.#state = { kind: 'playing', session, media: state.media, sinceMs: nowMs, keepAliveAtMs };
  }

  #serverRequest(request: RtspRequest, nowMs: number): void {
    const state = this.#state;
    const formats = 'session' in state ? state.session.plan.tracks.map((track) => track.format) : [];
    this.#outputs.push({ kind: 'send', bytes: answerServerRequest(request, formats) });
    if (request.method === 'REDIRECT' && state.kind !== 'leaving')
      this.#redirect(request.headers.get('Location'), nowMs);
  }

  #redirect(location: string | undefined, nowMs: number): void {
    const state = this.#state;
    const url = redirectTarget(location, this.#options.url, this.#redirects, this.#options.label);
    if (url instanceof WeirError) {
      this.#leave(url, nowMs);
      return;
    }
    if ('session' in state)
      this.#send('TEARDOWN', state.session.plan.aggregateUrl, sessionHeader(state.session), nowMs);
    this.#redirects += 1;
    this.#url = url;
    this.#connect();
  }

  #connect(): void {
    this.#exchange.reconnect(this.#url.credentials);
    this.#state = { kind: 'connecting' };
    this.#outputs.push({ kind: 'connect', url: this.#url });
  }

  #unauthorized(why: Unanswerable, request: OpenRequest, response: RtspResponse, nowMs: number): void {
    const state = this.#state.kind;
    // Without credentials OPTIONS may be refused where DESCRIBE is not; in mid-session media goes on as long as it does.
    if ((state === 'options' && why === 'no-credentials') || state === 'playing')
      this.#answered(request, response, nowMs);
    else this.#leave(unauthorizedError(why, this.#options.label), nowMs);
  }

  #closed(nowMs: number): void {
    const state = this.#state;
    if (state.kind === 'ended' || state.kind === 'connecting') return;
    if (state.kind === 'leaving') {
      this.#end(state.error);
      return;
    }
    if (state.kind !== 'playing' && !this.#reconnected && (this.#exchange.oldest?.challenges ?? 0) > 0) {
      this.#reconnected = true;
      this.#connect();
      return;
    }
    if (state.kind === 'playing') this.#judgeKeepAlive(state, nowMs);
    this.#end(closedError(state.kind === 'playing' ? undefined : this.#exchange.oldest?.method, this.#options.label));
  }

  #tick(nowMs: number): void {
    const state = this.#state;
    const { label, timeouts } = this.#options;
    if (nowMs < (deadline(state, this.#exchange.oldest?.sentMs, timeouts) ?? Infinity)) return;
    if (state.kind === 'leaving') this.#end(state.error);
    else if (state.kind === 'playing') this.#tickPlaying(state, nowMs);
    else {
      const message = `No answer to ${this.#exchange.oldest?.method} within ${timeouts.responseMs} ms`;
      this.#leave(new WeirError('source-timeout', message, { place: label }), nowMs);
    }
  }

  #tickPlaying(state: Playing, nowMs: number): void {
    const { session, media } = state;
    const { label, timeouts } = this.#options;
    if (nowMs >= mediaDeadline(state, timeouts)) {
      this.#judgeKeepAlive(state, media.lastMs ?? nowMs);
      const { firstByteMs, idleMs } = timeouts;
      const message =
        media.lastMs === undefined ? `No media within ${firstByteMs} ms of PLAY` : `No media for ${idleMs} ms`;
      this.#leave(new WeirError('source-silent', message, { place: label }), nowMs);
      return;
    }
    this.#state = { ...state, keepAliveAtMs: nowMs + keepAlivePeriodMs(session.header?.timeoutS) };
    this.#send(this.#keepAlive, session.plan.aggregateUrl, sessionHeader(session), nowMs);
  }

  #judgeKeepAlive(state: Playing, endMs: number): void {
    if (cutByTimeout(endMs - state.sinceMs, state.session.header?.timeoutS))
      this.#keepAlive = nextKeepAlive(this.#keepAlive);
  }

  /** Tears the session down, if there is one, and ends when that is answered or has taken too long. */
  #leave(error: WeirError | undefined, nowMs: number): void {
    const state = this.#state;
    if (state.kind === 'ended' || state.kind === 'leaving') return;
    if (!('session' in state) || state.session.tracks.length === 0) {
      this.#end(error);
      return;
    }
    this.#exchange.reconnect(this.#url.credentials);
    this.#send('TEARDOWN', state.session.plan.aggregateUrl, sessionHeader(state.session), nowMs);
    this.#state = { kind: 'leaving', untilMs: nowMs + TEARDOWN_WAIT_MS, error };
  }

  #end(error: WeirError | undefined): void {
    this.#state = { kind: 'ended' };
    this.#outputs.push({ kind: 'end', error });
  }

  #send(method: string, uri: string, headers: readonly (readonly [string, string])[], nowMs: number): void {
    this.#outputs.push({ kind: 'send', bytes: this.#exchange.request(method, uri, headers, nowMs) });
  }

  /** Asks to be woken for the next deadline, unless it is woken before it anyway. */
  #wake(): void {
    const atMs = deadline(this.#state, this.#exchange.oldest?.sentMs, this.#options.timeouts);
    if (atMs === undefined || (this.#wakeMs !== undefined && this.#wakeMs <= atMs)) return;
    this.#wakeMs = atMs;
    this.#outputs.push({ kind: 'wake', atMs });
  }
}

function sessionHeader(session: ClientSession): readonly (readonly [string, string])[] {
  return session.header === undefined ? [] : [['Session', session.header.id]];
}
