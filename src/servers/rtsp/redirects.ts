/** Which streams are served elsewhere, as the API said: until it takes that back, or until a restart. */

/** Streams with a URL of their own; the name of a stream is at most 200 characters. */
export const MAX_STREAMS_ELSEWHERE = 10_000;

export class Redirects {
  readonly #streams = new Map<string, string>();
  #all: string | undefined;

  /** Where the server of all streams is; undefined: here. Without a slash at the end. */
  get all(): string | undefined {
    return this.#all;
  }

  set all(to: string | undefined) {
    this.#all = to;
  }

  /** Sets where one stream is; undefined: here. False: there are too many. */
  set(stream: string, to: string | undefined): boolean {
    if (to === undefined) return this.#streams.delete(stream) || true;
    if (!this.#streams.has(stream) && this.#streams.size >= MAX_STREAMS_ELSEWHERE) return false;
    this.#streams.set(stream, to);
    return true;
  }

  /** Where readers of a stream find it; undefined: here. */
  forReaders(stream: string): string | undefined {
    return this.#streams.get(stream) ?? this.forPublishers(stream);
  }

  /** A publisher is sent away only with all others: who reads elsewhere may well be fed from here. */
  forPublishers(stream: string): string | undefined {
    return this.#all === undefined ? undefined : `${this.#all}/${stream.split('/').map(encodeURIComponent).join('/')}`;
  }
}
