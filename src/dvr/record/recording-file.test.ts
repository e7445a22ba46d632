/** What a recording believes of its own syncs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../core/errors.ts';
import { FakeStream } from '../fake-stream.ts';
import { MemoryStorage } from '../storage/memory-storage.table.ts';
import { RecordingFile } from './recording-file.ts';

const FAILURE = new WeirError('storage-failed', 'a block could not be written');

/** A recording of one segment, whose sync is on its way. */
async function beingSynced() {
  const storage = new MemoryStorage();
  const stream = new FakeStream();
  const { fragments, entry } = stream.make();
  const file = await storage.create('lobby/2026-01-01/10/20260101T095959.000Z.mp4');
  const baseUtcMs = Math.floor(entry.startUtcMs) - 1000;
  const recording = new RecordingFile({ id: 1, stream: 'lobby', baseUtcMs, init: stream.init, storage, file });
  await recording.append(fragments);
  recording.endSegment(entry);
  const finish = storage.holdSync();
  const synced = recording.sync().then(
    () => 'synced',
    () => 'failed',
  );
  return { storage, recording, finish, synced };
}

test('a sync that fails while the file is being sealed fails the seal, and nothing of the file is believed', async () => {
  const { recording, finish, synced } = await beingSynced();
  const sealed = recording.seal();
  finish(FAILURE);
  await assert.rejects(sealed, FAILURE);
  assert.equal(await synced, 'failed');
  assert.equal(await recording.abandon(), 0);
  assert.deepEqual(recording.segments, []);
});

test('a sync that fails while the file is being abandoned: nothing of the file is believed', async () => {
  const { recording, finish } = await beingSynced();
  const abandoned = recording.abandon();
  finish(FAILURE);
  assert.equal(await abandoned, 0);
  assert.deepEqual(recording.segments, []);
});

test('a write and then a sync that fail: nothing of the file is believed', async () => {
  const { storage, recording, finish } = await beingSynced();
  storage.fail('append', 'storage-full');
  await assert.rejects(recording.append(new FakeStream().make().fragments), { code: 'storage-full' });
  const abandoned = recording.abandon();
  finish(FAILURE);
  assert.equal(await abandoned, 0);
});

test('a sync that ends while the file is being sealed: all of it is kept', async () => {
  const { recording, finish, synced } = await beingSynced();
  const sealed = recording.seal();
  finish();
  assert.equal(await synced, 'synced');
  assert.ok((await sealed) > recording.length);
  assert.equal(recording.segments.length, 1);
});
