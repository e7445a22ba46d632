/**
 * Configuration from environment variables: every scalar with a fixed place, `rtsp.listen` as `WEIR_RTSP_LISTEN`, `defaults.onDemand` as
 * `WEIR_DEFAULTS_ON_DEMAND`. It wins over the file. What stands in maps and lists (streams, storages, users) is the file's.
 */
import type { KeyPath } from './fault.ts';
import type { KeyNode } from './key-tree.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentKey {
  readonly variable: string;
  readonly path: KeyPath;
  readonly node: KeyNode;
}

/** All variables there are, in the order of the schema. */
export function environmentKeys(tree: KeyNode, path: KeyPath = []): EnvironmentKey[] {
  const keys: EnvironmentKey[] = [];
  for (const [key, node] of Object.entries(tree.properties ?? {})) {
    const at = [...path, key];
    if (isScalar(node)) keys.push({ variable: variableOf(at), path: at, node });
    else keys.push(...environmentKeys(node, at));
  }
  return keys;
}

/** A copy of `written` with what the environment says put in, and where each of these values came from. */
export function applyEnvironment(
  written: unknown,
  env: Environment,
  tree: KeyNode,
): { readonly value: unknown; readonly from: readonly EnvironmentKey[] } {
  let value = written;
  const from: EnvironmentKey[] = [];
  for (const key of environmentKeys(tree)) {
    const text = env[key.variable];
    if (text === undefined || text === '') continue;
    value = withValue(value, key.path, scalarOf(text, key.node));
    from.push(key);
  }
  return { value, from };
}

/** Variables that begin like ours and mean nothing: a slip, most likely. Leaves out those that Kubernetes makes for a service called weir. */
export function unknownVariables(env: Environment, tree: KeyNode): string[] {
  const known = new Set([...environmentKeys(tree).map((key) => key.variable), ...PROCESS_VARIABLES.keys()]);
  return Object.keys(env).filter(
    (name) => name.startsWith('WEIR_') && !known.has(name) && !/_(?:SERVICE|PORT)(?:_|$)/.test(name),
  );
}

/** Variables of the process, not of the configuration. */
export const PROCESS_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['WEIR_LOG_LEVEL', 'debug, info (default), warn or error'],
  ['WEIR_LOG_FORMAT', 'json, or text (default where standard error is a terminal)'],
]);

const SCALARS: ReadonlySet<string> = new Set(['string', 'boolean', 'number']);

function isScalar(node: KeyNode): boolean {
  if (node.anyOf !== undefined) return node.anyOf.some(isScalar);
  return node.const !== undefined || [node.type].flat().some((type) => SCALARS.has(type ?? ''));
}

function variableOf(path: KeyPath): string {
  return ['WEIR', ...path.map((key) => String(key).replaceAll(/[A-Z]/g, '_$&'))].join('_').toUpperCase();
}

function scalarOf(text: string, node: KeyNode): unknown {
  if (node.type === 'boolean' && /^(?:true|false)$/.test(text)) return text === 'true';
  return text;
}

function withValue(value: unknown, path: KeyPath, leaf: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return leaf;
  const map: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  return { ...map, [key]: withValue(map[key], rest, leaf) };
}
