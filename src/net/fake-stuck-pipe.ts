/** For tests: a connection whose peer takes nothing. */
import assert from 'node:assert/strict';
import type { BytePipe, PipeHandler } from './byte-pipe.ts';

export class StuckPipe implements BytePipe {
  readonly remote = '192.0.2.1:554';
  readonly remoteAddress = '192.0.2.1';
  readonly localAddress = undefined;
  /** Who listens, once somebody does. */
  readonly handling = Promise.withResolvers<PipeHandler>();
  bufferedBytes = 0;
  closed = false;

  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    assert.ok(!this.closed, 'nothing is written once it is given up');
    for (const part of bytes instanceof Uint8Array ? [bytes] : bytes) this.bufferedBytes += part.length;
    return false;
  }

  handle(handler: PipeHandler): void {
    this.handling.resolve(handler);
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    queueMicrotask(() => void this.handling.promise.then((handler) => handler.close(undefined)));
  }
}
