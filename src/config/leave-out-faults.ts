/**
 * What remains of a configuration in which the schema found faults, so that the rest can be judged too: who mends one mistake is not to
 * be told of the next only then.
 */
import { valueAt } from './fault.ts';
import type { ConfigFault, KeyPath } from './fault.ts';
import { ConfigSchema } from './schema.ts';
import type { Config } from './schema.ts';

/** What goes can make the map around it go, and that the next: the schema is no deeper. */
const ROUNDS_MAX = 8;

/** `written` without what stands at the faults' paths, and without what cannot be without that; undefined if nothing is left. */
export function leaveOutFaults(written: unknown, faults: readonly ConfigFault[]): Config | undefined {
  let value = written;
  let paths = faults.map(({ path }) => path);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const path of paths) value = without(value, untilList(path));
    const parsed = ConfigSchema.safeParse(value);
    if (parsed.success) return parsed.data;
    paths = parsed.error.issues.map(({ path }) => faultyPath(value, path.map(String)));
  }
  return undefined;
}

/** Whether a fault of the rest may be there only because of what was left out for `others`. */
export function mayFollow(fault: ConfigFault, others: readonly ConfigFault[]): boolean {
  const faulty = new Set(others.map(({ path }) => path[0]));
  const last = fault.path.at(-1);
  if (last === 'source')
    return others.some(({ path }) => path[1] === fault.path[1] && /^sources?$/.test(String(path[2])));
  if (last === 'listen') return faulty.has('access');
  return last === 'storage' && (faulty.has('storages') || faulty.has('defaults'));
}

/** A key that is missing makes the map around it the faulty one. */
function faultyPath(value: unknown, path: readonly string[]): KeyPath {
  return valueAt(value, path) === undefined ? path.slice(0, -1) : path;
}

/** An entry cannot be left out of a list without another number for those behind it: the list goes. */
function untilList(path: KeyPath): KeyPath {
  const list = path.findIndex((key) => typeof key === 'number');
  return list === -1 ? path : path.slice(0, list);
}

/** A copy without that key. */
function without(value: unknown, path: KeyPath): unknown {
  const [key, ...rest] = path;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || key === undefined) return value;
  const entries = Object.entries(value).flatMap(([name, child]): [string, unknown][] => {
    if (name !== String(key)) return [[name, child]];
    return rest.length === 0 ? [] : [[name, without(child, rest)]];
  });
  return Object.fromEntries(entries);
}
