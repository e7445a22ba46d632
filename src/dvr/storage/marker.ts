/**
 * The marker of a storage, `.weir-storage`: one line, its uuid. A storage that was used before and shows no marker is not mounted;
 * writing there would fill the disk below the mount point, so nothing is written until the marker is there again.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '../../core/errors.ts';
import { errnoOf } from './storage-error.ts';

export const MARKER = '.weir-storage';
/** What a marker is before it has its name: never half of one. */
const MARKER_IN_THE_MAKING = '.weir-storage.new';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Which uuid a storage had when it was last used; kept in state.db. */
export interface KnownUuids {
  get(storage: string): string | undefined;
  set(storage: string, uuid: string): Promise<void>;
}

/**
 * Proves that the storage at `root` is the known one; on its first use makes the marker, or takes over the one that is there. One that
 * holds no uuid (a power cut, a hand) is no identity: it is made anew while nothing is known of the storage.
 */
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
    if (!UUID.test(found))
      throw new WeirError('storage-failed', `the marker of storage '${name}' is damaged`, {
        place: join(root, MARKER),
        expected: `a file that holds ${expected} (write it if the disk is the one that was there)`,
      });
    throw new WeirError('storage-failed', `storage '${name}' is another disk: its marker says ${found}`, {
      place: join(root, MARKER),
      expected,
    });
  }
  if (expected !== undefined) return;
  await known.set(name, found !== undefined && UUID.test(found) ? found : await makeMarker(root));
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
  await writeSynced(join(root, MARKER_IN_THE_MAKING), `${uuid}\n`);
  await rename(join(root, MARKER_IN_THE_MAKING), join(root, MARKER));
  await syncFolderAt(root);
  return uuid;
}

async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, 'w');
  await file.writeFile(text);
  await file.sync();
}

/** Makes the names in a folder durable. */
export async function syncFolderAt(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
