/** Stills show the moment that they say: the clock in the picture is read back, live and from the recordings. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { CLOCK_FRAMES, readClock } from '../clock-reader.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun, runBinary } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const FRAME_MS = 40;
const SIZES = [
  { query: '', width: 1280, height: 720 },
  { query: '?width=300', width: 320, height: 180 },
] as const;

interface Still {
  readonly utcMs: number;
  /** What the picture's own clock says. */
  readonly frame: number;
}

peerTest('a still, live and recorded, shows the moment that it says', ['ffmpeg', 'ffprobe'], async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: test-pattern, record: true } }\n');
  const stills: Still[] = [];
  for (const size of SIZES) stills.push(await stillOf(context, weir, `/cam/preview.jpg${size.query}`, size));
  await weir.until(
    async () =>
      Date.parse((await weir.streamStatus('cam')).recording.recordedUpTo ?? '') > (stills[0]?.utcMs ?? 0) + 5_000,
    'five seconds more to be recorded',
  );
  const atMs = (stills[0]?.utcMs ?? 0) + 3_100;
  for (const size of SIZES) {
    const still = await stillOf(context, weir, `/cam/${(atMs / 1000).toFixed(3)}.jpg${size.query}`, size);
    assert.ok(still.utcMs <= atMs && atMs - still.utcMs < 2_100, `asked for ${atMs}, got ${still.utcMs}`);
    stills.push(still);
  }
  const [first] = stills;
  for (const still of stills) {
    const passed = Math.round((still.utcMs - (first?.utcMs ?? 0)) / FRAME_MS);
    assert.equal(still.frame, ((first?.frame ?? 0) + passed) % CLOCK_FRAMES, JSON.stringify(stills));
  }
  for (const view of ['preview.mp4', `${(atMs / 1000).toFixed(3)}-preview.mp4`]) {
    const said = await mustRun('ffprobe', [
      '-v',
      'error',
      '-count_packets',
      '-show_entries',
      'stream=codec_name,width,nb_read_packets',
      '-of',
      'csv=p=0',
      `${weir.http}/cam/${view}`,
    ]);
    assert.equal(said.trim(), 'h264,1280,1', view);
  }
  const gone = await weir.fetch('/cam/20200101T000000Z.jpg');
  assert.equal(gone.status, 404);
  assert.ok(Date.parse(((await gone.json()) as { readonly nearest: { readonly after: string } }).nearest.after) > 0);
});

async function stillOf(
  context: TestContext,
  weir: RunningWeir,
  url: string,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<Still> {
  const response = await weir.until(async () => {
    const answer = await weir.fetch(url);
    return answer.status !== 503 && answer;
  }, url);
  assert.equal(response.status, 200, response.status === 200 ? '' : await response.text());
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-still-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'still.jpg');
  writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  const pixels = await runBinary('ffmpeg', ['-v', 'error', '-i', file, '-f', 'rawvideo', '-pix_fmt', 'gray', '-']);
  assert.equal(pixels.length, width * height, `${url} is not ${width} × ${height}`);
  const frame = readClock({ pixels, width, height, channels: 1 });
  assert.ok(frame !== undefined, `the clock in ${url} cannot be read`);
  const again = await weir.fetch(url, { headers: { 'If-None-Match': response.headers.get('etag') ?? '' } });
  assert.ok(again.status === 304 || url.includes('preview'), `${url} again: ${again.status}`);
  return { utcMs: Date.parse(response.headers.get('x-frame-time') ?? ''), frame };
}
