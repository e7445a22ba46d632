/**
 * The client's end of an RTSP session that sends (RFC 2326 §10.3, §10.11), as encoders do it: what it asks once `Dialogue` is through with OPTIONS.
 *
 *     announcing ─▶ setting-up ─▶ starting ─▶ recording
 *                   a SETUP       (RECORD)
 *                   a track
 *
 * Keep-alives are asked in turn, as a pull does it (see `KeepAlive`): media shows life too, but not to every server over TCP.
 */
import { controlUrl } from '../../sdp/control-url.ts';
import { serialiseSdp } from '../../sdp/serialise-sdp.ts';
import type { RtspResponse } from '../wire/message.ts';
import { parseTransports, serialiseTransport } from '../wire/transport.ts';
import { sessionHeaders, sessionOf, withTimeoutOf, type NamedSession } from './client-session.ts';
import { Dialogue, type DialoguePhase } from './dialogue.ts';
import type { Farewell } from './dialogue-io.ts';
import { KeepAlive, keepAlivePeriodMs } from './keep-alive.ts';
import type { PublishInput, PublishOptions, PublishOutput, PublishWay } from './publish-io.ts';

/** In a row, without a report of the server's in between: then it is gone, whatever the connection says. */
export const MAX_UNANSWERED_KEEP_ALIVES = 3;

interface PublishSession extends NamedSession {
  readonly ways: readonly PublishWay[];
}

type Step =
  | { readonly kind: 'announcing' }
  /** The SETUP of the track after those that have a way is open. */
  | { readonly kind: 'setting-up'; readonly session: PublishSession }
  | { readonly kind: 'starting'; readonly session: PublishSession }
  | Recording;

interface Recording {
  readonly kind: 'recording';
  readonly session: PublishSession;
  readonly keepAliveAtMs: number;
  /** Keep-alives since the server's last word. */
  readonly unanswered: number;
}

export class PublishMachine {
  readonly #options: PublishOptions;
  readonly #dialogue: Dialogue<Step, PublishOutput>;
  /** FFmpeg, listening, closes the connection at anything but OPTIONS. */
  readonly #keepAlive = new KeepAlive('OPTIONS');

  constructor(options: PublishOptions) {
    this.#options = options;
    this.#dialogue = new Dialogue(
      { ...options, side: 'push' },
      {
        begin: (_server, nowMs) => this.#announce(nowMs),
        answered: (step, response, nowMs) => this.#answered(step, response, nowMs),
        // Frames are the server's reports, and rubbish between units is nobody's.
        came: (step, unit) => {
          if (unit.kind === 'frame' && step?.kind === 'recording') this.#heard(step);
        },
        dueMs: (step) => (step.kind === 'recording' ? step.keepAliveAtMs : undefined),
        due: (step, nowMs) => {
          if (step.kind === 'recording') this.#sendKeepAlive(step, nowMs);
        },
        cut: () => {},
        farewell: (step) => ('session' in step ? this.#farewell(step.session) : undefined),
        formats: () => options.tracks,
      },
    );
  }

  get state(): Step['kind'] | DialoguePhase {
    return this.#dialogue.state;
  }

  /** Never throws. */
  push(input: PublishInput, nowMs: number): readonly PublishOutput[] {
    const { step } = this.#dialogue;
    if (input.kind !== 'heard') this.#dialogue.push(input, nowMs);
    else if (step?.kind === 'recording') this.#heard(step);
    return this.#dialogue.flush();
  }

  #answered(step: Step, response: RtspResponse, nowMs: number): void {
    const { errors } = this.#dialogue;
    const isFine = response.status === 200;
    switch (step.kind) {
      case 'announcing':
        if (response.status >= 300 && response.status < 400)
          this.#dialogue.redirect(response.headers.get('Location'), nowMs);
        else if (isFine) this.#setUpNext({ header: sessionOf(response), ways: [] }, nowMs);
        else this.#dialogue.leave(errors.response('ANNOUNCE', response), nowMs);
        return;
      case 'setting-up':
        if (isFine) this.#setUp(step.session, response, nowMs);
        else this.#dialogue.leave(errors.response('SETUP', response), nowMs);
        return;
      case 'starting':
        if (isFine) this.#started(step.session, response, nowMs);
        else this.#dialogue.leave(errors.response('RECORD', response), nowMs);
        return;
      // Any answer to a keep-alive shows life.
      case 'recording':
        this.#keepAlive.answered(response.status);
        this.#heard(step);
        return;
      default:
        step satisfies never;
    }
  }

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
    this.#dialogue.ask('ANNOUNCE', this.#dialogue.requestUrl, [['Content-Type', 'application/sdp']], nowMs, body);
    this.#dialogue.go({ kind: 'announcing' });
  }

  #setUpNext(session: PublishSession, nowMs: number): void {
    const { requestUrl } = this.#dialogue;
    const index = session.ways.length;
    if (index === this.#options.tracks.length) {
      this.#dialogue.ask('RECORD', requestUrl, [...sessionHeaders(session), ['Range', 'npt=0.000-']], nowMs);
      this.#dialogue.go({ kind: 'starting', session });
      return;
    }
    const transport = ['Transport', this.#transport(index)] as const;
    const url = controlUrl(requestUrl, controlOf(index));
    this.#dialogue.ask('SETUP', url, [transport, ...sessionHeaders(session)], nowMs);
    this.#dialogue.go({ kind: 'setting-up', session });
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
    const way = this.#wayOf(session.ways.length, response);
    if (way === undefined) {
      this.#dialogue.leave(this.#dialogue.errors.protocol('answers SETUP with another transport'), nowMs);
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
    const timed = withTimeoutOf(session, response);
    const keepAliveAtMs = nowMs + keepAlivePeriodMs(timed.header?.timeoutS);
    this.#dialogue.go({ kind: 'recording', session: timed, keepAliveAtMs, unanswered: 0 });
    this.#dialogue.outputs.push({ kind: 'recording', ways: session.ways });
  }

  #heard(step: Recording): void {
    if (step.unanswered > 0) this.#dialogue.go({ ...step, unanswered: 0 });
  }

  #sendKeepAlive(step: Recording, nowMs: number): void {
    const { session, unanswered } = step;
    const periodMs = keepAlivePeriodMs(session.header?.timeoutS);
    if (unanswered === MAX_UNANSWERED_KEEP_ALIVES) {
      this.#dialogue.leave(this.#dialogue.errors.noAnswer(this.#keepAlive.method, unanswered * periodMs), nowMs);
      return;
    }
    this.#dialogue.go({ ...step, keepAliveAtMs: nowMs + periodMs, unanswered: unanswered + 1 });
    this.#dialogue.ask(this.#keepAlive.method, this.#dialogue.requestUrl, sessionHeaders(session), nowMs);
  }

  #farewell(session: PublishSession): Farewell<PublishOutput> | undefined {
    if (session.header === undefined) return undefined;
    return { uri: this.#dialogue.requestUrl, headers: sessionHeaders(session), before: [] };
  }
}

/** As FFmpeg writes it: servers know that form of it. */
function controlOf(index: number): string {
  return `streamid=${index}`;
}
