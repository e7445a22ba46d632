/**
 * Patterns of stream names: `*` stands for anything within one part, `**` for anything across slashes.
 *
 *     drone/*      drone/1             not drone/1/low, not drone
 *     drone/**     drone/1, drone/1/low
 *     **           every name
 */
import { MAX_STREAM_NAME_LENGTH, streamNameFault } from './stream-name.ts';

/** Matching costs a power of the number of wildcards: four are enough for anybody. */
const MAX_PATTERN_WILDCARDS = 4;

export function isPattern(name: string): boolean {
  return name.includes('*');
}

/** A function that tells whether a stream name matches. A name without `*` matches itself alone. */
export function compilePattern(pattern: string): (name: string) => boolean {
  if (!isPattern(pattern)) return (name) => name === pattern;
  const source = pattern.replaceAll(/\*\*|\*|[^*]+/g, (piece) => {
    if (piece === '**') return '.*';
    return piece === '*' ? '[^/]*' : RegExp.escape(piece);
  });
  const shape = new RegExp(`^${source}$`);
  return (name) => shape.test(name);
}

/** What is wrong with a pattern, in words; undefined if nothing is. */
export function patternFault(pattern: string): string | undefined {
  if (pattern.length > MAX_STREAM_NAME_LENGTH) return `it is longer than ${MAX_STREAM_NAME_LENGTH} characters`;
  if (pattern.includes('***')) return "'***' means nothing";
  if ((pattern.match(/\*+/g) ?? []).length > MAX_PATTERN_WILDCARDS)
    return `it has more than ${MAX_PATTERN_WILDCARDS} wildcards`;
  // What a wildcard stands for is judged when a name comes; the rest must be able to stand in one.
  return streamNameFault(pattern.replaceAll(/\*+/g, 'x'));
}

/** Order of precedence: exact names before patterns, longer patterns before shorter, then by the alphabet. */
export function comparePrecedence(a: string, b: string): number {
  return Number(isPattern(a)) - Number(isPattern(b)) || b.length - a.length || (a < b ? -1 : Number(a > b));
}
