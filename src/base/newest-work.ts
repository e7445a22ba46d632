/**
 * Work that only the newest value is worth: one run at a time, in order, and of the values that came during a run the last alone has one.
 * An older value can never be taken up after a newer.
 */
import { Turns } from './turns.ts';

export class NewestWork<T> implements AsyncDisposable {
  readonly #work: (value: T) => Promise<void>;
  readonly #turns = new Turns();
  #taken = 0;
  #closed = false;

  constructor(work: (value: T) => Promise<void>) {
    this.#work = work;
  }

  /** Resolves when `value` is worked off, or has been passed over for a newer one. Rejects as its run does. */
  take(value: T): Promise<void> {
    const number = ++this.#taken;
    return this.#turns.take(async () => {
      if (number === this.#taken && !this.#closed) await this.#work(value);
    });
  }

  /** Begins no further run; resolves when the running one has ended. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.idle();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
