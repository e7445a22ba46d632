/** Which way for media is being tried, of those that may be, and which has brought some. */
import type { MediaWay } from './client-io.ts';

const NAMES: Readonly<Record<MediaWay, string>> = { tcp: 'TCP', udp: 'UDP', multicast: 'multicast' };

export class WayChoice {
  readonly #ways: readonly MediaWay[];
  #index = 0;
  #proven: MediaWay | undefined;

  constructor(ways: readonly MediaWay[]) {
    this.#ways = ways;
  }

  get current(): MediaWay {
    return this.#ways[this.#index] ?? 'tcp';
  }

  get proven(): MediaWay | undefined {
    return this.#proven;
  }

  /** 'TCP and over UDP'. */
  get tried(): string {
    return this.#ways
      .slice(0, this.#index + 1)
      .map((way) => NAMES[way])
      .join(' and over ');
  }

  /** Media came. */
  prove(): void {
    this.#proven = this.current;
  }

  /** Goes on to the next. False: there is none. */
  next(): boolean {
    if (this.#index + 1 >= this.#ways.length) return false;
    this.#index += 1;
    return true;
  }
}
