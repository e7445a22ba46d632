/** Plays cells of the compatibility matrix, each where it can be played, and says which could not. */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { hasPeer, type Peer } from '../peers.ts';
import { namespaceFault, playGroupCells } from './namespace.ts';
import { playCells } from './play-cell.ts';
import { buildRetina, retinaIsBuilt, retinaVersion } from './retina-peer.ts';
import { faultOf, type Seen } from './seen.ts';
import { MatrixStudio } from './studio.ts';
import { cellName, isMulticast, KNOWN_FAILURES, MATRIX_PEERS, type Cell } from './table.ts';

/** Without these nothing is played; what else a peer needs is named where it is missing. */
export const MATRIX_NEEDS: readonly Peer[] = ['ffmpeg', 'gstreamer', 'rtspclientsink', 'gst-rtsp-server'];

export interface Played {
  readonly seen: ReadonlyMap<string, Seen>;
  /** By cell: why it could not be played. */
  readonly notRun: ReadonlyMap<string, string>;
}

/** `build`: half a minute may go into compiling a peer. */
export async function playMatrix(context: TestContext, cells: readonly Cell[], build: boolean): Promise<Played> {
  const notRun = new Map<string, string>();
  const withoutGroups = cells.some(isMulticast) ? namespaceFault() : undefined;
  const reasons = new Map<string, string | undefined>();
  for (const peer of MATRIX_PEERS.filter(({ id }) => cells.some((cell) => cell.peer.id === id)))
    reasons.set(peer.id, await whyNot(peer, build));
  for (const cell of cells) {
    const reason = reasons.get(cell.peer.id) ?? (isMulticast(cell) ? withoutGroups : undefined);
    if (reason !== undefined) notRun.set(cellName(cell), reason);
  }
  const playable = cells.filter((cell) => !notRun.has(cellName(cell)));
  const [inGroups, alone] = [playable.filter(isMulticast), playable.filter((cell) => !isMulticast(cell))];
  const first = await playCells(context, new MatrixStudio(context, { groups: false }), alone);
  const second = inGroups.length === 0 ? new Map<string, Seen>() : await playGroupCells(inGroups);
  return { seen: new Map([...first, ...second]), notRun };
}

/** What is wrong with what was seen: a line a cell. */
export function faultsOf(seen: ReadonlyMap<string, Seen>): readonly string[] {
  return [...seen].flatMap(([name, cell]) => {
    const fault = faultOf(cell);
    const known = KNOWN_FAILURES[name];
    if (known !== undefined) return fault === undefined ? [`${name} works: it is no known failure any more`] : [];
    return fault === undefined ? [] : [`${name}: ${fault}`];
  });
}

/** The programs as they name themselves. */
export function peerVersions(): Readonly<Record<string, string>> {
  const gstreamer = firstLine('gst-inspect-1.0', ['--version']).replace(/^gst-inspect-1\.0 version /, '');
  return {
    ffmpeg: firstLine('ffmpeg', ['-version']).replace(/^ffmpeg version (\d+(?:\.\d+)*).*$/, '$1'),
    gstreamer,
    'gst-rtsp-server': gstreamer,
    retina: retinaVersion(),
  };
}

function firstLine(program: string, words: readonly string[]): string {
  return spawnSync(program, words, { encoding: 'utf8' }).stdout.split('\n')[0] ?? '';
}

async function whyNot({ id, needs }: Cell['peer'], build: boolean): Promise<string | undefined> {
  const missing = needs.filter((peer) => !hasPeer(peer));
  if (missing.length > 0) return `needs ${missing.join(', ')}`;
  if (id !== 'retina') return undefined;
  if (build) await buildRetina();
  return retinaIsBuilt() ? undefined : 'needs its reader built, which npm run test:long does';
}
