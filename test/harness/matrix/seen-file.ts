/** What the last whole run of the matrix showed: `seen.json`, from which docs/compatibility.md is made. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Seen } from './seen.ts';

const FILE = path.join(import.meta.dirname, 'seen.json');

export interface SeenFile {
  /** Day of the run. */
  readonly day: string;
  /** The programs, by id of the peer. */
  readonly versions: Readonly<Record<string, string>>;
  /** By name of the cell. */
  readonly cells: Readonly<Record<string, Seen>>;
}

export function readSeenFile(): SeenFile {
  return JSON.parse(readFileSync(FILE, 'utf8')) as SeenFile;
}

export function writeSeenFile(seen: SeenFile): void {
  writeFileSync(FILE, `${JSON.stringify(seen, undefined, 2)}\n`);
}
