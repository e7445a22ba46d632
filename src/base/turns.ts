/** Work that is done one piece after another, in the order in which it was asked for; a piece that fails does not keep the next from it. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins `work` when all before it has ended; resolves or rejects as it does. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all that was asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
