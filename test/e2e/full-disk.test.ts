/** A disk that fills up: live goes on, the status says why nothing is recorded, and recording resumes by itself once there is room. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { peerTest } from '../harness/peers.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const DISK_BYTES = 16 * 1024 * 1024;
/** What is left for recordings at first: some seconds of the test picture. */
const ROOM_BYTES = 512 * 1024;

peerTest('a full disk stops recording alone, and not for ever', ['tmpfs'], async (context) => {
  const disk = mkdtempSync(path.join(tmpdir(), 'weir-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk]);
  assert.equal(mounted.status, 0, mounted.stderr.toString());
  context.after(() => {
    spawnSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  const filler = path.join(disk, 'filler');
  const weir = await RunningWeir.start(
    context,
    `storages: { main: { path: '${disk}/recordings', sync: 1s } }\nstreams: { cam: { source: test-pattern, record: true } }\n`,
  );
  await weir.until(
    async () => (await weir.streamStatus('cam')).recording.recordedUpTo !== null,
    'something to be recorded',
  );
  mkdirSync(path.dirname(filler), { recursive: true });
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize - ROOM_BYTES));

  const error = await weir.until(
    async () => (await weir.streamStatus('cam')).recording.error ?? undefined,
    'the recording to fail',
    60_000,
  );
  assert.equal(error.code, 'storage-full');
  assert.equal((await weir.streamStatus('cam')).state, 'live');
  const list = await weir.until(async () => {
    const response = await weir.fetch('/cam/index.m3u8');
    return response.ok && (await response.text());
  }, 'HLS beside the full disk');
  assert.match(list, /^#EXTM3U/);

  rmSync(filler);
  const resumedFrom = Date.now();
  await weir.until(
    async () => Date.parse((await weir.streamStatus('cam')).recording.recordedUpTo ?? '') > resumedFrom,
    'recording to resume',
    60_000,
  );
  assert.equal((await weir.streamStatus('cam')).recording.error, null);
  const { gaps } = await weir.json<{ readonly gaps: readonly { readonly reason: string }[] }>(
    `/api/v1/recordings?stream=cam&from=${Date.now() / 1000 - 600}&to=${Date.now() / 1000 + 10}`,
  );
  assert.ok(
    gaps.some((gap) => gap.reason === 'disk'),
    JSON.stringify(gaps),
  );
});
