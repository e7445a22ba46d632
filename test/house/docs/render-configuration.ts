import { PROCESS_VARIABLES, environmentKeys } from '../../../src/config/environment.ts';
import { expectedOf, keyTree } from '../../../src/config/key-tree.ts';
import type { KeyNode } from '../../../src/config/key-tree.ts';
import { GENERATED, code, table } from './markdown.ts';

export function renderConfiguration(): string {
  const tree = keyTree();
  const variables = new Map(environmentKeys(tree).map((key) => [key.path.join('.'), key.variable]));
  const sections = Object.entries(tree.properties ?? {}).map(([name, node]) => section(name, node, variables));
  return `${GENERATED}

# Configuration

weir reads \`weir.yml\` in the current folder, or what \`--config\` names; every key may be left out. \`weir check\` proves a configuration,
and a wrong one is refused with the key, the line and what was expected. [weir.example.yml](../weir.example.yml) has every key.

- **Without a file** weir runs \`demo\` (a test picture, recorded, kept for an hour) and lets programs on this machine publish any name.
- **Listening**: \`:8554\` gives a port and no address. Without \`access\` that is this machine only, and another address is refused; with
  \`access\` it is all interfaces.
- **Changes** of the file are taken up when it is written, and on SIGHUP; what they do not concern goes on. A bad edit is logged
  with its code and changes nothing. Where weir listens, \`data\`, \`files\`, \`hls\` and another kind of \`access\` wait for the next start.
- **Paths** are relative to the file. **Durations**: \`500ms\`, \`10s\`, \`5m\`, \`1h\`, \`7d\`, \`2w\`. **Sizes**: GB is 10^9 bytes, GiB 2^30.
- **The environment** wins over the file, for every scalar with a fixed place.

${sections.join('\n\n')}

## Patterns

\`*\` stands for anything within one part of a name, \`**\` for anything across slashes; four at most. Exact names win over patterns, longer
patterns over shorter. \`drone/*\` with \`source: publish\` makes \`drone/1\`, \`drone/2\`, … as they are published.

## Variables of the process

${table(
  ['variable', 'value'],
  [...PROCESS_VARIABLES].map(([name, meaning]) => [code(name), meaning]),
)}
`;
}

function section(name: string, node: KeyNode, variables: ReadonlyMap<string, string>): string {
  const rows = leaves(name, node).map(({ path, leaf }) => [
    code(path),
    expectedOf(leaf),
    code(defaultOf(leaf)),
    code(variables.get(path) ?? ''),
    leaf.description ?? '',
  ]);
  const intro = node.description !== undefined && rows.length > 1 ? `${node.description}\n\n` : '';
  return `## ${name}\n\n${intro}${table(['key', 'value', 'default', 'environment', 'what it is for'], rows)}`;
}

function leaves(path: string, node: KeyNode): { readonly path: string; readonly leaf: KeyNode }[] {
  if (node.anyOf !== undefined) {
    return [
      { path, leaf: node },
      ...node.anyOf.flatMap((form) => (form.properties === undefined ? [] : leaves(path, form))),
    ];
  }
  if (node.properties !== undefined)
    return Object.entries(node.properties).flatMap(([key, child]) => leaves(`${path}.${key}`, child));
  if (node.additionalProperties !== undefined && node.additionalProperties !== false)
    return leaves(`${path}.{name}`, node.additionalProperties);
  if (node.items?.properties !== undefined) return leaves(`${path}[]`, node.items);
  return [{ path, leaf: node }];
}

function defaultOf(node: KeyNode): string {
  if (node.default === undefined) return '';
  return typeof node.default === 'string'
    ? node.default
    : JSON.stringify(node.default).replaceAll('"', '').replaceAll(',', ', ');
}
