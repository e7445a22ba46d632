/**
 * What is said on the connections of a probe, both ways, with times: listened to between the client and its pipe, whatever carries it
 * (TCP, TLS, a tunnel). Media is not kept here.
 */
import type { RtspMessage, RtspResponse } from '../../core/rtsp/wire/message.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import type { BytePipe, PipeHandler } from '../../net/byte-pipe.ts';

export type Said =
  | { readonly ms: number; readonly kind: 'opened' }
  | { readonly ms: number; readonly kind: 'to' | 'from'; readonly message: RtspMessage }
  /** So many bytes of the server's that belong to nothing. */
  | { readonly ms: number; readonly kind: 'garbage'; readonly bytes: number }
  /** What the server sent from here on cannot be read: why. */
  | { readonly ms: number; readonly kind: 'unreadable'; readonly reason: string }
  | { readonly ms: number; readonly kind: 'closed' };

/** More is not kept: a server that asks without end. */
export const MAX_SAID = 2000;

export class Transcript {
  readonly #nowMs: () => number;
  readonly #hear: (said: Said) => void;
  readonly #responses: { readonly request: RtspMessage | undefined; readonly response: RtspResponse }[] = [];
  #asked: RtspMessage | undefined;
  #count = 0;

  /** `hear` is told of each thing as it is said. */
  constructor(nowMs: () => number, hear: (said: Said) => void) {
    this.#nowMs = nowMs;
    this.#hear = hear;
  }

  /** The server's answers, each with the newest request before it. */
  get responses(): readonly { readonly request: RtspMessage | undefined; readonly response: RtspResponse }[] {
    return this.#responses;
  }

  /** The same pipe, listened to. */
  tap(pipe: BytePipe): BytePipe {
    this.#say({ ms: this.#nowMs(), kind: 'opened' });
    const [to, from] = [new RtspFramer(), new RtspFramer()];
    return {
      get remote() {
        return pipe.remote;
      },
      get remoteAddress() {
        return pipe.remoteAddress;
      },
      get localAddress() {
        return pipe.localAddress;
      },
      get bufferedBytes() {
        return pipe.bufferedBytes;
      },
      get closed() {
        return pipe.closed;
      },
      write: (bytes) => {
        for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) this.#chunk('to', to, chunk);
        return pipe.write(bytes);
      },
      handle: (handler) => pipe.handle(this.#listening(handler, from)),
      close: () => pipe.close(),
      destroy: () => pipe.destroy(),
    };
  }

  #listening(handler: PipeHandler, framer: RtspFramer): PipeHandler {
    return {
      data: (chunk) => {
        this.#chunk('from', framer, chunk);
        handler.data(chunk);
      },
      drain: () => handler.drain(),
      close: (error) => {
        this.#say({ ms: this.#nowMs(), kind: 'closed' });
        handler.close(error);
      },
    };
  }

  #chunk(kind: 'to' | 'from', framer: RtspFramer, chunk: Uint8Array): void {
    const ms = this.#nowMs();
    for (const unit of framer.push(chunk)) {
      if (unit.kind === 'garbage') this.#say({ ms, kind: 'garbage', bytes: unit.bytes });
      else if (unit.kind === 'error') this.#say({ ms, kind: 'unreadable', reason: unit.error.describe() });
      else if (unit.kind === 'message') this.#message(ms, kind, unit.message);
    }
  }

  #message(ms: number, kind: 'to' | 'from', view: RtspMessage): void {
    const message = { ...view, body: new Uint8Array(view.body) };
    if (kind === 'to') this.#asked = message;
    else if (message.kind === 'response' && this.#responses.length < MAX_SAID)
      this.#responses.push({ request: this.#asked, response: message });
    this.#say({ ms, kind, message });
  }

  #say(said: Said): void {
    if (this.#count++ < MAX_SAID) this.#hear(said);
  }
}
