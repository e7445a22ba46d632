/**
 * What every client session has around its own questions (RFC 2326 §10, appendix A.1): requests in flight, logins, redirects, deadlines, the end.
 *
 *     idle ─▶ connecting ─▶ options ─▶ talking ─▶ leaving ─▶ ended
 *                 ▲                       │ the steps of its role
 *                 └── a redirect, another way for media, once a connection that was closed after its 401
 *
 * A 401 is answered wherever it comes; what the server holds is torn down on every way out.
 */
import { WeirError } from '../../errors.ts';
import type { RtspUnit } from '../wire/framer.ts';
import type { RtspRequest, RtspResponse } from '../wire/message.ts';
import type { RtspUrl } from '../wire/rtsp-url.ts';
import { DialogueErrors } from './dialogue-errors.ts';
import type { DialogueInput, DialogueOptions, DialogueOutput, DialogueRole } from './dialogue-io.ts';
import { Exchange, type HeaderList, type OpenRequest } from './exchange.ts';
import { redirectTarget } from './redirect.ts';
import { answerServerRequest } from './server-request.ts';

/** TEARDOWN hangs with many devices: GStreamer waits 100 ms, Scrypted 500. */
export const TEARDOWN_WAIT_MS = 500;

type Phase<Step> =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'options' }
  | { readonly kind: 'talking'; readonly step: Step }
  | { readonly kind: 'leaving'; readonly untilMs: number; readonly error: WeirError | undefined }
  | { readonly kind: 'ended' };

/** Where a dialogue is, its role's steps apart. */
export type DialoguePhase = Exclude<Phase<never>['kind'], 'talking'>;

export class Dialogue<Step extends { readonly kind: string }, Output> {
  readonly errors: DialogueErrors;
  readonly #options: DialogueOptions;
  readonly #role: DialogueRole<Step, Output>;
  readonly #exchange: Exchange;
  #url: RtspUrl;
  #phase: Phase<Step> = { kind: 'idle' };
  #redirects = 0;
  /** VStarcam closes the connection after a 401 (ret#45): once, that is no failure. */
  #reconnected = false;
  #wakeMs: number | undefined;
  #outputs: (Output | DialogueOutput)[] = [];

  constructor(options: DialogueOptions, role: DialogueRole<Step, Output>) {
    this.errors = new DialogueErrors(options.side, options.label);
    this.#options = options;
    this.#role = role;
    this.#url = options.url;
    this.#exchange = new Exchange(options, options.url.credentials);
  }

  /** As it was given, or as the last redirect had it. */
  get requestUrl(): string {
    return this.#url.requestUrl;
  }

  get state(): Step['kind'] | DialoguePhase {
    return this.#phase.kind === 'talking' ? this.#phase.step.kind : this.#phase.kind;
  }

  /** Of the role; undefined while it has none. */
  get step(): Step | undefined {
    return this.#phase.kind === 'talking' ? this.#phase.step : undefined;
  }

  /** Responses with another CSeq than any request's; responses to nothing. */
  get faults(): { readonly cseqMismatches: number; readonly unexpectedResponses: number } {
    return { cseqMismatches: this.#exchange.mismatches, unexpectedResponses: this.#exchange.unexpected };
  }

  /** What came out so far; the role adds its own. */
  get outputs(): (Output | DialogueOutput)[] {
    return this.#outputs;
  }

  push(input: DialogueInput, nowMs: number): void {
    switch (input.kind) {
      case 'start':
        if (this.#phase.kind === 'idle') this.#connect();
        return;
      case 'connected':
        // One that was asked for and then given up may open all the same.
        if (this.#phase.kind !== 'connecting') return;
        this.#phase = { kind: 'options' };
        this.ask('OPTIONS', this.requestUrl, [], nowMs);
        return;
      case 'units':
        for (const unit of input.units) this.#unit(unit, nowMs);
        return;
      case 'closed':
        this.#closed(nowMs);
        return;
      case 'tick':
        this.#wakeMs = undefined;
        this.#tick(nowMs);
        return;
      case 'stop':
        this.leave(undefined, nowMs);
        return;
      default:
        input satisfies never;
    }
  }

  /** All that came out, once the input is dealt with: with when to be woken, unless that is asked for anyway. */
  flush(): readonly (Output | DialogueOutput)[] {
    const atMs = this.#deadlineMs();
    if (atMs !== undefined && (this.#wakeMs === undefined || this.#wakeMs > atMs)) {
      this.#wakeMs = atMs;
      this.#outputs.push({ kind: 'wake', atMs });
    }
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  go(step: Step): void {
    this.#phase = { kind: 'talking', step };
  }

  ask(method: string, uri: string, headers: HeaderList, nowMs: number, body?: Uint8Array): void {
    this.#outputs.push({ kind: 'send', bytes: this.#exchange.request(method, uri, headers, nowMs, body) });
  }

  /** To where a Location header leads, if it may. */
  redirect(location: string | undefined, nowMs: number): void {
    const url = redirectTarget(location, this.#options.url, this.#redirects, this.errors);
    if (url instanceof WeirError) {
      this.leave(url, nowMs);
      return;
    }
    this.#tearDown(nowMs);
    this.#redirects += 1;
    this.#url = url;
    this.#connect();
  }

  /** From the beginning, on a connection of its own. */
  restart(nowMs: number): void {
    this.#tearDown(nowMs);
    this.#connect();
  }

  /** Tears the session down, if there is one, and ends when that is answered or has taken too long. */
  leave(error: WeirError | undefined, nowMs: number): void {
    if (this.#phase.kind === 'ended' || this.#phase.kind === 'leaving') return;
    if (this.#tearDown(nowMs)) this.#phase = { kind: 'leaving', untilMs: nowMs + TEARDOWN_WAIT_MS, error };
    else this.#end(error);
  }

  #unit(unit: RtspUnit, nowMs: number): void {
    const { kind } = this.#phase;
    if (kind === 'connecting' || kind === 'ended') return;
    switch (unit.kind) {
      case 'frame':
      case 'garbage':
        if (kind !== 'leaving') this.#role.came(this.step, unit, nowMs);
        return;
      case 'error':
        this.leave(this.errors.unreadable(unit.error), nowMs);
        return;
      case 'message':
        if (unit.message.kind === 'request') this.#asked(unit.message, nowMs);
        else this.#response(unit.message, nowMs);
        return;
      default:
        unit satisfies never;
    }
  }

  #asked(request: RtspRequest, nowMs: number): void {
    this.#outputs.push({ kind: 'send', bytes: answerServerRequest(request, this.#role.formats(this.step)) });
    if (request.method === 'REDIRECT' && this.#phase.kind !== 'leaving')
      this.redirect(request.headers.get('Location'), nowMs);
  }

  #response(response: RtspResponse, nowMs: number): void {
    const request = this.#exchange.take(response);
    if (request === undefined) return;
    if (response.status !== 401 || this.#phase.kind === 'leaving') {
      this.#answered(request, response, nowMs);
      return;
    }
    const answer = this.#exchange.answer(request, response, nowMs);
    // Without credentials OPTIONS may be refused where what follows is not; in mid-session media goes on as long as it does.
    const tolerable = (this.#phase.kind === 'options' && answer === 'no-credentials') || this.#hasMedia;
    if (typeof answer !== 'string') this.#outputs.push({ kind: 'send', bytes: answer });
    else if (tolerable) this.#answered(request, response, nowMs);
    else this.leave(this.errors.unauthorized(answer), nowMs);
  }

  #answered(request: OpenRequest, response: RtspResponse, nowMs: number): void {
    const phase = this.#phase;
    switch (phase.kind) {
      // A courtesy: whatever the answer, 404, 501 or no `Public`, what follows decides.
      case 'options':
        this.#role.begin(response.headers.get('Server'), nowMs);
        return;
      case 'talking':
        this.#role.answered(phase.step, response, nowMs);
        return;
      case 'leaving':
        if (request.method === 'TEARDOWN') this.#end(phase.error);
        return;
      case 'idle':
      case 'connecting':
      case 'ended':
        return;
      default:
        phase satisfies never;
    }
  }

  #closed(nowMs: number): void {
    const phase = this.#phase;
    if (phase.kind === 'ended' || phase.kind === 'connecting') return;
    if (phase.kind === 'leaving') {
      this.#end(phase.error);
      return;
    }
    const hasMedia = this.#hasMedia;
    const open = this.#exchange.oldest;
    if (!hasMedia && !this.#reconnected && (open?.answered.length ?? 0) > 0) {
      this.#reconnected = true;
      this.#connect();
      return;
    }
    if (hasMedia && phase.kind === 'talking') this.#role.cut(phase.step, nowMs);
    this.#end(this.errors.closed(hasMedia ? undefined : open?.method));
  }

  #tick(nowMs: number): void {
    const phase = this.#phase;
    if (nowMs < (this.#deadlineMs() ?? Infinity)) return;
    if (phase.kind === 'leaving') this.#end(phase.error);
    else if (phase.kind === 'talking' && this.#hasMedia) this.#role.due(phase.step, nowMs);
    else this.leave(this.errors.noAnswer(this.#exchange.oldest?.method, this.#options.responseMs), nowMs);
  }

  get #hasMedia(): boolean {
    return this.#phase.kind === 'talking' && this.#role.dueMs(this.#phase.step) !== undefined;
  }

  /** Undefined: nothing is waited for here. */
  #deadlineMs(): number | undefined {
    const phase = this.#phase;
    if (phase.kind === 'leaving') return phase.untilMs;
    if (phase.kind !== 'options' && phase.kind !== 'talking') return undefined;
    const dueMs = phase.kind === 'talking' ? this.#role.dueMs(phase.step) : undefined;
    const sentMs = this.#exchange.oldest?.sentMs;
    return dueMs ?? (sentMs === undefined ? undefined : sentMs + this.#options.responseMs);
  }

  #connect(): void {
    this.#exchange.reconnect(this.#url.credentials);
    this.#phase = { kind: 'connecting' };
    this.#outputs.push({ kind: 'connect', url: this.#url });
  }

  /** Whether there was something to tear down. */
  #tearDown(nowMs: number): boolean {
    const { step } = this;
    const farewell = step === undefined ? undefined : this.#role.farewell(step);
    if (farewell === undefined) return false;
    this.#exchange.forgetOpen();
    this.#outputs.push(...farewell.before);
    this.ask('TEARDOWN', farewell.uri, farewell.headers, nowMs);
    return true;
  }

  #end(error: WeirError | undefined): void {
    this.#phase = { kind: 'ended' };
    this.#outputs.push({ kind: 'end', error });
  }
}
