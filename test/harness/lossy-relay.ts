/**
 * A bad network in user space: datagrams go through it to be lost, doubled and sent out of order, as the seed of `random` has it, and what was done is
 * counted.
 *
 *     in   1 2 3 4 5 6 7 8        out   1 3 2 5 5 6 4 7 …        0 lost, 1 doubled, 2 reordered
 *
 * Delays are counted in datagrams, so that the clock has no part in it: who sends so slowly that a handful takes longer than the other end waits for
 * what is missing (100 ms) sees late packets too.
 */
export interface Weather {
  /** Of the datagrams, 0–1 each. */
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
}

export const FINE: Weather = { lost: 0, doubled: 0, reordered: 0 };
/** So many others overtake a datagram, or come between it and its double. */
export const OVERTAKEN_MAX = 5;

interface Held {
  readonly datagram: Uint8Array;
  readonly due: number;
}

export class LossyRelay {
  readonly injected = { lost: 0, doubled: 0, reordered: 0 };
  weather: Weather = FINE;
  readonly #random: () => number;
  readonly #send: (datagram: Uint8Array) => void;
  #held: Held[] = [];
  #passed = 0;

  constructor(random: () => number, send: (datagram: Uint8Array) => void) {
    this.#random = random;
    this.#send = send;
  }

  push(datagram: Uint8Array): void {
    this.#passed += 1;
    this.#release();
    if (this.#random() < this.weather.lost) {
      this.injected.lost += 1;
      return;
    }
    const doubled = this.#random() < this.weather.doubled;
    if (this.#random() < this.weather.reordered) {
      this.injected.reordered += 1;
      this.#hold(datagram);
    } else {
      this.#send(datagram);
    }
    if (!doubled) return;
    this.injected.doubled += 1;
    this.#hold(datagram);
  }

  /** Sends what is held back. */
  flush(): void {
    for (const { datagram } of this.#held.splice(0)) this.#send(datagram);
  }

  #hold(datagram: Uint8Array): void {
    this.#held.push({ datagram, due: this.#passed + 1 + Math.floor(this.#random() * OVERTAKEN_MAX) });
  }

  #release(): void {
    const due = this.#held.filter((held) => held.due <= this.#passed);
    if (due.length === 0) return;
    this.#held = this.#held.filter((held) => held.due > this.#passed);
    for (const { datagram } of due) this.#send(datagram);
  }
}
