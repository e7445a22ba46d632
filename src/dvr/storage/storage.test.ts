import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { SEGMENT_BYTES_LONGEST } from '../../stream/cutting-rules.ts';
import { CHECK_LIMIT_MS, DiskStorage, MAX_RUNNING, MAX_WAITING } from './disk-storage.ts';
import { MARKER } from './marker.ts';
import { MemoryStorage } from './memory-storage.table.ts';
import { OperationLane } from './operation-lane.ts';
import { parseRecordingPath, recordingPath } from './recording-path.ts';
import { FileExists, type Storage } from './storage.ts';

class Uuids {
  readonly known = new Map<string, string>();

  get(storage: string): string | undefined {
    return this.known.get(storage);
  }

  async set(storage: string, uuid: string): Promise<void> {
    this.known.set(storage, uuid);
  }
}

async function onDisk(body: (storage: DiskStorage, root: string, uuids: Uuids) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-storage-'));
  const root = join(folder, 'deep', 'recordings');
  const uuids = new Uuids();
  try {
    await body(new DiskStorage({ name: 'main', root, clock: new ManualClock(), known: uuids }), root, uuids);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const T0 = Date.UTC(2026, 10, 24, 8, 16, 48, 123);
const PATH = recordingPath({ stream: 'lobby/low', baseUtcMs: T0, attempt: 1 });
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

async function filesOf(storage: Storage): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const path of storage.list(assert.ifError)) paths.push(path);
  return paths;
}

async function contract(storage: Storage): Promise<void> {
  await storage.check();
  const file = await storage.create(PATH);
  await assert.rejects(storage.create(PATH), (error) => error instanceof FileExists && error.place === PATH);
  await file.append([bytes(1, 2, 3), bytes(), bytes(4)]);
  await file.append([bytes(5, 6)]);
  assert.equal(file.length, 6);
  await file.patch(1, bytes(20, 30));
  await file.sync();
  await storage.syncFolder(PATH);
  assert.deepEqual([...(await file.read(0, 100))], [1, 20, 30, 4, 5, 6]);
  assert.deepEqual([...((await storage.read(PATH, 2, 3)) ?? [])], [30, 4, 5]);
  assert.deepEqual([...((await storage.read(PATH, 5, 9)) ?? [])], [6]);
  await file.truncate(4);
  await file.append([bytes(7)]);
  await file.close();

  const again = await storage.open(PATH);
  assert.ok(again);
  assert.equal(again.length, 5);
  assert.deepEqual([...(await again.read(3, 2))], [4, 7]);
  await again.close();

  const other = recordingPath({ stream: 'lobby/low', baseUtcMs: T0, attempt: 2 });
  await (await storage.create(other)).close();
  assert.deepEqual(await filesOf(storage), [other, PATH]);

  await storage.remove(PATH);
  await storage.remove(PATH);
  await storage.syncFolder(PATH);
  await storage.prune(PATH);
  assert.equal(await storage.open(PATH), undefined);
  assert.equal(await storage.read(PATH, 0, 1), undefined);
  assert.deepEqual(await filesOf(storage), [other]);
  assert.ok((await storage.free()).freeBytes > 0);
  await storage.close();
}

test('a disk keeps the contract', () => onDisk(contract));

test('the fake keeps the contract', () => contract(new MemoryStorage()));

test('empty folders go, others stay', () =>
  onDisk(async (storage, root) => {
    await storage.check();
    const next = recordingPath({ stream: 'lobby/low', baseUtcMs: T0 + 3_600_000, attempt: 1 });
    for (const path of [PATH, next]) await (await storage.create(path)).close();
    await storage.remove(PATH);
    await storage.prune(PATH);
    assert.throws(() => statSync(join(root, 'lobby%2Flow/2026-11-24/08')), { code: 'ENOENT' });
    assert.ok(statSync(join(root, next)).isFile());
    await storage.remove(next);
    await storage.prune(next);
    assert.throws(() => statSync(join(root, 'lobby%2Flow')), { code: 'ENOENT' });
    await (await storage.create(PATH)).close();
  }));

test('a folder that cannot be read is told of, and the others are listed', () =>
  onDisk(async (storage, root) => {
    await storage.check();
    const paths = ['a', 'b', 'c'].map((stream) => recordingPath({ stream, baseUtcMs: T0, attempt: 1 }));
    for (const path of paths) await (await storage.create(path)).close();
    const failed: string[] = [];
    const found: string[] = [];
    for await (const path of storage.list((folder) => failed.push(folder))) {
      found.push(path);
      // What was a folder when its parent was read is none any more.
      if (found.length > 1) continue;
      rmSync(join(root, 'b'), { recursive: true });
      writeFileSync(join(root, 'b'), '');
    }
    assert.deepEqual(failed, ['b']);
    assert.deepEqual(found, [paths[0], paths[2]]);
  }));

test('a storage that shows no marker any more is not written', () =>
  onDisk(async (storage, root, uuids) => {
    await storage.check();
    const marker = join(root, MARKER);
    const text = readFileSync(marker, 'utf8');
    assert.equal(text.trim(), uuids.get('main'));
    await storage.check();
    rmSync(marker);
    await assert.rejects(storage.check(), { code: 'storage-failed' });
    writeFileSync(marker, 'another\n');
    await assert.rejects(storage.check(), { code: 'storage-failed' });
    writeFileSync(marker, text);
    await storage.check();
  }));

test('the marker of a storage that comes from elsewhere is taken over', () =>
  onDisk(async (storage, root, uuids) => {
    mkdirSync(root, { recursive: true });
    const uuid = randomUUID();
    writeFileSync(join(root, MARKER), `${uuid}\n`);
    await storage.check();
    assert.equal(uuids.get('main'), uuid);
  }));

for (const [what, left] of Object.entries({
  empty: '',
  'cut off': randomUUID().slice(0, 9),
  zeros: '\0'.repeat(37),
})) {
  test(`a marker that a power cut left ${what} is made anew, and is no identity`, () =>
    onDisk(async (storage, root, uuids) => {
      mkdirSync(root, { recursive: true });
      writeFileSync(join(root, MARKER), left);
      await storage.check();
      assert.match(uuids.get('main') ?? '', /^[0-9a-f-]{36}$/);
      assert.equal(readFileSync(join(root, MARKER), 'utf8'), `${uuids.get('main')}\n`);
      assert.deepEqual(readdirSync(root), [MARKER]);
      writeFileSync(join(root, MARKER), left);
      await assert.rejects(storage.check(), { code: 'storage-failed', expected: new RegExp(uuids.get('main') ?? '') });
      assert.equal(readFileSync(join(root, MARKER), 'utf8'), left, 'a disk that is known is not claimed anew');
    }));
}

test('what the file system says becomes a code', () =>
  onDisk(async (storage, root) => {
    await storage.check();
    writeFileSync(join(root, 'lobby%2Flow'), 'a file where a folder should be');
    await assert.rejects(storage.create(PATH), { code: 'storage-failed' });
    assert.equal(storage.stats().errors, 1);
  }));

test('a file is closed however much waits for the disk', () =>
  onDisk(async (storage) => {
    const file = await storage.create(PATH);
    await file.append([bytes(1)]);
    const patches = Array.from({ length: MAX_RUNNING + MAX_WAITING + 1 }, () => file.patch(0, bytes(2)));
    const closed = file.close();
    const refused = (await Promise.allSettled(patches)).filter((patch) => patch.status === 'rejected');
    assert.equal(refused.length, 1);
    await closed;
    await assert.rejects(file.sync(), { code: 'storage-failed' }, 'it is closed');
  }));

test('the longest segment is read back whole', () =>
  onDisk(async (storage) => {
    const file = await storage.create(PATH);
    await file.append([bytes(1)]);
    await file.patch(SEGMENT_BYTES_LONGEST, bytes(2));
    assert.equal((await storage.read(PATH, 0, SEGMENT_BYTES_LONGEST))?.length, SEGMENT_BYTES_LONGEST);
    await file.close();
  }));

test('a disk that does not answer holds nobody up, and takes one place in the lane', () =>
  onDisk(async (_, root) => {
    const clock = new ManualClock();
    const hung = Promise.withResolvers<void>();
    const known = { get: () => undefined, set: () => hung.promise };
    const storage = new DiskStorage({ name: 'main', root, clock, known });
    const checks = [storage.check(), storage.check(), storage.check()];
    assert.equal(storage.stats().operations, 1);
    clock.advance(CHECK_LIMIT_MS);
    for (const check of checks) await assert.rejects(check, { code: 'storage-failed', message: /does not answer/ });
    const waiting = storage.check();
    hung.resolve();
    await waiting;
    await storage.check();
  }));

test('names of recordings are read back, and nothing else is', () => {
  for (const stream of ['demo', 'lobby/low', 'a~b/c.d_e', 'Größe']) {
    for (const attempt of [1, 2, 17]) {
      const name = { stream, baseUtcMs: T0, attempt };
      assert.deepEqual(parseRecordingPath(recordingPath(name)), name);
    }
  }
  assert.equal(PATH, 'lobby%2Flow/2026-11-24/08/20261124T081648.123Z.mp4');
  for (const path of [
    'x.mp4',
    PATH.replace('/08/', '/09/'),
    PATH.replace('2026-', '2027-'),
    `%zz/${PATH.slice(12)}`,
    `${PATH}.tmp`,
  ]) {
    assert.equal(parseRecordingPath(path), undefined, path);
  }
});

test('a lane runs so many, lets so many wait, refuses the rest, and knows what hangs', async () => {
  const clock = new ManualClock();
  const lane = new OperationLane(clock, 'main', 2, 1);
  const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const runs = gates.map((gate) => lane.run(() => gate.promise));
  await assert.rejects(
    lane.run(() => Promise.resolve()),
    { code: 'storage-overloaded' },
  );
  const givenBack = lane.run(() => Promise.resolve('closed'), true);
  assert.equal(lane.operations, 4);
  clock.advance(700);
  assert.equal(lane.oldestMs(), 700);
  for (const gate of gates) gate.resolve();
  await Promise.all(runs);
  assert.equal(await givenBack, 'closed');
  assert.equal(lane.operations, 0);
  assert.equal(lane.oldestMs(), 0);
});

test('a lane runs no more than it may, also where somebody comes as one ends and others wait', async () => {
  const lane = new OperationLane(new ManualClock(), 'main', 2, 10);
  let running = 0;
  let most = 0;
  const start = (end: Promise<void>): Promise<void> =>
    lane.run(async () => {
      most = Math.max(most, ++running);
      await end;
      running -= 1;
    });
  const gates = Array.from({ length: 10 }, () => Promise.withResolvers<void>());
  const runs = gates.slice(0, 5).map((gate) => start(gate.promise));
  for (const gate of gates) {
    gate.resolve();
    // One comes in each of the turns that follow.
    for (let turn = 0; turn < 6; turn++) {
      if (runs.length < gates.length) runs.push(start(gate.promise));
      await Promise.resolve();
    }
  }
  await Promise.all(runs);
  assert.equal(most, 2);
  assert.equal(lane.operations, 0);
});
