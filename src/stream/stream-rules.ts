/** Which settings a name has: those of its own, or of the pattern that fits it best. A value; made anew when the configuration changes. */
import { comparePrecedence, compilePattern, isPattern } from '../config/stream-pattern.ts';
import { isStreamName } from '../config/stream-name.ts';
import type { StreamSettings } from '../config/settings.ts';

export class StreamRules {
  readonly #exact: ReadonlyMap<string, StreamSettings>;
  readonly #patterns: readonly { readonly matches: (name: string) => boolean; readonly settings: StreamSettings }[];

  constructor(streams: ReadonlyMap<string, StreamSettings>) {
    const entries = [...streams].map(([, settings]) => settings);
    this.#exact = new Map(entries.filter(({ name }) => !isPattern(name)).map((settings) => [settings.name, settings]));
    this.#patterns = entries
      .filter(({ name }) => isPattern(name))
      .toSorted((a, b) => comparePrecedence(a.name, b.name))
      .map((settings) => ({ matches: compilePattern(settings.name), settings }));
  }

  /** Streams that are there without anybody asking. */
  get exact(): IteratorObject<StreamSettings> {
    return this.#exact.values();
  }

  /** What may become a stream when somebody publishes it: settings whose name is a pattern, in the order in which they are asked. */
  get patterns(): IteratorObject<StreamSettings> {
    return this.#patterns.values().map(({ settings }) => settings);
  }

  isExact(name: string): boolean {
    return this.#exact.has(name);
  }

  /** The settings under this very name; undefined if nothing says that there may be such a stream. */
  settingsOf(name: string): StreamSettings | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    if (!isStreamName(name)) return undefined;
    const pattern = this.#patterns.find(({ matches }) => matches(name));
    return pattern === undefined ? undefined : { ...pattern.settings, name };
  }
}
