/**
 * The client's end of an RTSP session that receives (RFC 2326 §10, appendix A.1), media in the connection or in datagrams: what it asks once
 * `Dialogue` is through with OPTIONS.
 *
 *     describing ─▶ (binding ─▶) setting-up ─▶ starting ─▶ playing
 *                    with UDP: ports  a SETUP   (PLAY)
 *                    of our own       a track
 *
 * Where a way for media is refused, or brings nothing, the next of `ways` begins anew with a connection: Hikvision wants a DESCRIBE on each.
 */
import { WeirError } from '../../errors.ts';
import type { RtspUnit } from '../wire/framer.ts';
import type { RtspResponse } from '../wire/message.ts';
import { silentError } from './client-errors.ts';
import {
  noClientFaults,
  type ClientFaults,
  type ClientInput,
  type ClientOptions,
  type ClientOutput,
  type MediaWay,
} from './client-io.ts';
import {
  goodbyes,
  isOpen,
  lacksMainTrack,
  punches,
  sessionHeaders,
  withTimeoutOf,
  type ClientSession,
} from './client-session.ts';
import {
  mediaDeadline,
  type ClientStep,
  type Playing,
  type SettingUp,
  type SetupFailure,
  type Starting,
} from './client-step.ts';
import { describeUrl } from './describe-url.ts';
import { Dialogue, type DialoguePhase } from './dialogue.ts';
import type { Farewell } from './dialogue-io.ts';
import { KeepAlive, keepAlivePeriodMs, type KeepAliveMethod } from './keep-alive.ts';
import { MediaGate } from './media-gate.ts';
import { planSetup } from './setup-plan.ts';
import { transportHeader, type Asked } from './setup-reply.ts';
import { afterSetup } from './setup-step.ts';
import { WayChoice } from './way-choice.ts';

export class ClientMachine {
  readonly #options: ClientOptions;
  readonly #dialogue: Dialogue<ClientStep, ClientOutput>;
  readonly #faults: ClientFaults = noClientFaults();
  readonly #ways: WayChoice;
  readonly #keepAlive: KeepAlive;
  /** What DESCRIBE asks for. */
  #asked = '';

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#keepAlive = new KeepAlive(options.keepAlive);
    this.#ways = new WayChoice(options.ways);
    const { timeouts } = options;
    this.#dialogue = new Dialogue(
      { ...options, side: 'source', responseMs: timeouts.responseMs },
      {
        begin: (server, nowMs) => this.#describe(server, nowMs),
        answered: (step, response, nowMs) => this.#answered(step, response, nowMs),
        came: (step, unit, nowMs) => this.#came(step, unit, nowMs),
        dueMs: (step) =>
          step.kind === 'playing' ? Math.min(step.keepAliveAtMs, mediaDeadline(step, timeouts)) : undefined,
        due: (step, nowMs) => {
          if (step.kind === 'playing') this.#due(step, nowMs);
        },
        cut: (step, nowMs) => {
          if (step.kind === 'playing') this.#keepAlive.ended(nowMs - step.sinceMs, step.session.header?.timeoutS);
        },
        farewell: (step) => ('session' in step ? farewell(step.session) : undefined),
        formats: (step) =>
          step !== undefined && 'session' in step ? step.session.plan.tracks.map(({ format }) => format) : [],
      },
    );
  }

  get faults(): Readonly<ClientFaults> {
    return { ...this.#faults, ...this.#dialogue.faults };
  }

  /** What the next attempt at this source should begin with. */
  get keepAlive(): KeepAliveMethod {
    return this.#keepAlive.method;
  }

  /** By which media came, if it did. */
  get provenWay(): MediaWay | undefined {
    return this.#ways.proven;
  }

  get state(): ClientStep['kind'] | DialoguePhase {
    return this.#dialogue.state;
  }

  /** Never throws. */
  push(input: ClientInput, nowMs: number): readonly ClientOutput[] {
    const { step } = this.#dialogue;
    switch (input.kind) {
      case 'bound':
        if (step?.kind === 'binding' && step.next === input.track)
          this.#askForTrack(step, { way: 'udp', ports: input.ports }, nowMs);
        break;
      case 'not-bound':
        this.#dialogue.leave(input.error, nowMs);
        break;
      case 'datagrams':
        if (step?.kind === 'playing' || step?.kind === 'starting')
          for (const packet of input.packets) step.media.packet(input, packet, nowMs, this.#dialogue.outputs);
        break;
      case 'start':
      case 'connected':
      case 'units':
      case 'closed':
      case 'tick':
      case 'stop':
        this.#dialogue.push(input, nowMs);
        break;
      default:
        input satisfies never;
    }
    const now = this.#dialogue.step;
    if (now?.kind === 'playing' && now.media.lastMs !== undefined) this.#ways.prove();
    return this.#dialogue.flush();
  }

  #came(step: ClientStep | undefined, unit: RtspUnit & { readonly kind: 'frame' | 'garbage' }, nowMs: number): void {
    if (unit.kind === 'garbage') {
      this.#faults.garbageBytes += unit.bytes;
      this.#faults.resyncs += 1;
    } else if (step?.kind === 'playing' || step?.kind === 'starting')
      step.media.packet(unit.channel, unit.payload, nowMs, this.#dialogue.outputs);
    else this.#faults.earlyFrames += 1;
  }

  #answered(step: ClientStep, response: RtspResponse, nowMs: number): void {
    switch (step.kind) {
      case 'describing':
        this.#described(response, nowMs);
        return;
      case 'setting-up':
        this.#setUp(step, response, nowMs);
        return;
      case 'starting':
        this.#started(step, response, nowMs);
        return;
      case 'playing':
        this.#keepAlive.answered(response.status);
        return;
      // Nothing was asked.
      case 'binding':
        return;
      default:
        step satisfies never;
    }
  }

  #describe(server: string | undefined, nowMs: number): void {
    this.#asked = describeUrl(this.#dialogue.requestUrl, server);
    this.#dialogue.ask('DESCRIBE', this.#asked, [['Accept', 'application/sdp']], nowMs);
    this.#dialogue.go({ kind: 'describing' });
  }

  #described(response: RtspResponse, nowMs: number): void {
    const dialogue = this.#dialogue;
    if (response.status >= 300 && response.status < 400) dialogue.redirect(response.headers.get('Location'), nowMs);
    else if (response.status !== 200) dialogue.leave(dialogue.errors.response('DESCRIBE', response), nowMs);
    else {
      const plan = planSetup(this.#asked, response, this.#options.label);
      if (plan instanceof WeirError) dialogue.leave(plan, nowMs);
      else this.#setUpNext({ plan, header: undefined, tracks: [], skipped: plan.skipped }, 0, undefined, nowMs);
    }
  }

  #setUpNext(session: ClientSession, next: number, failure: SetupFailure | undefined, nowMs: number): void {
    const dialogue = this.#dialogue;
    if (session.plan.tracks[next] !== undefined) {
      const way = this.#ways.current;
      if (way === 'udp') {
        dialogue.go({ kind: 'binding', session, next, failure });
        dialogue.outputs.push({ kind: 'bind', track: next });
      } else this.#askForTrack({ session, next, failure }, { way }, nowMs);
      return;
    }
    if (failure !== undefined && lacksMainTrack(session)) {
      // With the session that an unusable answer may have opened.
      dialogue.go({ kind: 'setting-up', session, next, failure });
      if (!failure.ofWay || !this.#tryNextWay(nowMs)) dialogue.leave(failure.error, nowMs);
      return;
    }
    const media = new MediaGate(session.tracks, session.plan.staleMedia, this.#faults);
    dialogue.outputs.push({ kind: 'channels', channels: media.channels }, ...punches(session));
    dialogue.ask('PLAY', session.plan.aggregateUrl, [...sessionHeaders(session), ['Range', 'npt=0.000-']], nowMs);
    dialogue.go({ kind: 'starting', session, media });
  }

  #askForTrack({ session, next, failure }: Omit<SettingUp, 'kind'>, asked: Asked, nowMs: number): void {
    const url = session.plan.tracks[next]?.url ?? session.plan.aggregateUrl;
    const headers = [['Transport', transportHeader(asked, next)] as const, ...sessionHeaders(session)];
    this.#dialogue.go({ kind: 'setting-up', session, next, failure });
    this.#dialogue.ask('SETUP', url, headers, nowMs);
  }

  #setUp(step: SettingUp, response: RtspResponse, nowMs: number): void {
    const { session, failure, delivery } = afterSetup(step, this.#ways.current, response, this.#options.label);
    if (delivery?.kind === 'multicast') this.#dialogue.outputs.push({ ...delivery, kind: 'join' });
    this.#setUpNext(session, step.next + 1, failure, nowMs);
  }

  #started(step: Starting, response: RtspResponse, nowMs: number): void {
    const { errors, outputs } = this.#dialogue;
    if (response.status !== 200) {
      this.#dialogue.leave(errors.response('PLAY', response), nowMs);
      return;
    }
    const session = withTimeoutOf(step.session, response);
    const keepAliveAtMs = nowMs + keepAlivePeriodMs(session.header?.timeoutS);
    outputs.push({ kind: 'tracks', tracks: session.tracks, skipped: session.skipped });
    step.media.open(nowMs, outputs);
    this.#dialogue.go({ kind: 'playing', session, media: step.media, sinceMs: nowMs, keepAliveAtMs });
  }

  /** False: there is no other. */
  #tryNextWay(nowMs: number): boolean {
    if (!this.#ways.next()) return false;
    this.#faults.transportFallbacks += 1;
    this.#dialogue.restart(nowMs);
    return true;
  }

  /** Media is missing, or it is time to say that we are there. */
  #due(step: Playing, nowMs: number): void {
    const { session, media } = step;
    const { label, timeouts } = this.#options;
    if (nowMs >= mediaDeadline(step, timeouts)) {
      this.#keepAlive.ended((media.lastMs ?? nowMs) - step.sinceMs, session.header?.timeoutS);
      if (media.lastMs === undefined && this.#tryNextWay(nowMs)) return;
      this.#dialogue.leave(silentError(media.lastMs !== undefined, timeouts, this.#ways.tried, label), nowMs);
      return;
    }
    this.#dialogue.go({ ...step, keepAliveAtMs: nowMs + keepAlivePeriodMs(session.header?.timeoutS) });
    this.#dialogue.outputs.push(...punches(session));
    this.#dialogue.ask(this.#keepAlive.method, session.plan.aggregateUrl, sessionHeaders(session), nowMs);
  }
}

function farewell(session: ClientSession): Farewell<ClientOutput> | undefined {
  if (!isOpen(session)) return undefined;
  return { uri: session.plan.aggregateUrl, headers: sessionHeaders(session), before: goodbyes(session) };
}
