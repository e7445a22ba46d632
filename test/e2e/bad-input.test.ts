/** Sources, codecs and machines that are not as they should be: each a code and a sentence in the log and in the API, the right RTSP and HTTP status, and the rest goes on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { problemOf } from '../harness/problem.ts';
import { peerTest } from '../harness/peers.ts';
import { Background, mustRun } from '../harness/program.ts';
import { RtspPeer } from '../harness/rtsp-peer.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { ScriptedCamera, type CameraScript } from '../harness/scripted-camera.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const H264_SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n';
const CAMERA = { path: '/main', describe: H264_SDP } as const;
const GOOD = 'good: { source: test-pattern }';
/** Longer than a label may be, so that no name server is asked: some take seconds to say no. */
const NAMELESS = `${'x'.repeat(64)}.invalid`;
const DIGEST = 'WWW-Authenticate: Digest realm="cam", nonce="1"';

test('every way in which a source fails has its code, its reason and what to do, and another stream goes on', async (context) => {
  const camera = async (script: Partial<CameraScript>): Promise<string> =>
    (await ScriptedCamera.start(context, { ...CAMERA, ...script })).url;
  const answer = (status: string, ...headers: readonly string[]): Promise<string> =>
    camera({ describe: [`RTSP/1.0 ${status}`, 'CSeq: 0', ...headers, '', ''].join('\r\n') });
  const sources: readonly (readonly [string, string, string])[] = [
    ['off', 'rtsp://user:top-secret@127.0.0.1:9/main', 'source-unreachable'],
    ['nameless', `rtsp://${NAMELESS}/main`, 'source-host-unknown'],
    ['mute', await camera({ fault: 'ignores-requests' }), 'source-timeout'],
    ['silent', await camera({ fault: 'silent' }), 'source-silent'],
    ['refusing', withLogin(await answer('401 Unauthorized', DIGEST)), 'source-unauthorized'],
    ['pathless', withLogin(await answer('404 Not Found')), 'source-not-found'],
    ['overloaded', await answer('503 Service Unavailable'), 'source-refused'],
    ['moved', await answer('302 Moved', 'Location: http://127.0.0.1/elsewhere'), 'source-refused'],
    [
      'endless',
      await camera({ describe: `RTSP/1.0 200 OK\r\n${'X-Endless: y\r\n'.repeat(5_000)}` }),
      'source-protocol',
    ],
    ['web', await webServer(context), 'source-protocol'],
    ['page', await answer('200 OK', 'Content-Type: text/html', 'Content-Length: 0'), 'source-protocol'],
    ['empty', await camera({ describe: 'v=0\r\nm=vana 0 RTP/AVP 96\r\n' }), 'source-no-media'],
  ];
  const lines = sources.map(
    ([name, url]) => `  ${name}: { source: '${url}', timeouts: { connect: 1s, firstByte: 1s } }\n`,
  );
  const weir = await RunningWeir.start(context, `streams:\n  ${GOOD}\n${lines.join('')}`);
  const peer = await RtspPeer.open(context, weir.rtsp);
  for (const [name, , code] of sources) {
    const error = await weir.until(
      async () => (await weir.streamStatus(name)).error ?? undefined,
      `the error of ${name}`,
    );
    assert.equal(error.code, code, `${name}: ${error.message}`);
    const line = await weir.logged({ stream: name, code, remedy: error.remedy });
    assert.ok(line.msg.length > 0 && error.remedy.length > 0);
    assert.equal(await problemOf(weir, `/${name}/index.m3u8`), '503 stream-offline');
    assert.equal(await problemOf(weir, `/${name}/preview.jpg`), '503 stream-offline');
    assert.match(await peer.ask('DESCRIBE', `${weir.rtsp}/${name}`), /^RTSP\/1\.0 503 /);
  }
  await weir.goesOn('good');
  const told =
    weir.log.map((line) => JSON.stringify(line)).join('\n') + (await (await weir.fetch('/api/v1/streams')).text());
  assert.ok(!told.includes('top-secret'));
});

peerTest(
  'garbage between frames, media before the reply to PLAY: the pictures come all the same',
  ['ffprobe'],
  async (context) => {
    const garbage = await ScriptedCamera.start(context, { ...CAMERA, fault: 'garbage-between-frames' });
    const hasty = await ScriptedCamera.start(context, { ...CAMERA, fault: 'media-before-play-reply' });
    const weir = await RunningWeir.start(
      context,
      `streams: { ${GOOD}, garbage: { source: '${garbage.url}' }, hasty: { source: '${hasty.url}' } }\n`,
    );
    await Promise.all(
      ['garbage', 'hasty'].map(async (name) => {
        await weir.untilState(name, 'live');
        const words = '-count_packets -read_intervals %+2 -show_entries stream=codec_name,nb_read_packets -of csv=p=0';
        const said = await mustRun('ffprobe', [...PROBE, ...words.split(' '), `${weir.rtsp}/${name}`]);
        const [codec, packets] = said.trim().split(',');
        assert.equal(codec, 'h264');
        assert.ok(Number(packets) > 20, `${packets} packets of ${name}`);
      }),
    );
    const { faults } = (await weir.streamStatus('garbage')).source;
    assert.ok((faults['resyncs'] ?? 0) > 0 && (faults['garbageBytes'] ?? 0) > 0, JSON.stringify(faults));
    await weir.goesOn('good');
  },
);

test('a camera that hangs in the middle of a frame is given up and tried again', async (context) => {
  const camera = await ScriptedCamera.start(context, { ...CAMERA, fault: 'hangs-in-a-frame' });
  const weir = await RunningWeir.start(
    context,
    `streams: { ${GOOD}, cam: { source: '${camera.url}', timeouts: { idle: 1s } } }\n`,
  );
  const asked = (method: string): number => camera.asked.filter((each) => each === method).length;
  await weir.until(() => asked('PLAY') >= 2, 'a second attempt');
  await weir.logged({ stream: 'cam', code: 'source-silent' });
  assert.ok(asked('TEARDOWN') >= 1, 'the first session was torn down');
  await weir.goesOn('good');
});

/** Published by ffmpeg, with what HTTP says of it; what RTSP readers get is what was published. */
const CODECS: readonly { readonly name: string; readonly words: string; readonly carried: boolean }[] = [
  { name: 'mjpeg', words: '-c:v mjpeg -pix_fmt yuvj420p -huffman default -force_duplicated_matrix 1', carried: false },
  { name: 'vp8', words: '-c:v libvpx -deadline realtime -cpu-used 8 -g 10', carried: false },
  { name: 'pcm_alaw', words: '-ar 8000 -c:a pcm_alaw', carried: false },
  { name: 'aac', words: '-c:a aac', carried: true },
];
const PICTURE = '-v error -re -f lavfi -i testsrc2=size=320x240:rate=10';
const TONE = '-v error -re -f lavfi -i sine';

peerTest(
  'what HLS cannot carry is relayed over RTSP, and refused by name over HTTP and by the recorder; sound alone is carried',
  ['ffmpeg', 'ffprobe'],
  async (context) => {
    const weir = await RunningWeir.start(context, `streams: { ${GOOD}, 'pub/*': { source: publish, record: true } }\n`);
    await Promise.all(
      CODECS.map(async ({ name, words, carried }) => {
        const stream = `pub/${name}`;
        const input = words.includes('-c:v') ? PICTURE : TONE;
        const output = ['-f', 'rtsp', '-rtsp_transport', 'tcp', `${weir.rtsp}/${stream}`];
        const publisher = new Background(context, 'ffmpeg', [...input.split(' '), ...words.split(' '), ...output]);
        await weir.until(async () => (await weir.fetch(`/api/v1/streams/pub%2F${name}`)).ok, stream);
        await weir.untilState(stream, 'live');
        const rtsp = await mustRun('ffprobe', [
          ...PROBE,
          '-show_entries',
          'stream=codec_name',
          '-of',
          'csv=p=0',
          `${weir.rtsp}/${stream}`,
        ]);
        assert.equal(rtsp.trim(), name);
        assert.equal(await problemOf(weir, `/${stream}/preview.jpg`), '415 codec-unsupported');
        if (carried) {
          assert.match(await (await weir.fetch(`/${stream}/index.m3u8`)).text(), /CODECS="mp4a\.40\.2"/);
          await weir.until(
            async () => (await weir.streamStatus(stream)).recording.recordedUpTo !== null,
            'a recording',
          );
        } else {
          assert.equal(await problemOf(weir, `/${stream}/index.m3u8`), '415 codec-unsupported');
          const { error } = (await weir.streamStatus(stream)).recording;
          assert.ok(error?.code === 'codec-unsupported', name);
          await weir.logged({ stream, code: error.code, remedy: error.remedy });
        }
        assert.ok(publisher.running, publisher.stderr);
      }),
    );
    await weir.goesOn('good');
  },
);

test('without a decoder stills are refused with what to install, and everything else works', async (context) => {
  const checkout = withoutDecoders(context);
  const weir = await RunningWeir.start(context, `streams: { ${GOOD} }\n`, {
    checkout,
    env: { PATH: path.join(checkout, 'path') },
  });
  await weir.untilState('good', 'live');
  await weir.until(async () => (await weir.fetch('/good/preview.mp4')).ok, 'a still that needs no decoder');
  assert.equal(await problemOf(weir, '/good/preview.jpg'), '501 decoder-missing');
  await weir.logged({ code: 'decoder-missing' });
  await weir.goesOn('good');
});

test('without the pinned Node an old one is refused with what to do', (context) => {
  const folder = temporary(context);
  for (const each of ['bin', 'node_modules', 'path']) mkdirSync(path.join(folder, each));
  const weir = path.join(folder, 'bin/weir');
  copyFileSync(path.join(CHECKOUT, 'bin/weir'), weir);
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

const PROBE = ['-v', 'fatal', '-rtsp_transport', 'tcp', '-analyzeduration', '1000000'];

function withLogin(url: string): string {
  return url.replace('//', '//user:top-secret@');
}

/** Something that speaks HTTP where a camera is expected. */
async function webServer(context: TestContext): Promise<string> {
  const server = createHttpServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const address = server.address();
  return `rtsp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/main`;
}

/** This checkout as it is where node-av could not be installed, and a PATH on which there is no ffmpeg. */
function withoutDecoders(context: TestContext): string {
  const folder = temporary(context);
  for (const each of ['bin', 'src']) cpSync(path.join(CHECKOUT, each), path.join(folder, each), { recursive: true });
  for (const each of ['assets', 'web', 'package.json', 'package-lock.json'])
    symlinkSync(path.join(CHECKOUT, each), path.join(folder, each));
  mkdirSync(path.join(folder, 'node_modules'));
  for (const each of readdirSync(path.join(CHECKOUT, 'node_modules')))
    if (each !== 'node-av')
      symlinkSync(path.join(CHECKOUT, 'node_modules', each), path.join(folder, 'node_modules', each));
  mkdirSync(path.join(folder, 'path'));
  for (const each of ['dirname', 'readlink']) symlinkSync(`/usr/bin/${each}`, path.join(folder, 'path', each));
  return folder;
}

function temporary(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-bad-input-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
