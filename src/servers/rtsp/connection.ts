/**
 * One RTSP connection at the edge: its pipe, its machine (core/rtsp/server), and the readers and publisher whose media flows on it.
 * The machine decides, this carries out.
 */
import { WeirError } from '../../core/errors.ts';
import { replyBytes, refusalOf } from '../../core/rtsp/server/response.ts';
import { ServerConnection } from '../../core/rtsp/server/connection.ts';
import type { ServerAnswer, ServerAsk, ServerInput, ServerOutput } from '../../core/rtsp/server/server-io.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import { RtspFramer, type RtspUnit } from '../../core/rtsp/wire/framer.ts';
import { httpRequestStart } from '../../core/rtsp/tunnel/http-head.ts';
import { isTlsHello } from '../../core/rtsp/wire/tls-hello.ts';
import type { BytePipe, PipeHandler } from '../../net/byte-pipe.ts';
import { answerTo } from './answers.ts';
import type { Media, OpenConnection } from './open-connection.ts';
import { MediaWays, type DatagramSink } from './media-ways.ts';
import { PublisherSession } from './publisher-session.ts';
import { ReaderSession } from './reader-session.ts';
import type { ServerParts } from './server-parts.ts';
import type { Door } from './session-transport.ts';

/** A peer that asks and asks and reads nothing is dropped once so much waits: more than a reader's burst ever has in the pipe. */
export const MAX_PIPE_BACKLOG_BYTES = 2 * 1024 * 1024;
/** The same of a connection without media: nothing but answers waits there. */
export const MAX_ANSWER_BACKLOG_BYTES = 64 * 1024;
/** A request that has begun and is not whole by then is none. */
export const MESSAGE_MS = 10_000;
/** What a peer has to take what waits for it once its connection is closed; then it is thrown away. */
export const CLOSE_LINGER_MS = 5000;

/** What a reader that was sent to another URL has to leave; then it is ended. */
export const REDIRECT_MS = 3000;

/** What was wrong with what came, counted. */
export interface ConnectionFaults {
  /** Bytes between units that were skipped. */
  garbageBytes: number;
  /** Frames on channels that nobody set up. */
  strayFrames: number;
}

/** A connection of TCP or TLS is first looked at: HTTP is the half of a tunnel. */
type Stage =
  | { readonly kind: 'unknown'; readonly seen: Uint8Array }
  | { readonly kind: 'rtsp' }
  /** Given away. */
  | { readonly kind: 'http' };

export class RtspConnection implements OpenConnection, PipeHandler, DatagramSink {
  readonly pipe: BytePipe;
  readonly door: Door;
  readonly ways: MediaWays;
  readonly faults: ConnectionFaults = { garbageBytes: 0, strayFrames: 0 };
  readonly #parts: ServerParts;
  readonly #machine: ServerConnection;
  readonly #framer = new RtspFramer();
  readonly #media = new Map<ServerSession, Media>();
  /** Readers that were sent elsewhere, and when they are ended: monotonic. */
  readonly #moving = new Map<ServerSession, number>();
  readonly #closing = new AbortController();
  readonly #gone = Promise.withResolvers<void>();
  readonly #sinceUtcMs: number;
  #stage: Stage;
  /** Since when a message is not whole, monotonic. */
  #messageSinceMs: number | undefined;
  /** When we were first seen to have closed it, monotonic. */
  #closedAtMs: number | undefined;

  constructor(pipe: BytePipe, parts: ServerParts, door: Door) {
    this.pipe = pipe;
    this.door = door;
    this.#stage = door === 'tcp' || door === 'tls' ? { kind: 'unknown', seen: new Uint8Array(0) } : { kind: 'rtsp' };
    this.#parts = parts;
    this.#sinceUtcMs = parts.clock.utcMs();
    this.ways = new MediaWays(pipe, parts, this);
    const offered = door === 'tcp' ? MediaWays.offered(parts) : { udp: false, multicast: false };
    this.#machine = new ServerConnection(parts.table, offered, parts.clock.monoMs());
    this.#framer.knowChannels(new Set());
  }

  get sinceUtcMs(): number {
    return this.#sinceUtcMs;
  }

  get sessions(): ReadonlySet<ServerSession> {
    return this.#machine.sessions;
  }

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves when the connection is closed. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  ownerOf(session: ServerSession): OpenConnection | undefined {
    return this.#machine.sessions.has(session) || this.#media.has(session) ? this : this.#parts.connectionOf(session);
  }

  media(session: ServerSession): Media | undefined {
    return this.#media.get(session);
  }

  setMedia(session: ServerSession, media: Media | undefined): void {
    if (media === undefined) this.#media.delete(session);
    else this.#media.set(session, media);
  }

  data(chunk: Uint8Array): void {
    // Nothing could be answered any more.
    if (this.pipe.closed) return;
    const begun = this.#stage.kind === 'unknown' ? this.#begin(this.#stage.seen, chunk) : chunk;
    if (begun !== undefined) this.#read(begun);
  }

  readerControl(session: ServerSession, rtcp: Uint8Array): void {
    const media = this.#media.get(session);
    if (media instanceof ReaderSession) media.rtcp(rtcp);
    this.#push({ kind: 'heard' });
  }

  publisherPacket(session: ServerSession, track: number, part: 'rtp' | 'rtcp', packet: Uint8Array): void {
    const media = this.#media.get(session);
    if (media instanceof PublisherSession) media.packet(track, part, packet, this.#parts.clock.monoMs());
  }

  publisherFlush(session: ServerSession): void {
    const media = this.#media.get(session);
    if (media instanceof PublisherSession) media.flush();
  }

  drain(): void {
    for (const media of this.#media.values()) if (media instanceof ReaderSession) media.drain();
  }

  close(): void {
    this.#closing.abort();
    for (const session of this.#machine.sessions) this.endSession(session, undefined);
    this.#gone.resolve();
  }

  /** About once a second. */
  tick(nowMs: number): void {
    if (this.pipe.closed) {
      this.#closedAtMs ??= nowMs;
      if (nowMs - this.#closedAtMs >= CLOSE_LINGER_MS) this.pipe.destroy();
      return;
    }
    if (this.#messageSinceMs !== undefined && nowMs - this.#messageSinceMs >= MESSAGE_MS) {
      this.giveUp(new WeirError('request-timeout', 'The request did not become whole', { expected: SOON }));
      return;
    }
    for (const [session, dueMs] of this.#moving) {
      if (nowMs >= dueMs) this.endSession(session, new WeirError('moved', 'The stream is served elsewhere'));
    }
    for (const [session, media] of this.#media) {
      if (media.tick(nowMs)) continue;
      const slow = media instanceof ReaderSession;
      const error = slow
        ? new WeirError('reader-too-slow', 'The reader took nothing for 30 s')
        : new WeirError('source-silent', 'The publisher sends no media');
      this.endSession(session, error);
      // Nothing that waits for such a peer is worth waiting for.
      if (this.#machine.sessions.size === 0) this.pipe.destroy();
    }
    this.#push({ kind: 'tick' });
  }

  endSession(session: ServerSession, error: WeirError | undefined): void {
    const media = this.#media.get(session);
    this.#media.delete(session);
    this.#moving.delete(session);
    this.#push({ kind: 'end-session', session });
    if (media instanceof ReaderSession) {
      if (error !== undefined) media.goodbye();
      media.detach();
    } else {
      media?.leave(error);
    }
    this.ways.release(session);
    if (media === undefined) return;
    const { log } = this.#parts;
    const fields = {
      peer: this.pipe.remote,
      stream: session.stream,
      ...(error === undefined ? {} : { code: error.code }),
    };
    log.info(fields, `${media instanceof ReaderSession ? 'A reader' : 'The publisher'} left${reason(error)}`);
    if (error !== undefined && this.#machine.sessions.size === 0) this.pipe.close();
  }

  /** Closes it, saying why: the peer is to blame. */
  giveUp(error: WeirError): void {
    this.#write(replyBytes(refusalOf(error), undefined, undefined));
    this.#refuse(error);
  }

  /** The same without a word. */
  #refuse(error: WeirError): void {
    this.#parts.log.info({ peer: this.pipe.remote, code: error.code }, error.describe());
    this.#parts.closed.count(error.code);
    this.pipe.close();
  }

  redirect(session: ServerSession, to: string): void {
    this.#moving.set(session, this.#parts.clock.monoMs() + REDIRECT_MS);
    this.#push({ kind: 'redirect', session, to });
  }

  /** The first bytes of a connection; undefined: they do not say yet what it is, or it is not for us. */
  #begin(seen: Uint8Array, chunk: Uint8Array): Uint8Array | undefined {
    const first = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    if (this.door === 'tcp' && isTlsHello(first)) {
      this.#refuse(new WeirError('rtsp-malformed', 'The peer speaks TLS', { expected: 'rtsp://, not rtsps://' }));
      return undefined;
    }
    switch (httpRequestStart(first)) {
      case 'more':
        this.#stage = { kind: 'unknown', seen: Buffer.from(first) };
        return undefined;
      case 'yes':
        this.#stage = { kind: 'http' };
        this.#gone.resolve();
        this.#parts.tunnels.take(this.pipe, first);
        return undefined;
      case 'no':
        this.#stage = { kind: 'rtsp' };
        return first;
    }
  }

  #read(chunk: Uint8Array): void {
    const nowMs = this.#parts.clock.monoMs();
    const units = this.#framer.push(chunk);
    for (const unit of units) this.#unit(unit, nowMs);
    if (!this.#framer.awaitsMessage) this.#messageSinceMs = undefined;
    else if (units.length > 0) this.#messageSinceMs = nowMs;
    else this.#messageSinceMs ??= nowMs;
    for (const media of this.#media.values()) if (media instanceof PublisherSession) media.flush();
  }

  #unit(unit: RtspUnit, nowMs: number): void {
    switch (unit.kind) {
      case 'frame':
        this.#frame(unit.channel, unit.payload, nowMs);
        return;
      case 'message':
        // A response: to nothing, since we ask nothing.
        if (unit.message.kind === 'request') this.#push({ kind: 'request', request: unit.message });
        return;
      case 'garbage':
        this.faults.garbageBytes += unit.bytes;
        return;
      case 'error':
        this.giveUp(unit.error);
    }
  }

  #frame(channel: number, payload: Uint8Array, nowMs: number): void {
    const use = this.#machine.channel(channel);
    const media = use === undefined ? undefined : this.#media.get(use.session);
    if (use === undefined) {
      this.faults.strayFrames += 1;
    } else if (media instanceof PublisherSession) {
      media.packet(use.track, use.part, payload, nowMs);
    } else {
      media?.rtcp(payload);
      this.#machine.push({ kind: 'heard' }, nowMs);
    }
  }

  #push(input: ServerInput): void {
    for (const output of this.#machine.push(input, this.#parts.clock.monoMs())) this.#carryOut(output);
    if (input.kind === 'answer' || input.kind === 'request') this.#learnChannels();
  }

  #carryOut(output: ServerOutput): void {
    switch (output.kind) {
      case 'send':
        this.#write(output.bytes);
        return;
      case 'ask':
        this.#ask(output.ask);
        return;
      case 'flow': {
        const media = this.ownerOf(output.session)?.media(output.session);
        if (media instanceof ReaderSession) media.flow();
        return;
      }
      case 'track-ended':
        this.#media.get(output.session)?.dropTrack(output.track);
        this.ways.dropTrack(output.session, output.track);
        return;
      case 'way-left':
        this.ways.leave(output.session, output.way);
        return;
      case 'ended':
        (this.ownerOf(output.session) ?? this).endSession(output.session, undefined);
        if (output.why === 'timeout' && this.#machine.sessions.size === 0) this.pipe.close();
        return;
      case 'close':
        if (output.error === undefined) this.pipe.close();
        else this.giveUp(output.error);
    }
  }

  #ask(ask: ServerAsk): void {
    const answer = answerTo(ask, this, this.#parts);
    if (!(answer instanceof Promise)) {
      this.#answer(ask, answer);
      return;
    }
    answer.then(
      (answer: ServerAnswer) => {
        if (!this.#closing.signal.aborted) this.#answer(ask, answer);
      },
      (error: unknown) => {
        // The program's own fault: it costs this connection, and nobody else theirs.
        this.#parts.log.error({ peer: this.pipe.remote, error }, `The RTSP request ${ask.kind} failed`);
        this.pipe.destroy();
      },
    );
  }

  #answer(ask: ServerAsk, answer: ServerAnswer): void {
    if (answer.kind === 'refused' || answer.kind === 'no-way') {
      const { code, row } = answer.error;
      const fields = { peer: this.pipe.remote, stream: streamOf(ask), code, remedy: row.remedy };
      this.#parts.log.info(
        fields,
        `Refused to ${ask.kind === 'way' ? 'set up' : ask.kind}: ${answer.error.describe()}`,
      );
    }
    this.#push({ kind: 'answer', answer });
  }

  #write(bytes: Uint8Array): void {
    this.pipe.write(bytes);
    const most = this.#media.size === 0 ? MAX_ANSWER_BACKLOG_BYTES : MAX_PIPE_BACKLOG_BYTES;
    if (this.pipe.bufferedBytes <= most) return;
    this.#refuse(new WeirError('reader-too-slow', 'The peer does not read what it is answered'));
    this.pipe.destroy();
  }

  #learnChannels(): void {
    const ways = [...this.#machine.sessions].flatMap(({ tracks }) => tracks.map(({ way }) => way));
    const channels = ways.flatMap((way) => (way.kind === 'interleaved' ? way.channels : []));
    this.#framer.knowChannels(new Set(channels));
  }
}

const SOON = `all of it within ${MESSAGE_MS / 1000} s`;

function streamOf(ask: ServerAsk): string {
  switch (ask.kind) {
    case 'describe':
    case 'tracks':
      return ask.stream;
    case 'announce':
      return ask.announcement.stream;
    case 'way':
    case 'play':
    case 'pause':
    case 'record':
    case 'teardown':
    case 'parameters':
      return ask.session.stream;
  }
}

function reason(error: WeirError | undefined): string {
  return error === undefined ? '' : `: ${error.describe()}`;
}
