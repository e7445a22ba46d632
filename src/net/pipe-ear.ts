/** The side of a byte pipe that is told things: what comes before anybody listens waits for him, and he is told the end once, last. */
import type { PipeHandler } from './byte-pipe.ts';

/** What a peer may say before it is listened to. */
export const EARLY_BYTES_MAX = 64 * 1024;

export class PipeEar {
  #handler: PipeHandler | undefined;
  /** Came before there was a handler. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #end: { readonly error: Error | undefined } | undefined;
  /** Who was told of the end. */
  #told: PipeHandler | undefined;

  /** False: nobody listens and more waits than may, the pipe is to be destroyed. */
  data(chunk: Uint8Array): boolean {
    if (this.#end !== undefined) return true;
    if (this.#handler !== undefined) {
      this.#handler.data(chunk);
      return true;
    }
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > EARLY_BYTES_MAX) return false;
    this.#early.push(new Uint8Array(chunk));
    return true;
  }

  drain(): void {
    if (this.#end === undefined) this.#handler?.drain();
  }

  /** Only the first counts. */
  close(error: Error | undefined): void {
    this.#end ??= { error };
    this.#tellEnd();
  }

  handle(handler: PipeHandler): void {
    this.#handler = handler;
    // Not from inside the call: whoever hands himself over is not ready for the end yet.
    if (this.#end !== undefined) queueMicrotask(() => this.#tellEnd());
    else this.#tellEarly();
  }

  #tellEnd(): void {
    const handler = this.#handler;
    if (handler === undefined || this.#end === undefined || this.#told === handler) return;
    this.#told = handler;
    this.#tellEarly();
    handler.close(this.#end.error);
  }

  /** To whoever is the handler by then: the first may hand the pipe on. */
  #tellEarly(): void {
    for (let chunk = this.#early.shift(); chunk !== undefined; chunk = this.#early.shift()) this.#handler?.data(chunk);
  }
}
