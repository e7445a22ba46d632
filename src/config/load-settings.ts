/** Reads the configuration: a YAML file, if there is one, then the environment. Everything wrong with it is said at once, each with its place. */
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { WeirError } from '../core/errors.ts';
import { completeSettings } from './complete-settings.ts';
import { applyEnvironment } from './environment.ts';
import type { Environment, EnvironmentKey } from './environment.ts';
import { explainIssues } from './explain-issues.ts';
import { keyText } from './fault.ts';
import type { ConfigFault } from './fault.ts';
import { keyTree, nodeAt } from './key-tree.ts';
import type { KeyNode } from './key-tree.ts';
import { leaveOutFaults, mayFollow } from './leave-out-faults.ts';
import { ConfigSchema } from './schema.ts';
import type { Settings } from './settings.ts';
import { YamlDocument } from './yaml-document.ts';

export interface ConfigOrigin {
  /** The file that was asked for; undefined: `weir.yml` in `folder`, if it is there. */
  readonly file: string | undefined;
  readonly env: Environment;
  /** The current folder: what relative paths are relative to where there is no file. */
  readonly folder: string;
}

/** The configuration that is in force. Throws `config-unreadable`, `config-syntax` or `config-invalid`. */
export function loadSettings(origin: ConfigOrigin): Settings {
  const file = configFile(origin);
  return parseSettings(file === undefined ? undefined : { path: file, text: readText(file) }, origin);
}

/** Absolute path of the file that is, or would be, read; undefined: there is none. */
export function configFile(origin: ConfigOrigin): string | undefined {
  const file = origin.file ?? (existsSync(resolve(origin.folder, DEFAULT_FILE)) ? DEFAULT_FILE : undefined);
  return file === undefined ? undefined : resolve(origin.folder, file);
}

/** Like `loadSettings`, from a text. */
export function parseSettings(
  file: { readonly path: string; readonly text: string } | undefined,
  origin: Pick<ConfigOrigin, 'env' | 'folder'>,
): Settings {
  const document = file === undefined ? undefined : new YamlDocument(file.text, basename(file.path));
  const tree = keyTree();
  const { value, from } = applyEnvironment(withEmptyMaps(document?.value ?? {}, tree), origin.env, tree);
  const parsed = ConfigSchema.safeParse(value);
  const faults: ConfigFault[] = parsed.success ? [] : explainIssues(parsed.error.issues, tree, value);
  // More would not be said.
  const enough = faults.length >= MAX_FAULTS_SAID;
  const judged = parsed.success ? parsed.data : enough ? undefined : leaveOutFaults(value, faults);
  const further: ConfigFault[] = [];
  const settings =
    judged &&
    completeSettings(
      judged,
      {
        folder: file === undefined ? origin.folder : dirname(file.path),
        anyHost: anyHost(),
        declaredAt: document === undefined ? undefined : (path) => lineOnly(document.placeOf(path, 'key')),
      },
      further,
    );
  faults.push(...further.filter((fault) => !mayFollow(fault, faults)));
  if (settings === undefined || faults.length > 0) throw configInvalid(faults, document, from);
  return settings;
}

const DEFAULT_FILE = 'weir.yml';
/** More would hide the first ones. */
const MAX_FAULTS_SAID = 20;

/** `streams:` with nothing below it is how people leave a map out. */
function withEmptyMaps(value: unknown, node: KeyNode): unknown {
  if (value === null && node.default !== undefined && node.type === 'object') return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const children = Object.entries(value).map(([key, child]) => {
    const childNode = nodeAt(node, [key]);
    return [key, childNode === undefined ? child : withEmptyMaps(child, childNode)];
  });
  return Object.fromEntries(children);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    const message = reason === 'ENOENT' ? 'the file does not exist' : `the file cannot be read (${reason})`;
    throw new WeirError('config-unreadable', message, { place: file, cause });
  }
}

function configInvalid(
  faults: readonly ConfigFault[],
  document: YamlDocument | undefined,
  from: readonly EnvironmentKey[],
): WeirError {
  const errors = faults.map((fault) => {
    const place = placeOf(fault, document, from);
    const detail = fault.expected === undefined ? { place } : { place, expected: fault.expected };
    return new WeirError('config-invalid', `${keyText(fault.path)}: ${fault.message}`, detail);
  });
  const [first] = errors;
  if (first !== undefined && errors.length === 1) return first;
  const lines = errors.slice(0, MAX_FAULTS_SAID).map((error) => error.describe());
  if (errors.length > MAX_FAULTS_SAID) lines.push(`and ${errors.length - MAX_FAULTS_SAID} more`);
  return new WeirError('config-invalid', lines.join('\n'));
}

function placeOf(fault: ConfigFault, document: YamlDocument | undefined, from: readonly EnvironmentKey[]): string {
  const variable = from.find((key) => keyText(key.path) === keyText(fault.path))?.variable;
  if (variable !== undefined) return variable;
  return document === undefined ? 'the defaults' : document.placeOf(fault.path, fault.what);
}

function lineOnly(place: string): string {
  return place.replace(/:\d+$/, '');
}

/** All interfaces, in both protocols where the machine has IPv6. */
function anyHost(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some((address) => address.family === 'IPv6') ? '::' : '0.0.0.0';
}
