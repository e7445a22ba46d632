/** Making leases, and counting who holds one. */
import type { Lease } from './timeline.ts';

/** A lease that calls once when it is closed, however often that is. */
export function lease(closed: () => void): Lease {
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    closed();
  };
  return { close, [Symbol.dispose]: close };
}

/** Both at once. */
export function joinLeases(...leases: readonly Lease[]): Lease {
  return lease(() => {
    for (const one of leases) one.close();
  });
}

export class LeaseCounter {
  readonly #changed: (count: number) => void;
  readonly #byReason = new Map<string, number>();
  #count = 0;

  /** `changed` is called with the number of leases at every change. */
  constructor(changed: (count: number) => void) {
    this.#changed = changed;
  }

  get count(): number {
    return this.#count;
  }

  countOf(reason: string): number {
    return this.#byReason.get(reason) ?? 0;
  }

  open(reason: string): Lease {
    this.#add(reason, 1);
    return lease(() => this.#add(reason, -1));
  }

  #add(reason: string, step: 1 | -1): void {
    this.#byReason.set(reason, this.countOf(reason) + step);
    this.#count += step;
    this.#changed(this.#count);
  }
}
