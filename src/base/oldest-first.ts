/** A table with so many places: who comes when it is full gets the place of who has been there the longest, who is forgotten with it. */
export class OldestFirst<Key, Value> {
  readonly #limit: number;
  /** In the order of their coming. */
  readonly #entries = new Map<Key, Value>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  values(): IterableIterator<Value> {
    return this.#entries.values();
  }

  /** The newest from now on, also where the key was there. Returns whose place it took, if it took one: no longer here, and the caller's to end. */
  add(key: Key, value: Value): Value | undefined {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return undefined;
    const [oldest] = this.#entries;
    return oldest && this.take(oldest[0]);
  }

  /** Forgets it; returns what it was. Idempotent. */
  take(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    this.#entries.delete(key);
    return value;
  }
}
