/** What goes wrong outside: each a code and a sentence in the log and in the API, the right RTSP and HTTP status, and the rest goes on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeClip } from '../harness/clips.ts';
import { peerTest } from '../harness/peers.ts';
import { Background, mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { ScriptedCamera } from '../harness/scripted-camera.ts';

const H264_SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n';
/** 90 kHz, 25 a second. */
const TICKS_PER_PICTURE = 3600;
const CAMERA = { path: '/main', describe: H264_SDP } as const;

test('every way in which a source fails has its code and its reason, and another stream goes on', async (context) => {
  const camera = async (fault: 'silent' | 'ignores-requests'): Promise<string> =>
    (await ScriptedCamera.start(context, { ...CAMERA, fault })).url;
  const noVideo = await ScriptedCamera.start(context, { path: '/main', describe: 'v=0\r\nm=vana 0 RTP/AVP 96\r\n' });
  const sources: readonly (readonly [string, string, string])[] = [
    ['refuses', 'rtsp://user:top-secret@127.0.0.1:9/main', 'source-unreachable'],
    ['nameless', 'rtsp://no-such-host.invalid/main', 'source-unreachable'],
    ['mute', await camera('ignores-requests'), 'source-timeout'],
    ['silent', await camera('silent'), 'source-silent'],
    ['web', await webServer(context), 'source-protocol'],
    ['empty', noVideo.url, 'source-no-media'],
  ];
  const lines = sources.map(
    ([name, url]) => `  ${name}: { source: '${url}', timeouts: { connect: 1s, firstByte: 1s } }\n`,
  );
  const weir = await RunningWeir.start(context, `streams:\n  good: { source: test-pattern }\n${lines.join('')}`);
  for (const [name, , code] of sources) {
    const error = await weir.until(
      async () => (await weir.streamStatus(name)).error ?? undefined,
      `the error of ${name}`,
    );
    assert.equal(error.code, code, `${name}: ${error.message}`);
    assert.ok(
      weir.log.some((line) => line['stream'] === name && line['code'] === code),
      `${name}: not in the log`,
    );
    assert.equal(await statusOf(weir, `/${name}/index.m3u8`), '503 stream-offline');
    assert.equal(await statusOf(weir, `/${name}/preview.jpg`), '503 stream-offline');
    assert.match(
      await rtspAnswer(weir, `DESCRIBE ${weir.rtsp}/${name} RTSP/1.0\r\nCSeq: 7\r\n\r\n`),
      /^RTSP\/1\.0 503 [^\r]+\r\nCSeq: 7\r\n/,
    );
  }
  assert.equal((await weir.streamStatus('good')).state, 'live');
  assert.ok(
    !weir.logText().includes('top-secret') &&
      !(await (await weir.fetch('/api/v1/streams')).text()).includes('top-secret'),
  );
});

peerTest(
  'garbage between frames, media before the reply to PLAY: the pictures come all the same',
  ['ffprobe'],
  async (context) => {
    const garbage = await ScriptedCamera.start(context, { ...CAMERA, fault: 'garbage-between-frames' });
    const hasty = await ScriptedCamera.start(context, { ...CAMERA, fault: 'media-before-play-reply' });
    const weir = await RunningWeir.start(
      context,
      `streams: { garbage: { source: '${garbage.url}' }, hasty: { source: '${hasty.url}' } }\n`,
    );
    for (const name of ['garbage', 'hasty']) {
      await weir.untilState(name, 'live');
      const said = await mustRun('ffprobe', [
        '-v',
        'fatal',
        '-rtsp_transport',
        'tcp',
        '-count_packets',
        '-read_intervals',
        '%+2',
        '-show_entries',
        'stream=codec_name,nb_read_packets',
        '-of',
        'csv=p=0',
        `${weir.rtsp}/${name}`,
      ]);
      const [codec, packets] = said.trim().split(',');
      assert.equal(codec, 'h264');
      if (name === 'garbage') {
        const { faults } = (await weir.streamStatus(name)).source;
        assert.ok((faults['resyncs'] ?? 0) > 0 && (faults['garbageBytes'] ?? 0) > 0, JSON.stringify(faults));
      }
      assert.ok(Number(packets) > 20, `${packets} packets of ${name}`);
    }
  },
);

test('a camera that hangs in the middle of a frame is given up and tried again', async (context) => {
  const camera = await ScriptedCamera.start(context, { ...CAMERA, fault: 'hangs-in-a-frame' });
  const weir = await RunningWeir.start(
    context,
    `streams: { cam: { source: '${camera.url}', timeouts: { idle: 1s } } }\n`,
  );
  await weir.until(() => camera.asked.filter((method) => method === 'PLAY').length >= 2, 'a second attempt');
  assert.ok(
    weir.log.some((line) => line['code'] === 'source-silent' || line['code'] === 'source-timeout'),
    weir.logText(),
  );
  assert.equal(
    camera.asked.filter((method) => method === 'TEARDOWN').length >= 1,
    true,
    'the first session was torn down',
  );
});

peerTest(
  'a codec that HLS cannot carry is relayed over RTSP, and refused by name over HTTP',
  ['ffmpeg', 'ffprobe'],
  async (context) => {
    const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
    const words =
      '-v error -re -f lavfi -i testsrc2=size=320x240:rate=10:duration=60 -c:v mjpeg -pix_fmt yuvj420p -huffman default -force_duplicated_matrix 1 -f rtsp -rtsp_transport tcp'.split(
        ' ',
      );
    const publisher = new Background(context, 'ffmpeg', [...words, `${weir.rtsp}/cam`]);
    await weir.untilState('cam', 'live');
    assert.equal(await statusOf(weir, '/cam/index.m3u8'), '415 codec-unsupported');
    const still = await statusOf(weir, '/cam/preview.jpg');
    assert.equal(still, '415 codec-unsupported');
    assert.match(
      await mustRun('ffprobe', [
        '-v',
        'fatal',
        '-rtsp_transport',
        'tcp',
        '-show_entries',
        'stream=codec_name',
        '-of',
        'csv=p=0',
        `${weir.rtsp}/cam`,
      ]),
      /mjpeg/,
    );
    assert.ok(publisher.running, publisher.stderr);
  },
);

peerTest('a publisher that dies without a word is missed at once; its readers stay', ['ffmpeg'], async (context) => {
  const clip = await makeClip(context, { seconds: 60, audio: false });
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
  const publish = (): Background =>
    new Background(context, 'ffmpeg', [
      '-v',
      'error',
      '-re',
      '-i',
      clip,
      '-c',
      'copy',
      '-f',
      'rtsp',
      '-rtsp_transport',
      'tcp',
      `${weir.rtsp}/cam`,
    ]);
  const first = publish();
  await weir.untilState('cam', 'live');
  const reader = new Background(context, 'ffmpeg', [
    '-v',
    'error',
    '-rtsp_transport',
    'tcp',
    '-i',
    `${weir.rtsp}/cam`,
    '-c',
    'copy',
    '-f',
    'framemd5',
    '-flush_packets',
    '1',
    '-',
  ]);
  const frames = (): number => reader.stdout.split('\n').filter((line) => line.startsWith('0,')).length;
  await weir.until(() => frames() > 10, 'frames at the reader');
  await first.end('SIGKILL');
  await weir.untilState('cam', 'down');
  publish();
  const before = frames();
  await weir.until(() => frames() > before + 25, 'frames of the next publisher at the same reader');
});

test('nonsense at the RTSP port is answered or cut off, and costs nobody else anything', async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { good: { source: test-pattern } }\n');
  await weir.untilState('good', 'live');
  assert.match(await rtspAnswer(weir, `DESCRIBE ${weir.rtsp}/nobody RTSP/1.0\r\nCSeq: 1\r\n\r\n`), /^RTSP\/1\.0 404 /);
  assert.match(
    await rtspAnswer(
      weir,
      `SETUP ${weir.rtsp}/good/trackID=0 RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n\r\n`,
    ),
    /^RTSP\/1\.0 461 /,
  );
  assert.match(await rtspAnswer(weir, `DESCRIBE ${weir.rtsp}/good RTSP/2.0\r\nCSeq: 3\r\n\r\n`), /505 /);
  assert.match(await rtspAnswer(weir, `FLY ${weir.rtsp}/good RTSP/1.0\r\nCSeq: 4\r\n\r\n`), /^RTSP\/1\.0 501 /);
  assert.match(
    await rtspAnswer(weir, `PLAY ${weir.rtsp}/good RTSP/1.0\r\nCSeq: 5\r\nSession: nobody\r\n\r\n`),
    /^RTSP\/1\.0 454 /,
  );
  assert.match(
    await rtspAnswer(weir, `DESCRIBE ${weir.rtsp}/good RTSP/1.0\r\nCSeq: 6\r\nRequire: onvif-replay\r\n\r\n`),
    /^RTSP\/1\.0 551 [^]*Unsupported: onvif-replay/,
  );
  await cutOff(weir, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(10));
  await cutOff(weir, `OPTIONS * RTSP/1.0\r\n${'X-Endless: y\r\n'.repeat(20_000)}`);
  await cutOff(weir, Buffer.alloc(200_000, 0x5a));
  assert.equal((await weir.streamStatus('good')).state, 'live');
});

/** Path, and status with the code of the problem document. */
const PATHS: readonly (readonly [string, string])[] = [
  ['/good/seg-99999999999999999999.m4s', '404'],
  ['/good/seg-1.m4s', '404 segment-gone'],
  ['/good/archive-0-1e99.m3u8', '404'],
  ['/good/archive-0-10.m3u8', '404 not-recorded'],
  ['/good/9999999999.jpg', '404 not-recorded'],
  ['/good/preview.jpg?width=abc', '400 request-malformed'],
  ['/good/preview.jpg?width=-1', '400 request-malformed'],
  ['/good/init-0000.mp4', '404'],
  ['/good/media-7.m3u8', '404'],
  ['/%2e%2e/%2e%2e/etc/passwd', '404'],
  ['/good/%00.m3u8', '400 request-malformed'],
  ['/nobody/index.m3u8', '404 stream-unknown'],
  ['/api/v1/streams/nobody', '404 stream-unknown'],
  ['/api/v1/streams/a%2F%2E%2E%2Fb', '400 name-invalid'],
  [`/${'x'.repeat(5_000)}/index.m3u8`, '431 head-too-long'],
];

test('absurd paths over HTTP get the right status', async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { good: { source: test-pattern } }\n');
  await weir.untilState('good', 'live');
  const answers = await Promise.all(PATHS.map(async ([url]) => await statusOf(weir, url)));
  const wrong = PATHS.flatMap(([url, expected], index) =>
    answers[index]?.startsWith(expected) === true
      ? []
      : [`${url.slice(0, 60)}: ${answers[index]}, expected ${expected}`],
  );
  assert.deepEqual(wrong, []);
  assert.equal((await weir.fetch('/good/index.m3u8', { method: 'DELETE' })).status, 405);
});

peerTest('a reader that takes nothing slows nobody', ['ffmpeg'], async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { good: { source: test-pattern } }\n');
  await weir.untilState('good', 'live');
  const stuck = await readerThatNeverReads(context, weir);
  const said = await mustRun('ffmpeg', [
    '-v',
    'error',
    '-rtsp_transport',
    'tcp',
    '-i',
    `${weir.rtsp}/good?start=key`,
    '-map',
    '0:v',
    '-t',
    '6',
    '-c',
    'copy',
    '-f',
    'framemd5',
    '-',
  ]);
  const times = said
    .split('\n')
    .filter((line) => line.startsWith('0,'))
    .map((line) => Number(line.split(',')[1]));
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  // ffmpeg moves the first few by its first sender report; a picture that was missing would be a step of two.
  const missing = steps.filter((step) => step > 1.5 * TICKS_PER_PICTURE);
  assert.ok(times.length > 100 && missing.length === 0, `${times.length} pictures, steps of ${missing.join(', ')}`);
  assert.ok(!stuck.destroyed);
});

test('without the pinned Node an old one is refused with what to do', (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-old-node-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const each of ['bin', 'node_modules', 'path']) mkdirSync(path.join(folder, each));
  const weir = path.join(folder, 'bin/weir');
  copyFileSync(path.resolve(import.meta.dirname, '../../bin/weir'), weir);
  // A Node 18, as far as bin/weir asks it.
  const old = path.join(folder, 'path/node');
  writeFileSync(old, '#!/bin/sh\n[ "$1" = --version ] && echo v18.20.8 && exit 0\nexit 1\n');
  chmodSync(old, 0o755);
  const ended = spawnSync(weir, [], {
    env: { ...process.env, PATH: `${path.dirname(old)}:/usr/bin:/bin` },
    encoding: 'utf8',
  });
  assert.notEqual(ended.status, 0);
  assert.match(ended.stderr, /v18\.20\.8 is too old \(node-too-old\).*npm ci/);
});

async function statusOf(weir: RunningWeir, url: string): Promise<string> {
  const response = await weir.fetch(url);
  const type = response.headers.get('content-type') ?? '';
  const body = await response.text();
  if (!type.startsWith('application/problem+json')) return String(response.status);
  const { code, detail, remedy } = JSON.parse(body) as {
    readonly code: string;
    readonly detail?: string;
    readonly remedy?: string;
  };
  assert.ok(detail !== undefined && remedy !== undefined, body);
  return `${response.status} ${code}`;
}

/** What comes back on a fresh connection until the end of the first head. */
async function rtspAnswer(weir: RunningWeir, request: string): Promise<string> {
  const socket = await open(weir);
  socket.write(request);
  let said = '';
  while (!said.includes('\r\n\r\n'))
    said += String((await once(socket, 'data', { signal: AbortSignal.timeout(10_000) }))[0]);
  socket.destroy();
  return said;
}

/** Sends it all and expects to be disconnected. */
async function cutOff(weir: RunningWeir, bytes: string | Buffer): Promise<void> {
  const socket = await open(weir);
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(15_000) });
  socket.on('error', () => {}).resume();
  socket.write(bytes);
  await closed;
}

async function open(weir: RunningWeir): Promise<Socket> {
  const { hostname, port } = new URL(weir.rtsp);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

async function readerThatNeverReads(context: TestContext, weir: RunningWeir): Promise<Socket> {
  const socket = await open(weir);
  context.after(() => socket.destroy());
  const url = `${weir.rtsp}/good`;
  const ask = async (request: string): Promise<string> => {
    socket.write(`${request}\r\n\r\n`);
    let said = '';
    while (!said.includes('\r\n\r\n'))
      said += String((await once(socket, 'data', { signal: AbortSignal.timeout(10_000) }))[0]);
    return said;
  };
  const setUp = await ask(`SETUP ${url}/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1`);
  await ask(`PLAY ${url} RTSP/1.0\r\nCSeq: 2\r\nSession: ${/Session: ([^;\r]+)/.exec(setUp)?.[1]}`);
  socket.pause();
  return socket;
}

/** Something that speaks HTTP where a camera is expected. */
async function webServer(context: TestContext): Promise<string> {
  const server = createHttpServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const address = server.address();
  return `rtsp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/main`;
}
