/** The text of a weir.yml as a plain value, and the place of every key in it. */
import { LineCounter, isMap, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { WeirError } from '../core/errors.ts';
import type { KeyPath } from './fault.ts';

/** A configuration of 10,000 cameras is 3 MB. */
const MAX_CONFIG_CHARACTERS = 16 * 1024 * 1024;
/** Uses of anchors, so that ten lines cannot stand for a billion. */
const MAX_ALIASES = 1000;

export class YamlDocument {
  readonly value: unknown;
  readonly #file: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  /** Throws `config-syntax` with line and column of what cannot be read. `file` is named in places. */
  constructor(text: string, file: string) {
    if (text.length > MAX_CONFIG_CHARACTERS) {
      throw new WeirError('config-syntax', `the file is longer than ${MAX_CONFIG_CHARACTERS} characters`, {
        place: file,
      });
    }
    // A file of nothing is one that somebody's editor is about to write.
    if (text.trim() === '') throw new WeirError('config-syntax', 'the file is empty', { place: file });
    this.#file = file;
    this.#lines = new LineCounter();
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, strict: true });
    const [error] = this.#document.errors;
    if (error !== undefined)
      throw new WeirError('config-syntax', sentence(error.message), { place: this.#place(error.pos[0]) });
    try {
      this.value = this.#document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
    } catch (cause) {
      throw new WeirError('config-syntax', sentence(String(cause)), { place: file, cause });
    }
  }

  /** `file:line:column` of the value at `path`, or of its key; of the nearest ancestor that is there, if it is not. */
  placeOf(path: KeyPath, what: 'key' | 'value' = 'value'): string {
    let node: unknown = this.#document.contents;
    let offset = offsetOf(node) ?? 0;
    for (const [index, key] of path.entries()) {
      const { keyNode, valueNode } = childOf(node, key);
      const keyWanted = what === 'key' && index === path.length - 1;
      offset = (keyWanted ? undefined : offsetOf(valueNode)) ?? offsetOf(keyNode) ?? offset;
      node = valueNode;
    }
    return this.#place(offset);
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }
}

function childOf(node: unknown, key: string | number): { readonly keyNode?: unknown; readonly valueNode?: unknown } {
  if (isSeq(node)) return { valueNode: node.items[Number(key)] };
  if (!isMap(node)) return {};
  for (const pair of node.items) {
    if (!isPair(pair) || !isScalar(pair.key) || String(pair.key.value) !== String(key)) continue;
    return { keyNode: pair.key, valueNode: pair.value };
  }
  return {};
}

function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const [start]: unknown[] = node.range;
  return typeof start === 'number' ? start : undefined;
}

/** The library's message without its class and the place, which we say our own way. */
function sentence(message: string): string {
  return message
    .replace(/^\w*Error: /, '')
    .replace(/ at line \d+, column \d+[^]*$/, '')
    .trim();
}
