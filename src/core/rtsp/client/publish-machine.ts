/**
 * The client's end of an RTSP session that sends (RFC 2326 §10.3, §10.11), as encoders do it.
 *
 *     connecting ─▶ options ─▶ announcing ─▶ setting-up ─▶ starting ─▶ recording ─▶ leaving ─▶ ended
 *         ▲            301, 302 ◀──┤            (a SETUP    (RECORD)
 *         └────────────────────────┘             a track)
 *
 * A 401 is answered wherever it comes; a session that was announced is torn down on every way out. Keep-alives are GET_PARAMETER, as
 * live555 and GStreamer send them: media shows life too, but not to every server over TCP.
 */
import { WeirError } from '../../errors.ts';
import { controlUrl } from '../../sdp/control-url.ts';
import { serialiseSdp } from '../../sdp/serialise-sdp.ts';
import type { RtspUnit } from '../wire/framer.ts';
import type { RtspRequest, RtspResponse } from '../wire/message.ts';
import type { RtspUrl } from '../wire/rtsp-url.ts';
import { parseSession, type SessionHeader } from '../wire/session.ts';
import { parseTransports, serialiseTransport } from '../wire/transport.ts';
import { Exchange, type OpenRequest } from './exchange.ts';
import { keepAlivePeriodMs } from './keep-alive.ts';
import type { PublishInput, PublishOptions, PublishOutput, PublishWay } from './publish-io.ts';
import { redirectTarget } from './redirect.ts';
import { answerServerRequest } from './server-request.ts';

/** As for a session that receives. */
export const PUBLISH_TEARDOWN_WAIT_MS = 500;

interface PublishSession {
  readonly header: SessionHeader | undefined;
  readonly ways: readonly PublishWay[];
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'options' }
  | { readonly kind: 'announcing' }
  /** The SETUP of the track after those that have a way is open. */
  | { readonly kind: 'setting-up'; readonly session: PublishSession }
  | { readonly kind: 'starting'; readonly session: PublishSession }
  | { readonly kind: 'recording'; readonly session: PublishSession; readonly keepAliveAtMs: number }
  | { readonly kind: 'leaving'; readonly untilMs: number; readonly error: WeirError | undefined }
  | { readonly kind: 'ended' };

export class PublishMachine {
  readonly #options: PublishOptions;
  readonly #exchange: Exchange;
  #url: RtspUrl;
  #state: State = { kind: 'idle' };
  #redirects = 0;
  /** Some servers close the connection after a 401: once, that is no failure. */
  #reconnected = false;
  #wakeMs: number | undefined;
  #outputs: PublishOutput[] = [];

  constructor(options: PublishOptions) {
    this.#options = options;
    this.#url = options.url;
    this.#exchange = new Exchange(options, options.url.credentials);
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** Never throws. */
  push(input: PublishInput, nowMs: number): readonly PublishOutput[] {
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
        this.#closed();
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

  /** Frames are the server's reports, and rubbish between units is nobody's: both are passed over. */
  #unit(unit: RtspUnit, nowMs: number): void {
    const { kind } = this.#state;
    if (kind === 'connecting' || kind === 'ended') return;
    if (unit.kind === 'error') {
      this.#fail(`What the server sends cannot be read: ${unit.error.describe()}`, nowMs, unit.error);
    } else if (unit.kind === 'message') {
      if (unit.message.kind === 'request') this.#serverRequest(unit.message);
      else this.#response(unit.message, nowMs);
    }
  }

  #response(response: RtspResponse, nowMs: number): void {
    const request = this.#exchange.take(response);
    if (request === undefined) return;
    if (response.status !== 401 || this.#state.kind === 'leaving') {
      this.#answered(request, response, nowMs);
      return;
    }
    const answer = this.#exchange.answer(request, response, nowMs);
    if (typeof answer !== 'string') this.#outputs.push({ kind: 'send', bytes: answer });
    else if (request.method === 'OPTIONS') this.#answered(request, response, nowMs);
    else this.#leave(unauthorized(answer, this.#options.label), nowMs);
  }

  #answered(request: OpenRequest, response: RtspResponse, nowMs: number): void {
    const state = this.#state;
    switch (state.kind) {
      case 'options':
        this.#announce(nowMs);
        return;
      case 'announcing':
        if (response.status >= 300 && response.status < 400) this.#redirect(response, nowMs);
        else if (response.status !== 200) this.#leave(this.#refused('ANNOUNCE', response), nowMs);
        else this.#setUpNext({ header: sessionOf(response), ways: [] }, nowMs);
        return;
      case 'setting-up':
        this.#setUp(state.session, response, nowMs);
        return;
      case 'starting':
        if (response.status !== 200) this.#leave(this.#refused('RECORD', response), nowMs);
        else this.#started(state.session, response, nowMs);
        return;
      case 'leaving':
        if (request.method === 'TEARDOWN') this.#end(state.error);
        return;
      // Any answer to a keep-alive shows life.
      case 'recording':
      case 'idle':
      case 'connecting':
      case 'ended':
        return;
      default:
        state satisfies never;
    }
  }

  /** OPTIONS is a courtesy: whatever the answer, ANNOUNCE decides. */
  #announce(nowMs: number): void {
    const sdp = serialiseSdp({
      id: 1,
      version: 1,
      name: 'weir',
      address: '127.0.0.1',
      range: undefined,
      tracks: this.#options.tracks.map((format, index) => ({ format, control: controlOf(index) })),
    });
    const body = new TextEncoder().encode(sdp);
    this.#send('ANNOUNCE', this.#url.requestUrl, [['Content-Type', 'application/sdp']], nowMs, body);
    this.#state = { kind: 'announcing' };
  }

  #setUpNext(session: PublishSession, nowMs: number): void {
    const index = session.ways.length;
    if (index === this.#options.tracks.length) {
      const headers = [...sessionHeader(session), ['Range', 'npt=0.000-'] as const];
      this.#send('RECORD', this.#url.requestUrl, headers, nowMs);
      this.#state = { kind: 'starting', session };
      return;
    }
    const transport = ['Transport', this.#transport(index)] as const;
    const url = controlUrl(this.#url.requestUrl, controlOf(index));
    this.#send('SETUP', url, [transport, ...sessionHeader(session)], nowMs);
    this.#state = { kind: 'setting-up', session };
  }

  /** The mode in small letters and without quotes: FFmpeg, listening, knows no other form of it. */
  #transport(index: number): string {
    const common = { profile: 'RTP/AVP', cast: 'unicast' } as const;
    const clientPort = this.#options.ports?.[index];
    const transport =
      clientPort === undefined
        ? serialiseTransport({ ...common, lower: 'TCP', interleaved: [2 * index, 2 * index + 1] })
        : serialiseTransport({ ...common, lower: 'UDP', clientPort });
    return `${transport};mode=record`;
  }

  #setUp(session: PublishSession, response: RtspResponse, nowMs: number): void {
    if (response.status !== 200) {
      this.#leave(this.#refused('SETUP', response), nowMs);
      return;
    }
    const way = this.#wayOf(session.ways.length, response);
    if (way === undefined) {
      this.#fail('The server answers SETUP with another transport', nowMs);
      return;
    }
    const header = session.header ?? sessionOf(response);
    this.#setUpNext({ header, ways: [...session.ways, way] }, nowMs);
  }

  /** What the reply says counts, not what was asked for. */
  #wayOf(index: number, response: RtspResponse): PublishWay | undefined {
    const transport = parseTransports(response.headers.get('Transport') ?? '')[0];
    if (this.#options.ports === undefined) {
      if (transport?.serverPort !== undefined) return undefined;
      const [rtpChannel, rtcpChannel] = transport?.interleaved ?? [2 * index, 2 * index + 1];
      return { kind: 'interleaved', rtpChannel, rtcpChannel };
    }
    const [rtpPort = 0, rtcpPort = 0] = transport?.serverPort ?? [];
    if (rtpPort === 0) return undefined;
    return { kind: 'udp', rtpPort, rtcpPort };
  }

  #started(session: PublishSession, response: RtspResponse, nowMs: number): void {
    const said = sessionOf(response)?.timeoutS;
    const header =
      session.header === undefined || said === undefined ? session.header : { ...session.header, timeoutS: said };
    const keepAliveAtMs = nowMs + keepAlivePeriodMs(header?.timeoutS);
    this.#state = { kind: 'recording', session: { ...session, header }, keepAliveAtMs };
    this.#outputs.push({ kind: 'recording', ways: session.ways });
  }

  #serverRequest(request: RtspRequest): void {
    this.#outputs.push({ kind: 'send', bytes: answerServerRequest(request, this.#options.tracks) });
  }

  #redirect(response: RtspResponse, nowMs: number): void {
    const location = response.headers.get('Location');
    const url = redirectTarget(location, this.#options.url, this.#redirects, this.#options.label);
    if (url instanceof WeirError) {
      this.#leave(new WeirError('push-refused', url.message, { place: this.#options.label, cause: url }), nowMs);
      return;
    }
    this.#redirects += 1;
    this.#url = url;
    this.#connect();
  }

  #connect(): void {
    this.#exchange.reconnect(this.#url.credentials);
    this.#state = { kind: 'connecting' };
    this.#outputs.push({ kind: 'connect', url: this.#url });
  }

  #closed(): void {
    const state = this.#state;
    if (state.kind === 'ended' || state.kind === 'connecting') return;
    const open = this.#exchange.oldest;
    if (state.kind === 'leaving') {
      this.#end(state.error);
    } else if (state.kind !== 'recording' && !this.#reconnected && (open?.answered.length ?? 0) > 0) {
      this.#reconnected = true;
      this.#connect();
    } else {
      const when = state.kind === 'recording' ? '' : ` instead of answering ${open?.method}`;
      this.#end(this.#failure(`The server closed the connection${when}`));
    }
  }

  #tick(nowMs: number): void {
    const state = this.#state;
    if (nowMs < (this.#deadline() ?? Infinity)) return;
    if (state.kind === 'leaving') this.#end(state.error);
    else if (state.kind === 'recording') {
      const { session } = state;
      this.#state = { ...state, keepAliveAtMs: nowMs + keepAlivePeriodMs(session.header?.timeoutS) };
      this.#send('GET_PARAMETER', this.#url.requestUrl, sessionHeader(session), nowMs);
    } else {
      this.#fail(`No answer to ${this.#exchange.oldest?.method} within ${this.#options.responseMs} ms`, nowMs);
    }
  }

  #deadline(): number | undefined {
    const state = this.#state;
    switch (state.kind) {
      case 'leaving':
        return state.untilMs;
      case 'recording':
        return state.keepAliveAtMs;
      case 'options':
      case 'announcing':
      case 'setting-up':
      case 'starting':
        return (this.#exchange.oldest?.sentMs ?? Infinity) + this.#options.responseMs;
      case 'idle':
      case 'connecting':
      case 'ended':
        return undefined;
      default:
        return state satisfies never;
    }
  }

  #refused(method: string, response: RtspResponse): WeirError {
    const { status, reason } = response;
    const message = `The server answered ${method} with ${status} ${reason.slice(0, MAX_REASON_CHARACTERS)}`.trim();
    const code = status === 401 || status === 403 ? 'push-unauthorized' : 'push-refused';
    return new WeirError(code, message, { place: this.#options.label });
  }

  #failure(message: string, cause?: WeirError): WeirError {
    return new WeirError('push-failed', message, { place: this.#options.label, ...(cause !== undefined && { cause }) });
  }

  #fail(message: string, nowMs: number, cause?: WeirError): void {
    this.#leave(this.#failure(message, cause), nowMs);
  }

  /** Tears the session down, if there is one, and ends when that is answered or has taken too long. */
  #leave(error: WeirError | undefined, nowMs: number): void {
    const state = this.#state;
    if (state.kind === 'ended' || state.kind === 'leaving') return;
    if (!('session' in state) || state.session.header === undefined) {
      this.#end(error);
      return;
    }
    this.#exchange.reconnect(this.#url.credentials);
    this.#send('TEARDOWN', this.#url.requestUrl, sessionHeader(state.session), nowMs);
    this.#state = { kind: 'leaving', untilMs: nowMs + PUBLISH_TEARDOWN_WAIT_MS, error };
  }

  #end(error: WeirError | undefined): void {
    this.#state = { kind: 'ended' };
    this.#outputs.push({ kind: 'end', error });
  }

  #send(
    method: string,
    uri: string,
    headers: readonly (readonly [string, string])[],
    nowMs: number,
    body?: Uint8Array,
  ): void {
    this.#outputs.push({ kind: 'send', bytes: this.#exchange.request(method, uri, headers, nowMs, body) });
  }

  /** Asks to be woken for the next deadline, unless it is woken before it anyway. */
  #wake(): void {
    const atMs = this.#deadline();
    if (atMs === undefined || (this.#wakeMs !== undefined && this.#wakeMs <= atMs)) return;
    this.#wakeMs = atMs;
    this.#outputs.push({ kind: 'wake', atMs });
  }
}

const MAX_REASON_CHARACTERS = 60;

/** As FFmpeg writes it: servers know that form of it. */
function controlOf(index: number): string {
  return `streamid=${index}`;
}

function sessionOf(response: RtspResponse): SessionHeader | undefined {
  return parseSession(response.headers.get('Session') ?? '');
}

function sessionHeader({ header }: PublishSession): readonly (readonly [string, string])[] {
  return header === undefined ? [] : [['Session', header.id]];
}

function unauthorized(why: 'no-credentials' | 'unknown-scheme' | 'refused', place: string): WeirError {
  const messages = {
    'no-credentials': 'The server asks for a user name and password',
    'unknown-scheme': 'The server asks for a kind of authentication that is not known',
    refused: 'The server refuses the user name or password',
  };
  return new WeirError('push-unauthorized', messages[why], { place });
}
