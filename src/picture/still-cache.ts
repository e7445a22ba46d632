/**
 * Pictures that were made lately, by key: one is made however many ask (single flight), for as long as one of them waits. What
 * could not be decoded is remembered as well, so that a frame that crashed a decoder does not crash the next one too.
 */
import type { Clock } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import type { Picture } from './decoder/decoder.ts';

export interface StillCacheOptions {
  readonly clock: Clock;
  readonly bytesMax?: number;
}

/** 3,000 dashboard tiles of 10 KB, or 100 pictures of full size. */
const BYTES_MAX = 32 * 1024 * 1024;
/** What a key costs beside its picture. */
const ENTRY_BYTES = 200;
const FAILURES_MAX = 1000;
const FAILURE_MS = 10 * 60_000;

interface Flight {
  readonly picture: Promise<Picture>;
  readonly controller: AbortController;
  waiting: number;
}

export class StillCache {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  /** Least recently used first. */
  readonly #stored = new Map<string, Picture>();
  readonly #failures = new Map<string, { readonly error: WeirError; readonly untilMs: number }>();
  readonly #flights = new Map<string, Flight>();
  #bytes = 0;

  constructor({ clock, bytesMax = BYTES_MAX }: StillCacheOptions) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The picture of `key`, made by `make` if it is not there; the signal that `make` gets aborts when the last who waits has left.
   * Throws what `make` throws, and the reason of `signal` when that aborts.
   */
  async get(key: string, signal: AbortSignal, make: (signal: AbortSignal) => Promise<Picture>): Promise<Picture> {
    const stored = this.#stored.get(key);
    if (stored !== undefined) {
      this.#stored.delete(key);
      this.#stored.set(key, stored);
      return stored;
    }
    const failure = this.#failures.get(key);
    if (failure !== undefined && this.#clock.monoMs() < failure.untilMs) throw failure.error;
    return this.#wait(key, this.#flights.get(key) ?? this.#start(key, make), signal);
  }

  #start(key: string, make: (signal: AbortSignal) => Promise<Picture>): Flight {
    const controller = new AbortController();
    const flight: Flight = { picture: this.#make(key, controller.signal, make), controller, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }

  async #make(key: string, signal: AbortSignal, make: (signal: AbortSignal) => Promise<Picture>): Promise<Picture> {
    try {
      const picture = await make(signal);
      this.#store(key, picture);
      return picture;
    } catch (error) {
      if (error instanceof WeirError && LASTING.has(error.code)) this.#remember(key, error);
      throw error;
    } finally {
      if (this.#flights.get(key)?.controller.signal === signal) this.#flights.delete(key);
    }
  }

  async #wait(key: string, flight: Flight, signal: AbortSignal): Promise<Picture> {
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason);
    flight.waiting++;
    signal.addEventListener('abort', leave, { once: true });
    try {
      signal.throwIfAborted();
      return await Promise.race([flight.picture, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      flight.waiting--;
      if (flight.waiting === 0) this.#abandon(key, flight);
    }
  }

  /** Who asks from now on starts anew; a finished flight does not mind. */
  #abandon(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    flight.picture.catch(() => {});
    flight.controller.abort();
  }

  #store(key: string, picture: Picture): void {
    if (picture.bytes.length + ENTRY_BYTES > this.#bytesMax) return;
    this.#stored.set(key, picture);
    this.#bytes += picture.bytes.length + ENTRY_BYTES;
    for (const [oldest, { bytes }] of this.#stored) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#stored.delete(oldest);
      this.#bytes -= bytes.length + ENTRY_BYTES;
    }
  }

  #remember(key: string, error: WeirError): void {
    this.#failures.delete(key);
    this.#failures.set(key, { error, untilMs: this.#clock.monoMs() + FAILURE_MS });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > FAILURES_MAX && oldest !== undefined) this.#failures.delete(oldest);
  }
}

/** The frame's own fault: it fails in the same way each time. */
const LASTING: ReadonlySet<string> = new Set(['decoder-failed', 'decoder-timeout']);
