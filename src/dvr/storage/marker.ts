/**
 * The marker of a storage, `.weir-storage`: one line, its uuid. A storage that was used before and shows no marker is not mounted;
 * writing there would fill the disk below the mount point, so nothing is written until the marker is there again.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '../../core/errors.ts';
import { errnoOf } from './storage-error.ts';

export const MARKER = '.weir-storage';

/** Which uuid a storage had when it was last used; kept in state.db. */
export interface KnownUuids {
  get(storage: string): string | undefined;
  set(storage: string, uuid: string): Promise<void>;
}

/** Proves that the storage at `root` is the known one; on its first use makes the marker, or takes over the one that is there. */
export async function checkMarker(name: string, root: string, known: KnownUuids): Promise<void> {
  const expected = known.get(name);
  const found = await readMarker(root);
  if (found === undefined && expected !== undefined) {
    throw new WeirError('storage-failed', `storage '${name}' shows no marker: it is not mounted, or it is a new disk`, {
      place: join(root, MARKER),
      expected: `a file that holds ${expected} (write it if the disk is new)`,
    });
  }
  if (found !== undefined && expected !== undefined && found !== expected) {
    throw new WeirError('storage-failed', `storage '${name}' is another disk: its marker says ${found}`, {
      place: join(root, MARKER),
      expected,
    });
  }
  if (expected === undefined) await known.set(name, found ?? (await makeMarker(root)));
}

async function readMarker(root: string): Promise<string | undefined> {
  try {
    return (await readFile(join(root, MARKER), 'utf8')).trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function makeMarker(root: string): Promise<string> {
  const uuid = randomUUID();
  await mkdir(root, { recursive: true });
  await using file = await open(join(root, MARKER), 'wx');
  await file.writeFile(`${uuid}\n`);
  await file.sync();
  await syncFolderAt(root);
  return uuid;
}

/** Makes the names in a folder durable. */
export async function syncFolderAt(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
