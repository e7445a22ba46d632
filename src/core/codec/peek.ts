/** The four answers of a peek: nothing is allocated for a packet. */
import type { Peek } from './codec.ts';

export const PEEK_NOTHING: Peek = { key: false, parameterSets: false };
export const PEEK_KEY: Peek = { key: true, parameterSets: false };
export const PEEK_SETS: Peek = { key: false, parameterSets: true };
export const PEEK_BOTH: Peek = { key: true, parameterSets: true };

export function peekOf(key: boolean, parameterSets: boolean): Peek {
  if (key) return parameterSets ? PEEK_BOTH : PEEK_KEY;
  return parameterSets ? PEEK_SETS : PEEK_NOTHING;
}
