/** A network of the test's own: two hosts; on the nearer the loopback carries groups as well. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mustRun } from '../program.ts';
import type { Seen } from './seen.ts';
import { cellName, type Cell } from './table.ts';

const GROUPS_MS = 300_000;
const TWO_HOSTS = path.resolve(import.meta.dirname, '../../e2e/two-hosts/two-hosts.sh');
const GROUPS = 'ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo';
/** Runs what follows in it. */
const INSIDE = ['-rn', 'sh', TWO_HOSTS, 'sh', '-c', `${GROUPS} && exec "$@"`, 'sh'];

/** Undefined, or why none can be made here. */
export function namespaceFault(): string | undefined {
  const { status, error } = spawnSync('unshare', [...INSIDE, 'true'], { stdio: 'ignore', timeout: 10_000 });
  if (error !== undefined) return 'there is no unshare';
  return status === 0 ? undefined : 'no network namespace may be made here';
}

/** Plays them in a process inside such a network. */
export async function playGroupCells(cells: readonly Cell[]): Promise<ReadonlyMap<string, Seen>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-matrix-'));
  try {
    const file = path.join(folder, 'seen.json');
    const program = [process.execPath, path.join(import.meta.dirname, 'group-cells.ts'), ...cells.map(cellName)];
    const inside = ['env', '-u', 'NODE_TEST_CONTEXT', `WEIR_MATRIX_SEEN=${file}`, ...program];
    await mustRun('unshare', [...INSIDE, ...inside], GROUPS_MS);
    return new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, Seen][]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
