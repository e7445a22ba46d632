/**
 * One RTSP connection at the edge: the requests that come on it (RFC 2326 §9), taken in order by its machine (core/rtsp/server), and its sessions.
 * The machine decides, this carries out. Its bytes are the message stream's.
 */
import { WeirError } from '../../core/errors.ts';
import { replyBytes, refusalOf } from '../../core/rtsp/server/response.ts';
import { ServerConnection } from '../../core/rtsp/server/connection.ts';
import type { ChannelUse } from '../../core/rtsp/server/connection-sessions.ts';
import type { ServerAnswer, ServerAsk, ServerInput, ServerOutput } from '../../core/rtsp/server/server-io.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { BytePipe, PipeHandler } from '../../net/byte-pipe.ts';
import { answerTo } from './answers.ts';
import { ConnectionLog } from './connection-log.ts';
import { MediaWays } from './media-ways.ts';
import { MESSAGE_MS, MessageStream, type Incoming } from './message-stream.ts';
import type { OpenConnection } from './open-connection.ts';
import { ReaderSession } from './reader-session.ts';
import type { ServerParts } from './server-parts.ts';
import { SessionMedia } from './session-media.ts';
import type { Door } from './session-transport.ts';

export class RtspConnection implements OpenConnection, PipeHandler {
  readonly pipe: BytePipe;
  readonly door: Door;
  readonly ways: MediaWays;
  readonly media: SessionMedia;
  readonly sinceUtcMs: number;
  readonly #parts: ServerParts;
  readonly #machine: ServerConnection;
  readonly #messages: MessageStream;
  readonly #log: ConnectionLog;
  readonly #closing = new AbortController();
  readonly #gone = Promise.withResolvers<void>();

  constructor(pipe: BytePipe, parts: ServerParts, door: Door) {
    this.pipe = pipe;
    this.door = door;
    this.#parts = parts;
    this.sinceUtcMs = parts.clock.utcMs();
    this.#log = new ConnectionLog(parts.log, pipe.remote);
    this.media = new SessionMedia(parts.clock, () => this.#push({ kind: 'heard' }));
    this.ways = new MediaWays(pipe, parts, this.media);
    const offered = door === 'tcp' ? MediaWays.offered(parts) : { udp: false, multicast: false };
    this.#machine = new ServerConnection(parts.table, pipe.remoteAddress, offered, parts.clock.monoMs());
    this.#messages = new MessageStream(pipe, door);
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
    return this.#machine.sessions.has(session) || this.media.has(session) ? this : this.#parts.connectionOf(session);
  }

  data(chunk: Uint8Array): void {
    // Nothing could be answered any more.
    if (this.pipe.closed) return;
    const nowMs = this.#parts.clock.monoMs();
    for (const incoming of this.#messages.push(chunk, nowMs)) this.#take(incoming, nowMs);
    this.media.flush();
  }

  drain(): void {
    this.media.drain();
  }

  close(): void {
    this.#closing.abort();
    for (const session of this.#machine.sessions) this.endSession(session, undefined);
    this.#gone.resolve();
  }

  /** About once a second. */
  tick(nowMs: number): void {
    const messages = this.#messages.tick(nowMs);
    if (messages === 'closed') return;
    if (messages === 'late') {
      this.refuse(new WeirError('request-timeout', 'The request did not become whole', { expected: SOON }));
      return;
    }
    for (const { session, error, isHopeless } of this.media.tick(nowMs)) {
      this.endSession(session, error);
      if (!isHopeless || this.#machine.sessions.size > 0) continue;
      this.#parts.closed.count(error.code);
      this.pipe.destroy();
    }
    this.#push({ kind: 'tick' });
  }

  endSession(session: ServerSession, error: WeirError | undefined): void {
    const media = this.media.take(session);
    this.#push({ kind: 'end-session', session });
    if (media instanceof ReaderSession) {
      if (error !== undefined) media.goodbye();
      media.detach();
    } else {
      media?.leave(error);
    }
    this.ways.release(session);
    if (media === undefined) return;
    this.#log.left(media instanceof ReaderSession ? 'A reader' : 'The publisher', session, error);
    if (error !== undefined && this.#machine.sessions.size === 0) this.pipe.close();
  }

  /** Closes it at once, saying why: the peer is to blame. */
  refuse(error: WeirError): void {
    this.#write(replyBytes(refusalOf(error), undefined, undefined));
    this.#closeCounted(error);
  }

  /** The same of one who has been told, or is to be told nothing. */
  #closeCounted(error: WeirError): void {
    if (this.pipe.closed) return;
    this.#log.closed(error);
    this.#parts.closed.count(error.code);
    this.pipe.close();
  }

  failed(what: ServerAsk['kind'], fault: unknown): void {
    this.#log.failed(what, fault);
    this.pipe.destroy();
  }

  redirect(session: ServerSession, to: string): void {
    this.media.moves(session);
    this.#push({ kind: 'redirect', session, to });
  }

  #take(incoming: Incoming, nowMs: number): void {
    switch (incoming.kind) {
      case 'frame':
        this.#frame(this.#machine.channel(incoming.channel), incoming.payload, nowMs);
        return;
      case 'message':
        // A response: to nothing, since we wait for none.
        if (incoming.message.kind === 'request') this.#push({ kind: 'request', request: incoming.message });
        return;
      case 'garbage':
        this.#parts.faults.garbageBytes += incoming.bytes;
        return;
      case 'error':
        this.#push({ kind: 'unreadable', error: incoming.error });
        return;
      case 'tls':
        this.#closeCounted(
          new WeirError('rtsp-malformed', 'The peer speaks TLS', { expected: 'rtsp://, not rtsps://' }),
        );
        return;
      case 'http':
        this.#gone.resolve();
        this.#parts.tunnels.take(this.pipe, incoming.first);
    }
  }

  #frame(use: ChannelUse | undefined, packet: Uint8Array, nowMs: number): void {
    if (use === undefined) this.#parts.faults.strayFrames += 1;
    else if (!this.media.frame(use, packet, nowMs)) this.#machine.push({ kind: 'heard' }, nowMs);
  }

  #push(input: ServerInput): void {
    for (const output of this.#machine.push(input, this.#parts.clock.monoMs())) this.#carryOut(output);
    if (input.kind === 'answer' || input.kind === 'request') this.#messages.knowChannels(this.#machine.channels);
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
        const media = this.ownerOf(output.session)?.media.get(output.session);
        if (media instanceof ReaderSession) media.flow();
        return;
      }
      case 'track-ended':
        this.media.get(output.session)?.dropTrack(output.track);
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
        else this.#closeCounted(output.error);
    }
  }

  #ask(ask: ServerAsk): void {
    try {
      const answer = answerTo(ask, this, this.#parts);
      if (answer instanceof Promise) void this.#answerLater(ask, answer);
      else this.#answer(ask, answer);
    } catch (fault) {
      this.failed(ask.kind, fault);
    }
  }

  async #answerLater(ask: ServerAsk, later: Promise<ServerAnswer>): Promise<void> {
    try {
      const answer = await later;
      if (!this.#closing.signal.aborted) this.#answer(ask, answer);
    } catch (fault) {
      this.failed(ask.kind, fault);
    }
  }

  #answer(ask: ServerAsk, answer: ServerAnswer): void {
    if (answer.kind === 'refused' || answer.kind === 'no-way') {
      this.#log.refused(ask, answer.error);
    }
    this.#push({ kind: 'answer', answer });
  }

  #write(bytes: Uint8Array): void {
    if (this.#messages.write(bytes, !this.media.isEmpty)) return;
    this.#closeCounted(new WeirError('reader-too-slow', 'The peer does not read what it is answered'));
    this.pipe.destroy();
  }
}

const SOON = `all of it within ${MESSAGE_MS / 1000} s`;
