/**
 * The bytes of one RTSP connection, both ways: what comes is messages and interleaved frames (RFC 2326 §4, §10.12), what goes may wait in the
 * pipe up to a limit. It knows what is on time, and nothing of what is said.
 */
import { RtspFramer, type RtspUnit } from '../../core/rtsp/wire/framer.ts';
import { isTlsHello } from '../../core/rtsp/wire/tls-hello.ts';
import { httpRequestStart } from '../../core/rtsp/tunnel/http-head.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import type { Door } from './session-transport.ts';

/** A peer that asks and asks and reads nothing is dropped once so much waits: more than a reader's burst ever has in the pipe. */
export const MAX_PIPE_BACKLOG_BYTES = 2 * 1024 * 1024;
/** The same of a connection without media: nothing but answers waits there. */
export const MAX_ANSWER_BACKLOG_BYTES = 64 * 1024;
/** A message that has begun and is not whole by then is none. */
export const MESSAGE_MS = 10_000;
/** What a peer has to take what waits for it once its connection is closed; then it is thrown away. */
export const CLOSE_LINGER_MS = 5000;

/** What came. After the last two there is no more. */
export type Incoming =
  | RtspUnit
  /** HTTP, the half of a tunnel: the first bytes of all. */
  | { readonly kind: 'http'; readonly first: Uint8Array }
  /** TLS where none is spoken. */
  | { readonly kind: 'tls' };

/** A connection of TCP or TLS is first looked at. */
type Stage =
  | { readonly kind: 'unknown'; readonly seen: Uint8Array }
  | { readonly kind: 'rtsp' }
  /** Somebody else's, or nobody's. */
  | { readonly kind: 'over' };

export class MessageStream {
  readonly #pipe: BytePipe;
  readonly #door: Door;
  readonly #framer = new RtspFramer();
  #stage: Stage;
  /** Since when a message is not whole, monotonic. */
  #messageSinceMs: number | undefined;
  /** When we were first seen to have closed it, monotonic. */
  #closedAtMs: number | undefined;

  constructor(pipe: BytePipe, door: Door) {
    this.#pipe = pipe;
    this.#door = door;
    this.#stage = door === 'tcp' || door === 'tls' ? { kind: 'unknown', seen: new Uint8Array(0) } : { kind: 'rtsp' };
    this.#framer.knowChannels(new Set());
  }

  /** Frames of other channels are hardly believed. */
  knowChannels(channels: ReadonlySet<number>): void {
    this.#framer.knowChannels(channels);
  }

  /** What `chunk` completes, as views of it: copy what you keep. */
  push(chunk: Uint8Array, nowMs: number): readonly Incoming[] {
    switch (this.#stage.kind) {
      case 'unknown':
        return this.#begin(this.#stage.seen, chunk, nowMs);
      case 'rtsp':
        return this.#frame(chunk, nowMs);
      case 'over':
        return [];
    }
  }

  /** `hasMedia`: how much may wait. False: it is more, since the peer does not read. */
  write(bytes: Uint8Array, hasMedia: boolean): boolean {
    this.#pipe.write(bytes);
    return this.#pipe.bufferedBytes <= (hasMedia ? MAX_PIPE_BACKLOG_BYTES : MAX_ANSWER_BACKLOG_BYTES);
  }

  /** About once a second. `late`: a message does not become whole. What was closed lingers until its bytes are taken, but not for ever. */
  tick(nowMs: number): 'open' | 'late' | 'closed' {
    if (this.#pipe.closed) {
      this.#closedAtMs ??= nowMs;
      if (nowMs - this.#closedAtMs >= CLOSE_LINGER_MS) this.#pipe.destroy();
      return 'closed';
    }
    return this.#messageSinceMs !== undefined && nowMs - this.#messageSinceMs >= MESSAGE_MS ? 'late' : 'open';
  }

  /** The first bytes of a connection: they may not say yet what it is. */
  #begin(seen: Uint8Array, chunk: Uint8Array, nowMs: number): readonly Incoming[] {
    const first = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    if (this.#door === 'tcp' && isTlsHello(first)) {
      this.#stage = { kind: 'over' };
      return [{ kind: 'tls' }];
    }
    switch (httpRequestStart(first)) {
      case 'more':
        this.#stage = { kind: 'unknown', seen: Buffer.from(first) };
        return [];
      case 'yes':
        this.#stage = { kind: 'over' };
        return [{ kind: 'http', first }];
      case 'no':
        this.#stage = { kind: 'rtsp' };
        return this.#frame(first, nowMs);
    }
  }

  #frame(chunk: Uint8Array, nowMs: number): readonly Incoming[] {
    const units = this.#framer.push(chunk);
    if (!this.#framer.awaitsMessage) this.#messageSinceMs = undefined;
    else if (units.length > 0) this.#messageSinceMs = nowMs;
    else this.#messageSinceMs ??= nowMs;
    return units;
  }
}
