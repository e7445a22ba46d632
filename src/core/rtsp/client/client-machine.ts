/**
 * The client's end of an RTSP session that receives (RFC 2326 §10, appendix A.1), media in the connection or in datagrams.
 *
 *     connecting ─▶ options ─▶ describing ─▶ setting-up ─▶ starting ─▶ playing ─▶ leaving ─▶ ended
 *         ▲            301, 302 ◀──┤            (a SETUP    (PLAY)
 *         └────────────────────────┘             a track, with UDP
 *                                                after binding ports)
 *
 * Where a way for media is refused, or brings nothing, the next of `ways` begins anew with a connection: Hikvision wants a DESCRIBE on each.
 * The server's REDIRECT leads back to connecting from every state between.
 * A 401 is answered wherever it comes; a session that was set up is torn down on every way out.
 */
import { WeirError } from '../../errors.ts';
import type { Unanswerable } from '../digest/login.ts';
import type { RtspUnit } from '../wire/framer.ts';
import type { RtspRequest, RtspResponse } from '../wire/message.ts';
import type { RtspUrl } from '../wire/rtsp-url.ts';
import {
  closedError,
  noAnswerError,
  protocolError,
  responseError,
  silentError,
  unauthorizedError,
} from './client-errors.ts';
import {
  noClientFaults,
  type ClientFaults,
  type ClientInput,
  type ClientOptions,
  type ClientOutput,
  type MediaWay,
} from './client-io.ts';
import {
  deadline,
  mediaDeadline,
  type ClientState,
  type Playing,
  type SettingUp,
  type SetupFailure,
  type Starting,
} from './client-state.ts';
import {
  goodbyes,
  isOpen,
  lacksMainTrack,
  punches,
  sessionHeaders,
  withTimeoutOf,
  type ClientSession,
} from './client-session.ts';
import { describeUrl } from './describe-url.ts';
import { Exchange, type OpenRequest } from './exchange.ts';
import { KeepAlive, keepAlivePeriodMs, type KeepAliveMethod } from './keep-alive.ts';
import { MediaGate } from './media-gate.ts';
import { redirectTarget } from './redirect.ts';
import { answerServerRequest } from './server-request.ts';
import { planSetup } from './setup-plan.ts';
import { transportHeader, type Asked } from './setup-reply.ts';
import { afterSetup } from './setup-step.ts';
import { WayChoice } from './way-choice.ts';

/** TEARDOWN hangs with many devices: GStreamer waits 100 ms, Scrypted 500. */
export const TEARDOWN_WAIT_MS = 500;

export class ClientMachine {
  readonly #options: ClientOptions;
  readonly #exchange: Exchange;
  readonly #faults: ClientFaults = noClientFaults();
  readonly #ways: WayChoice;
  readonly #keepAlive: KeepAlive;
  #url: RtspUrl;
  #state: ClientState = { kind: 'idle' };
  /** What OPTIONS or DESCRIBE said. */
  #server: string | undefined;
  #redirects = 0;
  /** VStarcam closes the connection after a 401 (ret#45): once, that is no failure. */
  #reconnected = false;
  #wakeMs: number | undefined;
  #outputs: ClientOutput[] = [];

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#url = options.url;
    this.#keepAlive = new KeepAlive(options.keepAlive);
    this.#exchange = new Exchange(options, options.url.credentials);
    this.#ways = new WayChoice(options.ways);
  }

  get faults(): Readonly<ClientFaults> {
    return { ...this.#faults, cseqMismatches: this.#exchange.mismatches };
  }

  /** What the next attempt at this source should begin with. */
  get keepAlive(): KeepAliveMethod {
    return this.#keepAlive.method;
  }

  /** By which media came, if it did. */
  get provenWay(): MediaWay | undefined {
    return this.#ways.proven;
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
      case 'bound':
        if (this.#state.kind === 'binding' && this.#state.next === input.track)
          this.#askForTrack(this.#state, { way: 'udp', ports: input.ports }, nowMs);
        break;
      case 'not-bound':
        this.#leave(input.error, nowMs);
        break;
      case 'datagrams':
        if (this.#state.kind === 'playing' || this.#state.kind === 'starting')
          for (const packet of input.packets) this.#state.media.packet(input, packet, nowMs, this.#outputs);
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
    if (this.#state.kind === 'playing' && this.#state.media.lastMs !== undefined) this.#ways.prove();
    this.#wake();
    return this.#outputs;
  }

  #unit(unit: RtspUnit, nowMs: number): void {
    const state = this.#state;
    if (state.kind === 'connecting' || state.kind === 'ended') return;
    switch (unit.kind) {
      case 'frame':
        if (state.kind === 'playing' || state.kind === 'starting')
          state.media.packet(unit.channel, unit.payload, nowMs, this.#outputs);
        else if (state.kind !== 'leaving') this.#faults.earlyFrames += 1;
        return;
      case 'garbage':
        this.#faults.garbageBytes += unit.bytes;
        this.#faults.resyncs += 1;
        return;
      case 'error':
        this.#leave(protocolError(unit.error, this.#options.label), nowMs);
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
        this.#server = response.headers.get('Server');
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
        this.#keepAlive.answered(response.status);
        return;
      case 'leaving':
        if (request.method === 'TEARDOWN') this.#end(state.error);
        return;
      case 'idle':
      case 'connecting':
      case 'binding':
      case 'ended':
        return;
      default:
        state satisfies never;
    }
  }

  /** OPTIONS is a courtesy: whatever the answer, 404, 501 or no `Public`, DESCRIBE decides. */
  #describe(nowMs: number): void {
    const url = describeUrl(this.#url.requestUrl, this.#server);
    this.#send('DESCRIBE', url, [['Accept', 'application/sdp']], nowMs);
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
    const asked = describeUrl(this.#url.requestUrl, this.#server);
    const plan = planSetup(asked, response, this.#options.label);
    if (plan instanceof WeirError) this.#leave(plan, nowMs);
    else this.#setUpNext({ plan, header: undefined, tracks: [], skipped: plan.skipped }, 0, undefined, nowMs);
  }

  #setUpNext(session: ClientSession, next: number, failure: SetupFailure | undefined, nowMs: number): void {
    if (session.plan.tracks[next] !== undefined) {
      const way = this.#ways.current;
      if (way === 'udp') {
        this.#state = { kind: 'binding', session, next, failure };
        this.#outputs.push({ kind: 'bind', track: next });
      } else this.#askForTrack({ session, next, failure }, { way }, nowMs);
      return;
    }
    if (failure !== undefined && lacksMainTrack(session)) {
      // With the session that an unusable answer may have opened.
      this.#state = { kind: 'setting-up', session, next, failure };
      if (!failure.ofWay || !this.#tryNextWay(nowMs)) this.#leave(failure.error, nowMs);
      return;
    }
    const media = new MediaGate(session.tracks, session.plan.staleMedia, this.#faults);
    this.#outputs.push({ kind: 'channels', channels: media.channels });
    this.#outputs.push(...punches(session));
    this.#send('PLAY', session.plan.aggregateUrl, [...sessionHeaders(session), ['Range', 'npt=0.000-']], nowMs);
    this.#state = { kind: 'starting', session, media };
  }

  #askForTrack({ session, next, failure }: Omit<SettingUp, 'kind'>, asked: Asked, nowMs: number): void {
    const url = session.plan.tracks[next]?.url ?? session.plan.aggregateUrl;
    this.#state = { kind: 'setting-up', session, next, failure };
    this.#send('SETUP', url, [['Transport', transportHeader(asked, next)], ...sessionHeaders(session)], nowMs);
  }

  #setUp(state: SettingUp, response: RtspResponse, nowMs: number): void {
    const { session, failure, delivery } = afterSetup(state, this.#ways.current, response, this.#options.label);
    if (delivery?.kind === 'multicast') this.#outputs.push({ ...delivery, kind: 'join' });
    this.#setUpNext(session, state.next + 1, failure, nowMs);
  }

  #started(state: Starting, response: RtspResponse, nowMs: number): void {
    if (response.status !== 200) {
      this.#leave(responseError('PLAY', response, this.#options.label), nowMs);
      return;
    }
    const session = withTimeoutOf(state.session, response);
    const keepAliveAtMs = nowMs + keepAlivePeriodMs(session.header?.timeoutS);
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
    const url = redirectTarget(location, this.#options.url, this.#redirects, this.#options.label);
    if (url instanceof WeirError) {
      this.#leave(url, nowMs);
      return;
    }
    this.#tearDown(nowMs);
    this.#redirects += 1;
    this.#url = url;
    this.#connect();
  }

  /** False: there is no other. */
  #tryNextWay(nowMs: number): boolean {
    if (!this.#ways.next()) return false;
    this.#faults.transportFallbacks += 1;
    this.#tearDown(nowMs);
    this.#connect();
    return true;
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
    if (state.kind !== 'playing' && !this.#reconnected && (this.#exchange.oldest?.answered.length ?? 0) > 0) {
      this.#reconnected = true;
      this.#connect();
      return;
    }
    if (state.kind === 'playing') this.#keepAlive.ended(nowMs - state.sinceMs, state.session.header?.timeoutS);
    this.#end(closedError(state.kind === 'playing' ? undefined : this.#exchange.oldest?.method, this.#options.label));
  }

  #tick(nowMs: number): void {
    const state = this.#state;
    const { label, timeouts } = this.#options;
    if (nowMs < (deadline(state, this.#exchange.oldest?.sentMs, timeouts) ?? Infinity)) return;
    if (state.kind === 'leaving') this.#end(state.error);
    else if (state.kind === 'playing') this.#tickPlaying(state, nowMs);
    else {
      this.#leave(noAnswerError(this.#exchange.oldest?.method, timeouts.responseMs, label), nowMs);
    }
  }

  #tickPlaying(state: Playing, nowMs: number): void {
    const { session, media } = state;
    const { label, timeouts } = this.#options;
    if (nowMs >= mediaDeadline(state, timeouts)) {
      this.#keepAlive.ended((media.lastMs ?? nowMs) - state.sinceMs, session.header?.timeoutS);
      if (media.lastMs === undefined && this.#tryNextWay(nowMs)) return;
      this.#leave(silentError(media.lastMs !== undefined, timeouts, this.#ways.tried, label), nowMs);
      return;
    }
    this.#state = { ...state, keepAliveAtMs: nowMs + keepAlivePeriodMs(session.header?.timeoutS) };
    this.#outputs.push(...punches(session));
    this.#send(this.#keepAlive.method, session.plan.aggregateUrl, sessionHeaders(session), nowMs);
  }

  /** Tears the session down, if there is one, and ends when that is answered or has taken too long. */
  #leave(error: WeirError | undefined, nowMs: number): void {
    const state = this.#state;
    if (state.kind === 'ended' || state.kind === 'leaving') return;
    if (this.#tearDown(nowMs)) this.#state = { kind: 'leaving', untilMs: nowMs + TEARDOWN_WAIT_MS, error };
    else this.#end(error);
  }

  /** Whether there was a session to tear down. */
  #tearDown(nowMs: number): boolean {
    const state = this.#state;
    if (!('session' in state)) return false;
    const { session } = state;
    if (!isOpen(session)) return false;
    this.#exchange.reconnect(this.#url.credentials);
    this.#outputs.push(...goodbyes(session));
    this.#send('TEARDOWN', session.plan.aggregateUrl, sessionHeaders(session), nowMs);
    return true;
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
