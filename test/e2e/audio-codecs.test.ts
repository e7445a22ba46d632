/** Pictures with sound of each kind that ffmpeg publishes: what HLS carries is what was sent, and what it leaves out harms no picture. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { openPage, videoState } from '../harness/browser.ts';
import { audioHashes } from '../harness/clips.ts';
import { peerTest } from '../harness/peers.ts';
import { Background, mustRun, runProgram } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const CONFIG = `streams: { 'cam/*': { source: publish } }\n`;
const CLIP_S = 60;
/** Of HLS that are read, and frames of sound that must be in it: the coarsest has 47 a second. */
const READ_S = '3';
const FRAMES_MIN = 60;

interface Row {
  readonly encoder: readonly string[];
  readonly publish?: readonly string[];
  /** As RTSP readers see it, and in HLS; undefined: left out there. */
  readonly codec: string;
  readonly hls: string | undefined;
}

const ROWS: Readonly<Record<string, Row>> = {
  opus: { encoder: ['libopus', '-b:a', '48k'], codec: 'opus', hls: 'opus' },
  latm: { encoder: ['aac', '-b:a', '64k'], publish: ['-rtpflags', 'latm'], codec: 'aac', hls: 'mp4a.40.2' },
  mp3: { encoder: ['libmp3lame', '-b:a', '64k'], codec: 'mp3', hls: undefined },
  pcma: { encoder: ['pcm_alaw', '-ar', '8000'], codec: 'pcm_alaw', hls: undefined },
  l16: { encoder: ['pcm_s16be', '-ar', '16000'], codec: 'pcm_s16be', hls: undefined },
};

peerTest('ffmpeg publishes sound of each kind; readers and HLS get it', ['ffmpeg', 'ffprobe'], async (context) => {
  const folder = folderFor(context);
  const picture = await pictureIn(folder);
  const weir = await RunningWeir.start(context, CONFIG);
  const play = async ([name, row]: readonly [string, Row]): Promise<void> => {
    const clip = await publish(context, weir, { folder, picture, name, row });
    const url = `${weir.rtsp}/cam/${name}`;
    const words = [
      '-v',
      'error',
      '-rtsp_transport',
      'tcp',
      '-show_entries',
      'stream=codec_name',
      '-of',
      'csv=p=0',
      url,
    ];
    assert.deepEqual((await mustRun('ffprobe', words)).trim().split(/\s+/), ['h264', row.codec], name);
    const playlist = `/cam/${name}/index.m3u8`;
    const listed = /CODECS="avc1\.[0-9a-f]{6},?([^"]*)"/.exec(await (await weir.fetch(playlist)).text());
    assert.equal(listed?.[1], row.hls ?? '', name);
    await assertHls(weir.http + playlist, row.hls === undefined ? undefined : await audioHashes(clip));
    const [video, audio] = (await weir.streamStatus(`cam/${name}`)).tracks;
    assert.deepEqual([video?.timeline, audio?.timeline], [true, row.hls !== undefined], name);
  };
  await Promise.all(Object.entries(ROWS).map(play));
  await weir.until(async () => {
    const [video] = (await weir.streamStatus('cam/mp3')).tracks;
    return Math.abs((video?.framesPerSecond ?? 0) - 25) < 2;
  }, '25 frames a second to be measured');
  const metrics = await (await weir.fetch('/metrics')).text();
  for (const line of [
    'weir_stream_state{stream="cam/mp3",state="live"} 1',
    'weir_stream_gop_seconds{stream="cam/mp3"} 1',
  ])
    assert.ok(metrics.split('\n').includes(line), line);
});

peerTest('Chromium plays the picture whatever the sound is', ['ffmpeg', 'chromium'], async (context) => {
  const folder = folderFor(context);
  const picture = await pictureIn(folder);
  const weir = await RunningWeir.start(context, CONFIG);
  const play = async (name: 'opus' | 'mp3'): Promise<void> => {
    const row = ROWS[name];
    assert.ok(row);
    await publish(context, weir, { folder, picture, name, row });
    const page = await openPage(context, `${weir.http}/#/cam/${name}`);
    const state = await weir.until(async () => {
      const seen = await videoState(page);
      return (seen.currentTime > 1 || seen.problem !== null) && seen;
    }, `${name} to play`);
    assert.deepEqual([state.width, state.error, state.problem], [320, null, null], name);
  };
  await Promise.all([play('opus'), play('mp3')]);
});

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-clip-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function pictureIn(folder: string): Promise<string> {
  const file = path.join(folder, 'picture.mp4');
  const pattern = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${CLIP_S}`];
  const coding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '0', '-g', '25'];
  await mustRun('ffmpeg', ['-v', 'error', ...pattern, ...coding, file]);
  return file;
}

interface Publication {
  readonly folder: string;
  readonly picture: string;
  readonly name: string;
  readonly row: Row;
}

/** Adds a tone to the picture, in a container that holds all of these, and sends it until the stream is live. Returns the clip. */
async function publish(
  context: TestContext,
  weir: RunningWeir,
  { folder, picture, name, row }: Publication,
): Promise<string> {
  const clip = path.join(folder, `${name}.nut`);
  const tone = ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${CLIP_S}`];
  await mustRun('ffmpeg', ['-v', 'error', '-i', picture, ...tone, '-c:v', 'copy', '-c:a', ...row.encoder, clip]);
  const target = ['-f', 'rtsp', '-rtsp_transport', 'tcp', ...(row.publish ?? []), `${weir.rtsp}/cam/${name}`];
  const sender = new Background(context, 'ffmpeg', ['-v', 'error', '-re', '-i', clip, '-c', 'copy', ...target]);
  await weir.until(
    async () => (await weir.fetch(`/api/v1/streams/cam%2F${name}`)).ok,
    `${name} to appear: ${sender.stderr}`,
  );
  await weir.untilState(`cam/${name}`, 'live');
  return clip;
}

/** Pictures without a decode error, and frames of sound in the order in which they were sent, none missing between them. */
async function assertHls(playlist: string, sent: readonly string[] | undefined): Promise<void> {
  const ended = await runProgram('ffmpeg', ['-v', 'error', '-xerror', '-t', READ_S, '-i', playlist, '-f', 'null', '-']);
  assert.equal(`${ended.code} ${ended.stderr}`, '0 ');
  if (sent === undefined) return;
  const heard = (await audioHashes(playlist, READ_S)).slice(0, FRAMES_MIN);
  const from = sent.indexOf(heard[0] ?? '');
  assert.deepEqual(heard, sent.slice(from, from + FRAMES_MIN));
}
