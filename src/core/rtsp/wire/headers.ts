/** Headers of one message, in order, several of one name allowed; names compare without case, values are trimmed. A value. */
export class RtspHeaders {
  readonly #entries: readonly (readonly [string, string])[];

  constructor(entries: Iterable<readonly [string, string]> = []) {
    this.#entries = [...entries];
  }

  /** The first value of that name. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#entries.find(([entry]) => entry.toLowerCase() === wanted)?.[1];
  }

  getAll(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    return this.#entries.filter(([entry]) => entry.toLowerCase() === wanted).map(([, value]) => value);
  }

  /** Another value with `name` added at the end. */
  with(name: string, value: string): RtspHeaders {
    return new RtspHeaders([...this.#entries, [name, value]]);
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#entries[Symbol.iterator]();
  }
}
