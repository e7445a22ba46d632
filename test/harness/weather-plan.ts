/** The weather of a loop of pictures that goes through a LossyRelay: it changes with a GOP, and what of the loop it spoilt is known. */
import { FINE, type LossyRelay, type Weather } from './lossy-relay.ts';
import { PICTURES_PER_GOP } from './picture-loop.ts';

export class WeatherPlan {
  /** Numbers of pictures that lost something. */
  readonly damaged = new Set<number>();
  readonly relay: LossyRelay;
  #changes: readonly { readonly from: number; readonly weather: Weather }[] = [];
  #pictures = 0;

  constructor(relay: LossyRelay) {
    this.relay = relay;
  }

  /** Begun so far. */
  get pictures(): number {
    return this.#pictures;
  }

  /** From the next GOP on; returns the number of its first picture. */
  set(weather: Weather): number {
    const from = Math.ceil((this.#pictures + 1) / PICTURES_PER_GOP) * PICTURES_PER_GOP;
    this.#changes = [...this.#changes, { from, weather }];
    return from;
  }

  /** A datagram of this picture. What is held back of a picture goes with its last: nothing of this depends on how quick the machine is. */
  push(number: number, datagram: Uint8Array, last: boolean): void {
    this.#pictures = number + 1;
    this.relay.weather = this.#changes.findLast(({ from }) => from <= number)?.weather ?? FINE;
    const lostBefore = this.relay.injected.lost;
    this.relay.push(datagram);
    if (last) this.relay.flush();
    if (this.relay.injected.lost > lostBefore) this.damaged.add(number);
  }
}
