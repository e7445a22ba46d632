import { stringify } from 'yaml';
import { keyTree } from '../../../src/config/key-tree.ts';
import type { KeyNode } from '../../../src/config/key-tree.ts';

/**
 * weir.example.yml: every key with what it is for. Defaults stand as they are, examples are commented out; `allActive` writes those
 * too, so that a test can prove that they are right.
 */
export function renderExample(allActive = false): string {
  const sections = Object.entries(keyTree().properties ?? {}).map(([key, node]) =>
    renderKey(key, node, allActive).join('\n'),
  );
  return `# weir.yml: every key may be left out. What is commented out is an example, everything else the default.
# docs/configuration.md says more; \`weir check\` proves what you wrote.

${sections.join('\n\n')}
`;
}

const WIDTH = 110;
/** Names for the maps whose keys the user chooses. */
const SAMPLE_NAMES: Readonly<Record<string, string>> = { storages: 'main', streams: 'lobby' };

/** Keys of a stream that do not go with the source of the one that shows them. */
const OTHER_SOURCES: ReadonlySet<string> = new Set(['sources', 'takeover', 'fingerprint']);

/** More streams than the one that shows every key. */
const MORE_STREAMS = [
  'lobby/low: { source: rtsp://user:password@192.0.2.10/sub, onDemand: true }',
  'yard: { sources: [ rtsp://192.0.2.11/main, rtsp://192.0.2.12/main ] }',
  'drone/*: { source: publish, takeover: false }',
  'demo: { source: test-pattern }',
  'loop: { source: file:intro.mp4 }',
];

function renderKey(key: string, node: KeyNode, allActive: boolean): string[] {
  const lines = comment(node.description);
  if (key in SAMPLE_NAMES && typeof node.additionalProperties === 'object') {
    const entry = [`${SAMPLE_NAMES[key]}:`, ...comment(node.additionalProperties.description).map(indent)];
    const keys = Object.entries(node.additionalProperties.properties ?? {}).filter(
      ([name]) => key !== 'streams' || !OTHER_SOURCES.has(name),
    );
    const block = [...entry, ...keys.flatMap(([name, child]) => renderKey(name, child, true)).map(indent)];
    const more = key === 'streams' ? MORE_STREAMS : [];
    return [...lines, ...disabled([`${key}:`, ...[...block, ...more].map(indent)], allActive)];
  }
  // Without a default, that it is there is what it says.
  if (node.properties !== undefined && node.default === undefined) {
    const children = Object.entries(node.properties).flatMap(([name, child]) => renderKey(name, child, true));
    return [...lines, ...disabled([`${key}:`, ...children.map(indent)], allActive)];
  }
  if (node.properties !== undefined) {
    const children = Object.entries(node.properties).flatMap(([name, child]) => renderKey(name, child, allActive));
    return [...lines, `${key}:`, ...children.map(indent)];
  }
  const users = node.anyOf?.find((form) => form.properties?.['users'] !== undefined)?.properties?.['users']?.items;
  if (users?.properties !== undefined)
    return [...lines, ...disabled([`${key}:`, '  users:', ...renderItem(users.properties)], allActive)];
  const isExample = node.default === undefined || node.example !== undefined;
  const written = `${key}: ${flow(node.example ?? node.default)}`;
  return [...lines, ...(isExample ? disabled([written], allActive) : [written])];
}

function renderItem(keys: Readonly<Record<string, KeyNode>>): string[] {
  const lines = Object.entries(keys).flatMap(([key, node]) => renderKey(key, node, true));
  const first = lines.findIndex((line) => !line.startsWith('#'));
  return lines.map((line, index) => `    ${index === first ? '- ' : '  '}${line}`);
}

function disabled(lines: readonly string[], allActive: boolean): string[] {
  return allActive ? [...lines] : lines.map((line) => `#${line}`);
}

function indent(line: string): string {
  return `  ${line}`;
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', defaultStringType: 'PLAIN', singleQuote: true }).trim();
}

function comment(text: string | undefined): string[] {
  const lines: string[] = [];
  for (const word of (text ?? '').split(' ').filter((one) => one !== '')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
