/** The schema as a tree of keys that messages, the environment and the docs walk. It is the JSON Schema that zod derives. */
import { z } from 'zod';
import type { KeyPath } from './fault.ts';
import { ConfigSchema } from './schema.ts';

export interface KeyNode {
  /** Several: any of them. */
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly expected?: string;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: string;
  readonly properties?: Readonly<Record<string, KeyNode>>;
  readonly required?: readonly string[];
  /** Of a map from names that the user chooses. */
  readonly additionalProperties?: KeyNode | false;
  readonly items?: KeyNode;
  readonly anyOf?: readonly KeyNode[];
}

/** What a user writes: input of the schema, not its output. */
export function keyTree(): KeyNode {
  return z.toJSONSchema(ConfigSchema, { io: 'input' }) as KeyNode;
}

/** The node at a path; undefined if there is none. In a choice of forms, the one that has the key. */
export function nodeAt(tree: KeyNode, path: KeyPath): KeyNode | undefined {
  let node: KeyNode | undefined = tree;
  for (const key of path) node = node === undefined ? undefined : childOf(node, key);
  return node;
}

/** The keys that an object may have at this node. */
export function keysOf(node: KeyNode): readonly string[] {
  const forms = node.anyOf ?? [node];
  return forms.flatMap((form) => Object.keys(form.properties ?? {}));
}

/** What a right value of this node is: fits after 'expected'. */
export function expectedOf(node: KeyNode): string {
  if (node.expected !== undefined) return node.expected;
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  if (node.const !== undefined) return node.const;
  if (node.type === 'boolean') return 'true or false';
  if (node.type === 'array') return node.items === undefined ? 'a list' : `a list, each ${expectedOf(node.items)}`;
  if (node.properties !== undefined) return `a map with the keys ${keysOf(node).join(', ')}`;
  if (node.type === 'object') return 'a map from names';
  return 'text';
}

function childOf(node: KeyNode, key: string | number): KeyNode | undefined {
  for (const form of node.anyOf ?? [node]) {
    if (typeof key === 'number') {
      if (form.items !== undefined) return form.items;
      continue;
    }
    const child =
      form.properties === undefined || !Object.hasOwn(form.properties, key) ? undefined : form.properties[key];
    if (child !== undefined) return child;
    if (form.additionalProperties !== undefined && form.additionalProperties !== false)
      return form.additionalProperties;
  }
  return undefined;
}
