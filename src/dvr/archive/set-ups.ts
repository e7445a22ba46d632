import { parseInit, type ParsedInit } from '../../core/mp4/read/init.ts';
import { WeirError } from '../../core/errors.ts';

/** Parsed inits kept: a stream has one or two a year. */
const MAX_PARSED = 64;

/** Inits by their hash, parsed once. */
export class SetUps {
  readonly #find: (hash: string) => Uint8Array | undefined;
  readonly #parsed = new Map<string, ParsedInit>();

  constructor(find: (hash: string) => Uint8Array | undefined) {
    this.#find = find;
  }

  /** Throws `storage-failed` if the init is lost or cannot be read. */
  parsed(hash: string): ParsedInit {
    const cached = this.#parsed.get(hash);
    if (cached !== undefined) return cached;
    const bytes = this.#find(hash);
    if (bytes === undefined)
      throw new WeirError('storage-failed', 'the set-up of a recording is not in the index', { place: hash });
    const init = parseInit(bytes);
    if (this.#parsed.size >= MAX_PARSED) this.#parsed.clear();
    this.#parsed.set(hash, init);
    return init;
  }
}
