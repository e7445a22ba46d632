/** A connection as everything above sees it: bytes both ways, whatever carries them: TCP, TLS, an HTTP tunnel, a WebSocket. */
export interface BytePipe {
  /** 'address:port' of the other end; IPv6 in brackets. */
  readonly remote: string;
  /** The other end's address alone, without the ::ffff: of mapped IPv4. */
  readonly remoteAddress: string;
  /** Our own address on the way there, in the same form; undefined where the pipe does not know. */
  readonly localAddress: string | undefined;
  /** Bytes accepted by `write` that the system has not taken yet. */
  readonly bufferedBytes: number;
  readonly closed: boolean;
  /**
   * Takes bytes (a list goes out as one), which must not change until they are sent: shared, frozen buffers. False: more than a
   * little waits, `drain` follows. Never throws; on a closed pipe it does nothing and says false.
   */
  write(bytes: Uint8Array | readonly Uint8Array[]): boolean;
  /**
   * Who is told; first set before the first turn of the event loop ends, and what came before waits for it. A later one takes its place: whoever
   * looked at the first bytes hands the pipe on.
   */
  handle(handler: PipeHandler): void;
  /** Sends what waits, then closes. Idempotent. `destroy` throws away what waits. */
  close(): void;
  destroy(): void;
}

export interface PipeHandler {
  /** A chunk as the system gave it: a view that is good until this returns. Copy what you keep. */
  data(chunk: Uint8Array): void;
  /** All that waited is sent. */
  drain(): void;
  /** Once, last: `error` where it was not an orderly end. */
  close(error: Error | undefined): void;
}
