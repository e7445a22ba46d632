/**
 * What waits between a stream and one TCP reader: references to shared buffers, bounded in bytes, so that a reader that does not
 * keep up costs nobody else anything.
 *
 *     burst (GOP in memory) ─┐
 *                            ├─▶ queue ── at most READER_PIPE_BYTES ahead ──▶ pipe
 *     live batches ──────────┘     └─ live bytes over READER_QUEUE_BYTES: all of it goes, and what comes up to the next key frame
 *
 * A reader that keeps up never touches the queue: a batch is one write. Nothing is allocated for a batch, and no timer runs.
 */
import type { BytePipe } from '../net/byte-pipe.ts';

/** Live bytes that may wait for one reader: 8 s of a 4 Mb/s stream, and room for a 4K key frame. The burst is not counted. */
export const READER_QUEUE_BYTES = 4 * 1024 * 1024;
/** Handed to the pipe ahead of what the system has taken; above the pipe's own mark, so that a drain always follows. */
export const READER_PIPE_BYTES = 256 * 1024;
/** A reader that takes nothing for so long, while something waits, is hopeless. */
export const READER_STALLED_MS = 30_000;

/** What was kept from a reader. Batches of a burst that never went out count too. */
export interface ReaderLosses {
  /** Times that the queue passed its limit. */
  readonly overflows: number;
  readonly batches: number;
  readonly bytes: number;
}

export class ReaderQueue {
  readonly #pipe: Pick<BytePipe, 'write' | 'bufferedBytes'>;
  readonly #waitsForKey: boolean;
  /** Oldest first, from #head on. */
  #queue: Uint8Array[] = [];
  #head = 0;
  /** So many of the queue, from its head, are the burst. */
  #burstLeft = 0;
  #liveBytes = 0;
  #state: 'flowing' | 'waiting-for-key' | 'dropping' = 'flowing';
  #writtenBytes = 0;
  #drainedBytes = 0;
  #progressMs: number;
  readonly #losses = { overflows: 0, batches: 0, bytes: 0 };

  /** `waitsForKey`: after a loss only a key frame helps (it reads video of a codec whose key frames are known). */
  constructor(pipe: Pick<BytePipe, 'write' | 'bufferedBytes'>, waitsForKey: boolean, nowMs: number) {
    this.#pipe = pipe;
    this.#waitsForKey = waitsForKey;
    this.#progressMs = nowMs;
  }

  get losses(): ReaderLosses {
    return this.#losses;
  }

  /** Bytes handed to the pipe. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Bytes that wait here, the burst included. */
  get waitingBytes(): number {
    let bytes = 0;
    for (let i = this.#head; i < this.#queue.length; i++) bytes += this.#queue[i]?.length ?? 0;
    return bytes;
  }

  /** Begins: with what the reader starts from, or, if that is nothing, at the next key frame. */
  start(burst: readonly Uint8Array[]): void {
    this.stop();
    this.#state = burst.length === 0 && this.#waitsForKey ? 'waiting-for-key' : 'flowing';
    this.#queue = [...burst];
    this.#burstLeft = burst.length;
    this.#feed();
  }

  /** Takes the next live batch, framed: shared and frozen. False: the reader does not get it. */
  push(bytes: Uint8Array, key: boolean): boolean {
    if (this.#state !== 'flowing') {
      if (this.#waitsForKey && !key) return this.#drop(bytes);
      this.#state = 'flowing';
    }
    const idle = this.#head === this.#queue.length;
    if (idle && this.#pipe.bufferedBytes < READER_PIPE_BYTES) {
      this.#write(bytes, bytes.length);
      return true;
    }
    if (this.#liveBytes + bytes.length > READER_QUEUE_BYTES) {
      this.#overflow();
      if (this.#waitsForKey && !key) return this.#drop(bytes);
      this.#state = 'flowing';
    }
    this.#queue.push(bytes);
    this.#liveBytes += bytes.length;
    this.#feed();
    return true;
  }

  /** The pipe has sent what waited in it. */
  drain(): void {
    this.#feed();
  }

  /** Whether the reader has taken nothing for READER_STALLED_MS though something waits. To be asked about once a second. */
  stalled(nowMs: number): boolean {
    const buffered = this.#pipe.bufferedBytes;
    const drained = this.#writtenBytes - buffered;
    if (drained > this.#drainedBytes || (buffered === 0 && this.#head === this.#queue.length)) {
      this.#drainedBytes = drained;
      this.#progressMs = nowMs;
    }
    return nowMs - this.#progressMs >= READER_STALLED_MS;
  }

  /** Forgets what waits, without counting it: the reader pauses or leaves. */
  stop(): void {
    this.#queue = [];
    this.#head = 0;
    this.#burstLeft = 0;
    this.#liveBytes = 0;
  }

  #feed(): void {
    while (this.#head < this.#queue.length && this.#pipe.bufferedBytes < READER_PIPE_BYTES) {
      const from = this.#head;
      let bytes = 0;
      while (this.#head < this.#queue.length && bytes < READER_PIPE_BYTES) bytes += this.#take();
      this.#write(this.#queue.slice(from, this.#head), bytes);
    }
    if (this.#head === this.#queue.length && this.#head > 0) this.stop();
    else this.#compact();
  }

  /** Moves the head on; returns the bytes of what it passed. */
  #take(): number {
    const bytes = this.#queue[this.#head]?.length ?? 0;
    this.#head += 1;
    if (this.#burstLeft > 0) this.#burstLeft -= 1;
    else this.#liveBytes -= bytes;
    return bytes;
  }

  #write(bytes: Uint8Array | readonly Uint8Array[], length: number): void {
    this.#writtenBytes += length;
    this.#pipe.write(bytes);
  }

  /** Lets go of buffers that were written, now and then. */
  #compact(): void {
    if (this.#head < 64 || this.#head * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }

  /** What waits is thrown away too: it would be shown late, and what follows it is missing. */
  #overflow(): void {
    this.#losses.overflows += 1;
    this.#losses.batches += this.#queue.length - this.#head;
    this.#losses.bytes += this.waitingBytes;
    this.stop();
    this.#state = 'dropping';
  }

  #drop(bytes: Uint8Array): false {
    if (this.#state === 'dropping') {
      this.#losses.batches += 1;
      this.#losses.bytes += bytes.length;
    }
    return false;
  }
}
