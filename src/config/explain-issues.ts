/** Turns what the schema found into sentences that name the key, what stands there and what was expected. */
import type { z } from 'zod';
import { REDACTED, isSecretName, redactText } from '../base/redact.ts';
import { valueAt } from './fault.ts';
import type { ConfigFault, KeyPath } from './fault.ts';
import { expectedOf, keysOf, nodeAt } from './key-tree.ts';
import type { KeyNode } from './key-tree.ts';

type Issue = z.core.$ZodIssue;

export function explainIssues(issues: readonly Issue[], tree: KeyNode, written: unknown): ConfigFault[] {
  return issues.flatMap((issue) => explain(issue, [], tree, written));
}

function explain(issue: Issue, base: KeyPath, tree: KeyNode, written: unknown): ConfigFault[] {
  const path = [...base, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], tree));
  if (issue.code === 'invalid_key') return [{ path, what: 'key', message: 'this name cannot be used', expected: NAME }];
  if (issue.code === 'invalid_union') {
    // The form that the value has in mind is the one that does not fail at its root.
    const form = issue.errors.find((errors) =>
      errors.every((error) => error.path.length > 0 || error.code === 'unrecognized_keys'),
    );
    if (form !== undefined) return form.flatMap((error) => explain(error, path, tree, written));
  }
  const node = nodeAt(tree, path);
  const expected = node === undefined ? issue.message : expectedOf(node);
  const value = valueAt(written, path);
  if (value === undefined) return [{ path, what: 'key', message: 'this key is missing', expected }];
  return [{ path, what: 'value', message: `${show(value, path)} is wrong`, expected }];
}

const NAME = 'letters, digits, _ and -';

function unknownKey(path: KeyPath, tree: KeyNode): ConfigFault {
  const parent = nodeAt(tree, path.slice(0, -1));
  const known = parent === undefined ? [] : keysOf(parent);
  const near = nearest(String(path.at(-1)), known);
  const hint = near === undefined ? known.join(', ') : `did you mean ${near}?`;
  return { path, what: 'key', message: `there is no such key (${hint})` };
}

/** The known word with the fewest changes, if they are few enough to be a slip. */
function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein, one row at a time; words are cut at 64 characters. */
function editDistance(first: string, second: string): number {
  const a = first.slice(0, 64);
  const b = second.slice(0, 64);
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The value as the message shows it: short, on one line, without secrets. */
function show(value: unknown, path: KeyPath): string {
  if (isSecretName(String(path.at(-1)))) return REDACTED;
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? `'${redactText(value).slice(0, 100)}'` : redactText(JSON.stringify(value));
}
