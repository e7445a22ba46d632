/** Parameter sets of one kind by their id: the newest bytes of each, and what they mean. */
import { withoutTrailingZeros } from './annex-b.ts';

/** Above it a set is junk: the largest real ones carry scaling lists and stay below 1 KB. */
export const MAX_PARAMETER_SET_BYTES = 4096;

export interface StoredSet<Parsed> {
  readonly bytes: Uint8Array;
  readonly parsed: Parsed;
}

export class ParameterSetStore<Parsed extends { readonly id: number }> {
  readonly #parse: (nal: Uint8Array) => Parsed | undefined;
  readonly #sets = new Map<number, StoredSet<Parsed>>();
  #newest: number | undefined;

  constructor(parse: (nal: Uint8Array) => Parsed | undefined) {
    this.#parse = parse;
  }

  /** Takes a set in (a copy of it); says whether it was junk, known, or changes something. */
  take(nal: Uint8Array): 'junk' | 'known' | 'changed' {
    const bytes = withoutTrailingZeros(nal);
    if (bytes.length > MAX_PARAMETER_SET_BYTES) return 'junk';
    const newest = this.newest;
    if (newest !== undefined && equalBytes(newest.bytes, bytes)) return 'known';
    const parsed = this.#parse(bytes);
    if (parsed === undefined) return 'junk';
    const before = this.#sets.get(parsed.id);
    const known = this.#newest === parsed.id && before !== undefined && equalBytes(before.bytes, bytes);
    this.#newest = parsed.id;
    if (known) return 'known';
    this.#sets.set(parsed.id, { bytes: new Uint8Array(bytes), parsed });
    return 'changed';
  }

  get(id: number): StoredSet<Parsed> | undefined {
    return this.#sets.get(id);
  }

  /** The set that came last. */
  get newest(): StoredSet<Parsed> | undefined {
    return this.#newest === undefined ? undefined : this.#sets.get(this.#newest);
  }

  /** In order of their ids. */
  all(): readonly StoredSet<Parsed>[] {
    return [...this.#sets.values()].sort((a, b) => a.parsed.id - b.parsed.id);
  }
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
