/** `weir probe`, `weir pull` and `weir push`, against weir and against programs that others wrote. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { ProbeReport } from '../../src/cli/probe/probe-report.ts';
import { BundleCamera } from '../harness/bundle-camera.ts';
import { audioHashes, codedPictureHashes, makeClip, pictureHashes } from '../harness/clips.ts';
import { GstCamera } from '../harness/gst-camera.ts';
import { heldAddress } from '../harness/held-address.ts';
import { peerTest } from '../harness/peers.ts';
import { plainServer } from '../harness/plain-server.ts';
import { Background, mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { weirBackground, weirCommand } from '../harness/weir-command.ts';

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-cli-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

peerTest(
  'probes a camera; its bundle holds no secret, and played again gives the same',
  ['gst-rtsp-server'],
  async (context) => {
    const camera = await GstCamera.start(context, { codec: 'h264', audio: true, login: 'digest' });
    const bundle = path.join(temporaryFolder(context), 'camera.bundle');
    const words = ['probe', camera.url('camera:pass%3Aword@'), '--json', '--for', '2500ms', '--bundle', bundle];
    const first = await weirCommand(words);
    assert.equal(first.code, 0, first.stderr);
    const report = JSON.parse(first.stdout) as ProbeReport;
    const [video, audio] = report.tracks;
    assert.ok(video !== undefined && audio !== undefined);
    assert.deepEqual(
      [report.transports, video.codec, video.width, video.height, video.gopMs, video.lost, audio.codec, report.error],
      [{ tcp: 'works', udp: 'works' }, 'h264', 640, 360, 1000, 0, 'aac', null],
    );
    assert.ok(Math.abs((video.framesPerSecond ?? 0) - 25) < 0.5, first.stdout);
    const text = readFileSync(bundle, 'utf8');
    // The media in it is base64, in which short words come up by chance.
    for (const secret of ['pass(:|%3A)word', `:${camera.port}`, 'nonce=\\"[^*]', 'response='])
      assert.doesNotMatch(text, new RegExp(secret));

    const player = await BundleCamera.start(context, bundle);
    const again = await weirCommand(['probe', player.url, '--json', '--for', '2500ms']);
    assert.equal(again.code, 0, again.stderr);
    const replayed = JSON.parse(again.stdout) as ProbeReport;
    assert.deepEqual(lasting(replayed), lasting(report));
    assert.deepEqual(lasting(player.report as ProbeReport), lasting(report));
  },
);

/** What does not depend on the moment. */
function lasting(report: ProbeReport): unknown {
  const { server, methods, transport, transports, skipped, faults, error } = report;
  const tracks = report.tracks.map((track) => {
    const { codec, codecString, profile, width, height, sampleRate, channels, parametersFrom, lost } = track;
    const fps = Math.round(track.framesPerSecond ?? 0);
    return [codec, codecString, profile, width, height, sampleRate, channels, parametersFrom, lost, track.gopMs, fps];
  });
  return { server, methods, transport, transports, skipped, faults, error, tracks };
}

peerTest('a probe that fails says why', ['gst-rtsp-server'], async (context) => {
  const camera = await GstCamera.start(context, { codec: 'h264', login: 'digest' });
  const ended = await weirCommand(['probe', camera.url('camera:wrong@'), '--json']);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /source-unauthorized/);
  assert.equal((JSON.parse(ended.stdout) as ProbeReport).error?.code, 'source-unauthorized');
  assert.doesNotMatch(ended.stdout + ended.stderr, /wrong@/);
  assert.equal((await weirCommand(['probe', 'http://camera/'])).code, 2);
  const away = `rtsp://${await heldAddress(context)}/user=admin_password=CamSecret77_channel=1_stream=0.sdp`;
  for (const more of [[], ['--json']]) {
    const { stdout, stderr } = await weirCommand(['probe', away, ...more]);
    // Of what did not answer there is nothing to tell people but the error.
    if (more.length > 0) assert.match(stdout, /user=\*\*\*_password=\*\*\*_channel=1/);
    else assert.equal(stdout, '');
    assert.doesNotMatch(stdout + stderr, /CamSecret77/);
  }
});

peerTest('a film is pushed, pulled, pushed and pulled: the same frames', ['ffmpeg', 'ffprobe'], async (context) => {
  const folder = temporaryFolder(context);
  const clip = await makeClip(context, { seconds: 6, bFrames: 2 });
  const weir = await RunningWeir.start(context, 'streams: { a: { source: publish }, b: { source: publish } }\n');
  const [first, second] = [path.join(folder, 'first.mp4'), path.join(folder, 'second.mp4')];
  await pushAndPull(context, weir, { from: clip, stream: 'a', transport: 'tcp', to: first, for: '3s' });
  await pushAndPull(context, weir, { from: first, stream: 'b', transport: 'udp', to: second, for: '1s' });
  const [original, pulled, again] = await Promise.all([clip, first, second].map((file) => pictureHashes(file)));
  assert.equal(pulled?.length, 75);
  assert.equal(again?.length, 25);
  assert.ok(isRunOf(pulled, original ?? []), 'the pulled pictures are some of the film, one after the other');
  assert.ok(isRunOf(again, pulled), 'and so are those that were pulled of them');
  assert.ok(isRunOf(await audioHashes(second), await audioHashes(clip)), 'the sound as well');
  const shape = await mustRun('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'format=duration:stream=codec_name,start_time,nb_frames',
    '-of',
    'csv=p=0',
    first,
  ]);
  assert.match(shape, /h264,0\.000000,75\n/);
  assert.ok(Math.abs(Number(/^(\d[\d.]*)$/m.exec(shape)?.[1]) - 3) < 0.05, shape);
  assert.equal((await weirCommand(['pull', `${weir.rtsp}/a`, first])).code, 1, 'a file that is there stays');
});

interface Trip {
  readonly from: string;
  readonly stream: string;
  readonly transport: string;
  readonly to: string;
  readonly for: string;
}

async function pushAndPull(context: TestContext, weir: RunningWeir, trip: Trip): Promise<void> {
  const url = `${weir.rtsp}/${trip.stream}`;
  const pushing = weirBackground(context, ['push', trip.from, url, '--transport', trip.transport]);
  await weir.untilState(trip.stream, 'live');
  const [pulled, read] = await Promise.all([
    weirCommand(['pull', url, trip.to, '--for', trip.for]),
    codedPictureHashes(url, '0.5'),
  ]);
  assert.equal(pulled.code, 0, pulled.stderr);
  assert.ok(read.length >= 12, `ffmpeg read ${read.length} pictures`);
  assert.match(pulled.stdout, /saved [13]\.0 s/);
  assert.equal(await pushing.end('SIGINT'), 0, pushing.stderr);
}

/** `part` stands in `whole`, one after the other. */
function isRunOf(part: readonly string[], whole: readonly string[]): boolean {
  return part.length > 0 && joined(whole).includes(joined(part));
}

function joined(hashes: readonly string[]): string {
  return `,${hashes.join(',')},`;
}

peerTest('ffmpeg takes what is pushed, the first frame and all that follow', ['ffmpeg'], async (context) => {
  const clip = await makeClip(context, { seconds: 2 });
  const pictures = (await codedPictureHashes(clip)).length;
  const push = async (transport: string): Promise<void> => {
    const url = `rtsp://${await heldAddress(context)}/in`;
    const input = ['-v', 'error', '-rtsp_flags', 'listen', '-i', url];
    const listener = new Background(context, 'ffmpeg', [...input, '-map', '0:v', '-c', 'copy', '-f', 'framemd5', '-']);
    const words = ['push', clip, url, '--transport', transport];
    // It says nowhere that it listens, and takes one connection alone.
    let pushed = await weirCommand(words);
    while (pushed.stderr.includes('nothing listens there') && listener.running) pushed = await weirCommand(words);
    assert.equal(pushed.code, 0, pushed.stderr + listener.stderr);
    await listener.exit();
    const taken = listener.stdout.split('\n').filter((line) => line.startsWith('0,')).length;
    // At a BYE beside the datagrams it ends at once, whatever it has not read yet.
    if (transport === 'tcp') assert.equal(taken, pictures);
    else assert.ok(taken > pictures / 2, `${taken} of ${pictures}`);
  };
  await Promise.all(['tcp', 'udp'].map(push));
});

peerTest(
  'gst-rtsp-server takes what is pushed over UDP, with a digest login',
  ['gst-rtsp-server', 'ffmpeg'],
  async (context) => {
    const folder = temporaryFolder(context);
    const file = path.join(folder, 'taken.h264');
    const clip = await makeClip(context, { seconds: 1, audio: false });
    const recorder = path.resolve(import.meta.dirname, '../harness/gst-recorder.py');
    const server = new Background(context, '/usr/bin/python3', [recorder, file]);
    const [port] = await server.line(/^\d+$/m, 15_000);
    const wrong = await weirCommand(['push', clip, `rtsp://camera:wrong@127.0.0.1:${port}/rec`]);
    assert.match(wrong.stderr, /push-unauthorized/);
    const url = `rtsp://camera:pass%3Aword@127.0.0.1:${port}/rec`;
    const pushed = await weirCommand(['push', clip, url, '--transport', 'udp']);
    assert.equal(pushed.code, 0, pushed.stderr);
    assert.doesNotMatch(pushed.stdout, /pass/);
    // The session is torn down: what came is in the file.
    assert.deepEqual(await pictureHashes(file), await pictureHashes(clip));
  },
);

peerTest(
  'a push whose file goes away while the server answers ends, and so does its session',
  ['ffmpeg'],
  async (context) => {
    const clip = await makeClip(context, { seconds: 1 });
    const server = await plainServer(context, (method) => {
      if (method === 'ANNOUNCE') rmSync(clip);
      return true;
    });
    const pushed = await weirCommand(['push', clip, server.url]);
    assert.deepEqual([pushed.code, server.asked.at(-1)], [1, 'TEARDOWN'], pushed.stderr);
    assert.match(pushed.stderr, /\(file-unreadable\)/);
  },
);

peerTest(
  'Ctrl-C ends a push that no server answers, and a pull that knows of no track',
  ['ffmpeg'],
  async (context) => {
    const folder = temporaryFolder(context);
    const clip = await makeClip(context, { seconds: 1 });
    const rows = [(url: string) => ['push', clip, url], (url: string) => ['pull', url, path.join(folder, 'none.mp4')]];
    for (const words of rows) {
      const asked = Promise.withResolvers<void>();
      const server = await plainServer(context, () => {
        asked.resolve();
        return false;
      });
      const running = weirBackground(context, words(server.url));
      await asked.promise;
      const sentMs = performance.now();
      assert.equal(await running.end('SIGINT'), 0, running.stderr);
      assert.ok(performance.now() - sentMs < RESPONSE_MS / 2, 'the answer is not waited for');
      assert.deepEqual([running.stdout, running.stderr], ['', '']);
    }
  },
);

/** How long an answer is waited for, where nobody ends it. */
const RESPONSE_MS = 10_000;

peerTest(
  'pull ends by Ctrl-C with a film, and by SIGKILL with one up to its last second',
  ['ffprobe'],
  async (context) => {
    const folder = temporaryFolder(context);
    const weir = await RunningWeir.start(context, 'streams: { demo: { source: test-pattern } }\n');
    const pulls = (['SIGINT', 'SIGKILL'] as const).map(async (signal) => {
      const file = path.join(folder, `${signal}.mp4`);
      const pull = weirBackground(context, ['pull', `${weir.rtsp}/demo`, file]);
      await pull.line(/saves /, 20_000);
      await weir.until(() => statSync(file).size > GROWN_BYTES, 'the file to grow');
      const code = await pull.end(signal);
      return { file, code };
    });
    const ended = await Promise.all(pulls);
    assert.equal(ended[0]?.code, 0);
    for (const { file } of ended) {
      const errors = await mustRun('ffprobe', [
        '-v',
        'error',
        '-count_frames',
        '-show_entries',
        'stream=nb_read_frames',
        file,
      ]);
      assert.match(errors, /nb_read_frames=\d\d/);
    }
  },
);

peerTest(
  'a pull of what is away, or refuses, ends with an error: no file is made, and one that is there stays',
  [],
  async (context) => {
    const folder = temporaryFolder(context);
    const [fresh, old] = ['fresh.mp4', 'old.mp4'].map((name) => path.join(folder, name)) as [string, string];
    writeFileSync(old, 'a film');
    const weir = await RunningWeir.start(context, 'streams: { studio: { source: publish } }\n');
    const away = `rtsp://${await heldAddress(context)}/live`;
    const rows = [
      [[away, fresh], 'source-unreachable'],
      [[away, old, '--force'], 'source-unreachable'],
      [[`${weir.rtsp}/nowhere`, fresh], 'source-not-found'],
      [[`${weir.rtsp}/studio`, fresh], 'source-refused'],
    ] as const;
    const pull = async ([args, code]: (typeof rows)[number]): Promise<void> => {
      const ended = await weirCommand(['pull', ...args]);
      assert.deepEqual([ended.code, ended.stdout], [1, '']);
      assert.ok(ended.stderr.includes(`(${code})`), ended.stderr);
    };
    await Promise.all(rows.map(pull));
    assert.ok(!existsSync(fresh));
    assert.equal(readFileSync(old, 'utf8'), 'a film');
  },
);

/** A few seconds of the test picture. */
const GROWN_BYTES = 60_000;
const DISK_BYTES = 128 * 1024;

peerTest('pull onto a disk that fills up ends with an error and a film', ['tmpfs', 'ffprobe'], async (context) => {
  const disk = mkdtempSync(path.join(tmpdir(), 'weir-disk-'));
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk]).status, 0);
  context.after(() => {
    spawnSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  const weir = await RunningWeir.start(context, 'streams: { demo: { source: test-pattern } }\n');
  const file = path.join(disk, 'full.mp4');
  const ended = await weirCommand(['pull', `${weir.rtsp}/demo`, file, '--for', '60s']);
  assert.equal(ended.code, 1, ended.stdout);
  assert.match(ended.stderr, /file-not-written/);
  assert.match(
    await mustRun('ffprobe', ['-v', 'error', '-count_frames', '-show_entries', 'stream=nb_read_frames', file]),
    /nb_read_frames=\d\d/,
  );
});
