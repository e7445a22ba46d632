/**
 * `kill -9` at twenty random moments of recording, and a restart each time: what the API had called recorded is there afterwards and decodes,
 * the crash is a gap with that reason, and readers and HLS come back.
 */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { peerTest } from '../harness/peers.ts';
import { mustRun, runProgram } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { newSeed, seededRandom } from '../harness/seeded-random.ts';

const ROUNDS = 20;
/** Between the first recorded part and the kill. */
const SHORTEST_MS = 500;
const LONGEST_MS = 6_000;

interface Recordings {
  readonly spans: readonly { readonly from: string; readonly to: string }[];
  readonly gaps: readonly { readonly from: string; readonly to: string | null; readonly reason: string }[];
}

peerTest(`kill -9 at ${ROUNDS} random moments loses no completed part`, ['ffmpeg', 'ffprobe'], async (context) => {
  const seed = newSeed();
  context.diagnostic(`WEIR_SEED=${seed}`);
  const random = seededRandom(seed);
  const startedMs = Date.now();
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: test-pattern, record: true } }\n');
  const killedUpTo: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const from = Date.now();
    await weir.until(async () => (await recordedUpTo(weir)) > from, `round ${round}: something new to be recorded`);
    await pause(SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS));
    killedUpTo.push(await recordedUpTo(weir));
    await weir.kill();
    await weir.spawn();
    await assertKept(weir, startedMs, killedUpTo, `round ${round}, WEIR_SEED=${seed}`);
    assert.match(
      await mustRun('ffprobe', [
        '-v',
        'error',
        '-rtsp_transport',
        'tcp',
        '-show_entries',
        'stream=codec_name',
        '-of',
        'csv=p=0',
        `${weir.rtsp}/cam`,
      ]),
      /h264/,
    );
    await weir.until(async () => (await weir.fetch('/cam/index.m3u8')).ok, `round ${round}: HLS`);
  }
  await weir.stop();
  for (const file of globSync(path.join(weir.folder, 'data/recordings/**/*.mp4'))) await assertDecodes(file);
});

async function recordedUpTo(weir: RunningWeir): Promise<number> {
  return Date.parse((await weir.streamStatus('cam')).recording.recordedUpTo ?? '1970-01-01T00:00:00Z');
}

/** Every moment that was called recorded before a kill lies at the end of a span now, and the whole archive decodes over HLS. */
async function assertKept(
  weir: RunningWeir,
  fromMs: number,
  killedUpTo: readonly number[],
  place: string,
): Promise<void> {
  const { spans, gaps } = await weir.json<Recordings>(
    `/api/v1/recordings?stream=cam&from=${fromMs / 1000 - 60}&to=${Date.now() / 1000 + 60}`,
  );
  for (const utcMs of killedUpTo) {
    const kept = spans.some((span) => Date.parse(span.from) < utcMs && Date.parse(span.to) >= utcMs - 1);
    assert.ok(
      kept,
      `${place}: ${new Date(utcMs).toISOString()} was recorded and is gone; spans ${JSON.stringify(spans)}`,
    );
    const gap = gaps.find((each) => each.reason === 'crash' && Math.abs(Date.parse(each.from) - utcMs) < 2_000);
    assert.ok(
      gap !== undefined,
      `${place}: no gap of the crash after ${new Date(utcMs).toISOString()}: ${JSON.stringify(gaps)}`,
    );
  }
  const seconds = Math.ceil((Date.now() - fromMs) / 1000) + 10;
  const ended = await runProgram('ffmpeg', [
    '-v',
    'error',
    '-xerror',
    '-i',
    `${weir.http}/cam/archive-${Math.floor(fromMs / 1000) - 5}-${seconds}.m3u8`,
    '-f',
    'null',
    '-',
  ]);
  assert.equal(`${ended.code} ${ended.stderr}`, '0 ', `${place}: the archive does not decode`);
}

async function assertDecodes(file: string): Promise<void> {
  const ended = await runProgram('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
  assert.equal(`${ended.code} ${ended.stderr}`, '0 ', file);
}
