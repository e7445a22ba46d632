/** Pictures of each kind: published, played from files, pulled; what HLS carries is what was sent, and what it does not is refused by name. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { openPage, videoState } from '../harness/browser.ts';
import { codedPictureHashes } from '../harness/clips.ts';
import { peerTest } from '../harness/peers.ts';
import { problemOf } from '../harness/problem.ts';
import { Background, mustRun, runProgram } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

/** What is published ends; files are played again and again. */
const SECONDS = { nut: 30, mp4: 5 } as const;
const RATE = 20;
/** Of HLS that are read, and pictures that must be in it. */
const READ_S = '3';
const FRAMES_MIN = 40;

interface Row {
  readonly encoder: string;
  /** As RTSP readers name it. */
  readonly codec: string;
  /** In HLS; undefined: not there. */
  readonly hls: string | undefined;
  readonly width: number;
}

const ROWS = {
  av1: { encoder: 'libaom-av1 -usage realtime -cpu-used 8 -row-mt 1', codec: 'av1', hls: 'av01.0.00M.08', width: 320 },
  vp9: { encoder: 'libvpx-vp9 -deadline realtime -cpu-used 8', codec: 'vp9', hls: 'vp09.00.11.08', width: 320 },
  vp8: { encoder: 'libvpx -deadline realtime -cpu-used 8', codec: 'vp8', hls: undefined, width: 320 },
  mpeg4: { encoder: 'mpeg4 -bf 2 -q:v 5', codec: 'mpeg4', hls: undefined, width: 320 },
  mjpeg: {
    encoder: 'mjpeg -q:v 5 -pix_fmt yuvj420p -huffman default -force_duplicated_matrix 1',
    codec: 'mjpeg',
    hls: undefined,
    width: 320,
  },
} as const satisfies Record<string, Row>;
type Name = keyof typeof ROWS;

/** ffmpeg 5.1 packs no AV1. */
const PUBLISHED: readonly Name[] = ['vp9', 'vp8', 'mpeg4', 'mjpeg'];
const IN_FILES: readonly Name[] = ['av1', 'vp9', 'mpeg4'];

peerTest(
  'ffmpeg publishes pictures of each kind; readers get them, and HLS what it carries',
  ['ffmpeg', 'ffprobe'],
  async (context) => {
    const folder = folderFor(context);
    const weir = await RunningWeir.start(context, `streams: { 'cam/*': { source: publish } }\n`);
    const play = async (name: Name): Promise<void> => {
      const row: Row = ROWS[name];
      const clip = await clipIn(folder, name, 'nut');
      const target = ['-strict', 'experimental', '-f', 'rtsp', '-rtsp_transport', 'tcp', `${weir.rtsp}/cam/${name}`];
      const sender = new Background(context, 'ffmpeg', ['-v', 'error', '-re', '-i', clip, '-c', 'copy', ...target]);
      await weir.until(async () => (await weir.fetch(`/api/v1/streams/cam%2F${name}`)).ok, `${name}: ${sender.stderr}`);
      await weir.untilState(`cam/${name}`, 'live');
      assert.equal(await codecOf(`${weir.rtsp}/cam/${name}`), row.codec, name);
      await assertStream(weir, `cam/${name}`, row, clip);
    };
    await Promise.all(PUBLISHED.map(play));
  },
);

peerTest('files of each kind go out as RTSP, which another weir pulls', ['ffmpeg'], async (context) => {
  const folder = folderFor(context);
  const clips = await Promise.all(IN_FILES.map((name) => clipIn(folder, name, 'mp4')));
  const sources = IN_FILES.map((name) => `${name}: { source: 'file:${name}.mp4' }`).join(', ');
  const far = await RunningWeir.start(context, `files: ${folder}\nstreams: { ${sources} }\n`);
  const copies = IN_FILES.map((name) => `${name}: { source: '${far.rtsp}/${name}', record: true }`).join(', ');
  const near = await RunningWeir.start(context, `streams: { ${copies} }\n`);
  const check = async (name: Name, i: number): Promise<void> => {
    const row: Row = ROWS[name];
    for (const weir of [far, near]) {
      await weir.untilState(name, 'live');
      await assertStream(weir, name, row, clips[i] ?? '');
    }
    if (row.hls === undefined) return;
    assert.equal((await near.fetch(`/${name}/preview.mp4`)).status, 200, name);
    await near.until(
      async () => (await near.streamStatus(name)).recording.recordedUpTo !== null,
      `${name} to be recorded`,
    );
  };
  await Promise.all(IN_FILES.map(check));
});

peerTest('Chromium plays AV1 and VP9', ['ffmpeg', 'chromium'], async (context) => {
  const folder = folderFor(context);
  const names = ['av1', 'vp9'] as const;
  await Promise.all(names.map((name) => clipIn(folder, name, 'mp4')));
  const sources = names.map((name) => `${name}: { source: 'file:${name}.mp4' }`).join(', ');
  const weir = await RunningWeir.start(context, `files: ${folder}\nstreams: { ${sources} }\n`);
  const play = async (name: Name): Promise<void> => {
    const page = await openPage(context, `${weir.http}/#/${name}`);
    const state = await weir.until(async () => {
      const seen = await videoState(page);
      return (seen.currentTime > 1 || seen.problem !== null) && seen;
    }, `${name} to play`);
    assert.deepEqual([state.width, state.error, state.problem], [320, null, null], name);
  };
  await Promise.all(names.map(play));
});

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-clip-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function clipIn(folder: string, name: Name, container: 'nut' | 'mp4'): Promise<string> {
  const file = path.join(folder, `${name}.${container}`);
  const pattern = [
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=320x180:rate=${RATE}:duration=${SECONDS[container]}`,
    '-pix_fmt',
    'yuv420p',
  ];
  const { encoder } = ROWS[name];
  const coding = ['-c:v', ...encoder.split(' '), '-g', String(RATE), '-b:v', '200k', '-flags', '+global_header'];
  await mustRun('ffmpeg', ['-v', 'error', ...pattern, ...coding, file]);
  return file;
}

async function assertStream(weir: RunningWeir, stream: string, row: Row, clip: string): Promise<void> {
  const [track] = (await weir.streamStatus(stream)).tracks;
  assert.equal(track?.width, row.width, stream);
  const playlist = `/${stream}/index.m3u8`;
  if (row.hls === undefined) {
    assert.equal(await problemOf(weir, playlist), '415 codec-unsupported', stream);
    return;
  }
  const listed = /CODECS="([^"]*)"/.exec(await (await weir.fetch(playlist)).text());
  assert.equal(listed?.[1], row.hls, stream);
  const url = weir.http + playlist;
  const ended = await runProgram('ffmpeg', ['-v', 'error', '-xerror', '-t', READ_S, '-i', url, '-f', 'null', '-']);
  assert.equal(`${ended.code} ${ended.stderr}`, '0 ', stream);
  const [seen, sent] = await Promise.all([codedPictureHashes(url, READ_S), codedPictureHashes(clip)]);
  const from = sent.indexOf(seen[0] ?? '');
  const expected = [...sent, ...sent].slice(from, from + FRAMES_MIN);
  assert.deepEqual(seen.slice(0, FRAMES_MIN), expected, stream);
}

async function codecOf(url: string): Promise<string> {
  const words = ['-v', 'error', '-rtsp_transport', 'tcp', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', url];
  return (await mustRun('ffprobe', words)).trim();
}
