/** What is wrong with one key of the configuration, before it has a place in a file. */
export type KeyPath = readonly (string | number)[];

export interface ConfigFault {
  readonly path: KeyPath;
  /** Whether the key itself is wrong, or its value. */
  readonly what: 'key' | 'value';
  /** What is wrong, without the key's name. Holds no secret. */
  readonly message: string;
  readonly expected?: string;
}

/** 'streams.lobby/low.source', 'access.users[0].name'. */
export function keyText(path: KeyPath): string {
  if (path.length === 0) return 'the file';
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : (index === 0 ? '' : '.') + part)).join('');
}

/** What was written at that path; undefined: nothing. */
export function valueAt(value: unknown, path: KeyPath): unknown {
  let found: unknown = value;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Readonly<Record<string | number, unknown>>)[key];
  }
  return found;
}
