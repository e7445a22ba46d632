/**
 * Makes a counter that wraps (RTP timestamps: 32 bits, 13.25 h at 90 kHz; sequence numbers: 16 bits) one that does not:
 * each value is taken to be the nearest to the one before, forwards or backwards. The first value stands for itself.
 */
export class Unwrapper {
  readonly #range: number;
  #last: number | undefined;

  constructor(bits: 16 | 32) {
    this.#range = 2 ** bits;
  }

  /** The unwrapped value; it may be below 0 if the counter ran backwards through its start. */
  push(value: number): number {
    const last = this.#last;
    this.#last = last === undefined ? value : last + signedDistance(last, value, this.#range);
    return this.#last;
  }

  /** What `push` would say, without taking the value in. */
  peek(value: number): number {
    return this.#last === undefined ? value : this.#last + signedDistance(this.#last, value, this.#range);
  }

  get last(): number | undefined {
    return this.#last;
  }
}

/** How far `to` lies after `from` on a circle of `range` steps: −range/2 up to range/2 − 1. */
export function signedDistance(from: number, to: number, range: number): number {
  const half = range / 2;
  const forward = (((to - from) % range) + range) % range;
  return forward >= half ? forward - range : forward;
}
