/**
 * What waits between a stream and one UDP reader: the burst that it begins with goes out paced, since a socket buffer of 200 KB, which is what
 * systems give, holds no GOP; live frames wait behind it, in order, bounded in bytes. Once nothing waits, a frame is sent as it comes.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { READER_QUEUE_BYTES, type ReaderLosses } from './reader-queue.ts';
import type { Datagrams } from './udp-view.ts';

/** So much goes out at a time, so often: 64 Mb/s. */
export const PACE_BYTES = 40 * 1024;
export const PACE_MS = 5;

export interface TrackDatagrams {
  readonly track: number;
  readonly datagrams: Datagrams;
}

interface Waiting extends TrackDatagrams {
  readonly bytes: number;
  readonly live: boolean;
}

export class PacedQueue {
  readonly #send: (track: number, datagram: Uint8Array) => void;
  readonly #clock: Clock;
  readonly #waitsForKey: boolean;
  /** Oldest first. */
  #queue: Waiting[] = [];
  #liveBytes = 0;
  #timer: Timer | undefined;
  #state: 'flowing' | 'waiting-for-key' | 'dropping' = 'flowing';
  #sentBytes = 0;
  readonly #losses = { overflows: 0, batches: 0, bytes: 0 };

  /** `waitsForKey`: after a loss only a key frame helps. */
  constructor(send: (track: number, datagram: Uint8Array) => void, waitsForKey: boolean, clock: Clock) {
    this.#send = send;
    this.#waitsForKey = waitsForKey;
    this.#clock = clock;
  }

  get losses(): ReaderLosses {
    return this.#losses;
  }

  get writtenBytes(): number {
    return this.#sentBytes;
  }

  /** Begins: with what the reader starts from, or, if that is nothing, at the next key frame. */
  start(burst: readonly TrackDatagrams[]): void {
    this.stop();
    this.#state = burst.length === 0 && this.#waitsForKey ? 'waiting-for-key' : 'flowing';
    this.#queue = burst.map((part) => ({ ...part, bytes: bytesOf(part.datagrams), live: false }));
    this.#feed();
  }

  /** Takes the next live frame. False: the reader does not get it. */
  push(part: TrackDatagrams, key: boolean): boolean {
    const bytes = bytesOf(part.datagrams);
    if (this.#state !== 'flowing') {
      if (this.#waitsForKey && !key) return this.#drop(bytes);
      this.#state = 'flowing';
    }
    if (this.#queue.length === 0) {
      this.#write(part, bytes);
      return true;
    }
    if (this.#liveBytes + bytes > READER_QUEUE_BYTES) {
      this.#overflow();
      if (this.#waitsForKey && !key) return this.#drop(bytes);
      this.#state = 'flowing';
    }
    this.#queue.push({ ...part, bytes, live: true });
    this.#liveBytes += bytes;
    this.#feedLater();
    return true;
  }

  /** Forgets what waits, without counting it: the reader pauses or leaves. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#queue = [];
    this.#liveBytes = 0;
  }

  #feed(): void {
    this.#timer = undefined;
    let room = PACE_BYTES;
    let count = 0;
    while (room > 0) {
      const next = this.#queue[count];
      if (next === undefined) break;
      count += 1;
      room -= next.bytes;
      if (next.live) this.#liveBytes -= next.bytes;
      this.#write(next, next.bytes);
    }
    this.#queue.splice(0, count);
    this.#feedLater();
  }

  #feedLater(): void {
    if (this.#queue.length > 0) this.#timer ??= this.#clock.after(PACE_MS, () => this.#feed());
  }

  #write({ track, datagrams }: TrackDatagrams, bytes: number): void {
    this.#sentBytes += bytes;
    for (const datagram of datagrams) this.#send(track, datagram);
  }

  /** What waits is thrown away too: it would be shown late, and what follows it is missing. */
  #overflow(): void {
    this.#losses.overflows += 1;
    this.#losses.batches += this.#queue.length;
    this.#losses.bytes += this.#queue.reduce((sum, { bytes }) => sum + bytes, 0);
    this.stop();
    this.#state = 'dropping';
  }

  #drop(bytes: number): false {
    if (this.#state === 'dropping') {
      this.#losses.batches += 1;
      this.#losses.bytes += bytes;
    }
    return false;
  }
}

function bytesOf(datagrams: Datagrams): number {
  return datagrams.reduce((sum, { length }) => sum + length, 0);
}
