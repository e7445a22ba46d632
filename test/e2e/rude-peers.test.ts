/** Players, publishers and programs that behave as none should: the right status or a closed connection, and it costs nobody else anything. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { makeClip } from '../harness/clips.ts';
import { CountingReader, publishClip } from '../harness/ffmpeg.ts';
import { peerTest } from '../harness/peers.ts';
import { problemOf } from '../harness/problem.ts';
import { type Background, mustRun } from '../harness/program.ts';
import { RtspPeer } from '../harness/rtsp-peer.ts';
import { RunningWeir } from '../harness/running-weir.ts';

/** 90 kHz, 25 a second. */
const TICKS_PER_PICTURE = 3600;
const GOOD = 'good: { source: test-pattern }';
const SILENT_PEERS = 300;

test('nonsense at the RTSP port is answered or cut off', async (context) => {
  const weir = await RunningWeir.start(context, `streams: { ${GOOD}, cam: { source: publish } }\n`);
  await weir.untilState('good', 'live');
  const open = (): Promise<RtspPeer> => RtspPeer.open(context, weir.rtsp);
  const good = `${weir.rtsp}/good`;
  const group = 'Transport: RTP/AVP;multicast';
  const sdp = ['Content-Type: application/sdp'];
  const asked: readonly (readonly [RegExp, string, string, (readonly string[])?, string?])[] = [
    [/^RTSP\/1\.0 404 /, 'DESCRIBE', `${weir.rtsp}/nobody`],
    [/^RTSP\/1\.0 404 /, 'DESCRIBE', `${weir.rtsp}/x/../good`],
    [/^RTSP\/1\.0 400 /, 'DESCRIBE', `${weir.rtsp}/%zz`],
    [/^RTSP\/1\.0 414 /, 'DESCRIBE', `${weir.rtsp}/${'x'.repeat(5_000)}`],
    [/^RTSP\/1\.0 461 /, 'SETUP', `${good}/trackID=0`, [group]],
    [/^RTSP\/1\.0 404 /, 'SETUP', `${good}/trackID=99`, ['Transport: RTP/AVP/TCP;interleaved=0-1']],
    [/^RTSP\/1\.0 501 /, 'FLY', good],
    [/^RTSP\/1\.0 454 /, 'PLAY', good, ['Session: nobody']],
    [/^RTSP\/1\.0 455 /, 'RECORD', `${weir.rtsp}/cam`],
    [/^RTSP\/1\.0 551 [^]*Unsupported: onvif-replay/, 'DESCRIBE', good, ['Require: onvif-replay']],
    [/^RTSP\/1\.0 403 /, 'ANNOUNCE', good, sdp, 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n'],
    [/^RTSP\/1\.0 400 /, 'ANNOUNCE', `${weir.rtsp}/cam`, sdp, 'nothing of the kind'],
  ];
  for (const [expected, ...words] of asked) assert.match(await (await open()).ask(...words), expected);
  assert.match(await (await open()).say(`DESCRIBE ${good} RTSP/2.0\r\nCSeq: 3\r\n\r\n`), /505 /);
  assert.match(await (await open()).say('ANNOUNCE * RTSP/1.0\r\nCSeq: 4\r\nContent-Length: 999999999\r\n\r\n'), /413 /);
  for (const code of ['stream-unknown', 'publish-refused', 'body-too-long']) await weir.logged({ code });
  await (await open()).cutOff('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(10));
  await (await open()).cutOff(`OPTIONS * RTSP/1.0\r\n${'X-Endless: y\r\n'.repeat(20_000)}`);
  await (await open()).cutOff(Buffer.alloc(200_000, 0x5a));
  await weir.goesOn('good');
});

test(`${SILENT_PEERS} connections that say nothing, at both ports, are in nobody's way`, async (context) => {
  const weir = await RunningWeir.start(context, `streams: { ${GOOD} }\n`);
  await weir.untilState('good', 'live');
  const peers = Array.from({ length: SILENT_PEERS }, () => [weir.rtsp, weir.http]).flat();
  await Promise.all(peers.map((url) => RtspPeer.open(context, url)));
  const reader = await RtspPeer.open(context, weir.rtsp);
  assert.match(await reader.begin('PLAY', `${weir.rtsp}/good`, 'trackID=0'), /^RTSP\/1\.0 200 /);
  assert.equal(await problemOf(weir, '/good/preview.mp4'), '200');
  await weir.goesOn('good');
});

/** Path, and status with the code of the problem document. */
const PATHS: readonly (readonly [string, string])[] = [
  ['/good/seg-99999999999999999999.m4s', '404 view-unknown'],
  ['/good/seg-1.m4s', '404 segment-gone'],
  ['/good/archive-0-1e99.m3u8', '404 view-unknown'],
  ['/good/archive-0-10.m3u8', '404 not-recorded'],
  ['/good/archive-20269999T999999Z-5.m3u8', '400 time-invalid'],
  ['/good/9999999999.jpg', '404 not-recorded'],
  ['/good/preview.jpg?width=abc', '400 request-malformed'],
  ['/good/preview.jpg?width=-1', '400 request-malformed'],
  ['/good/preview.jpg?width=0', '400 request-malformed'],
  ['/good/preview.jpg?width=1e9', '400 request-malformed'],
  ['/good/init-0000.mp4', '404 segment-gone'],
  ['/%2e%2e/%2e%2e/etc/passwd', '404 path-unknown'],
  ['/assets/..%2f..%2fpackage.json', '404 path-unknown'],
  ['/good/%00.m3u8', '400 request-malformed'],
  ['/__proto__/index.m3u8', '404 stream-unknown'],
  ['/nobody/index.m3u8', '404 stream-unknown'],
  ['/api/v1/streams/nobody', '404 stream-unknown'],
  ['/api/v1/streams/a%2F%2E%2E%2Fb', '400 name-invalid'],
  ['/api/v1/recordings?stream=good&from=1e99&to=0', '400 time-invalid'],
  [`/${'x'.repeat(5_000)}/index.m3u8`, '431 head-too-long'],
];

test('absurd paths over HTTP get the right status', async (context) => {
  const weir = await RunningWeir.start(context, `streams: { ${GOOD} }\n`);
  await weir.untilState('good', 'live');
  const answers = await Promise.all(PATHS.map(([url]) => problemOf(weir, url)));
  const shown = (list: readonly string[]): readonly string[] =>
    list.map((answer, index) => `${PATHS[index]?.[0].slice(0, 60)} ${answer}`);
  assert.deepEqual(shown(answers), shown(PATHS.map(([, expected]) => expected)));
  assert.equal(await rawStatus(context, weir, 'GET /assets/../../package.json HTTP/1.1\r\nHost: localhost'), '400');
  assert.equal(await rawStatus(context, weir, 'GET /good/index.m3u8 HTTP/1.1\r\nHost: evil.example'), '421');
  assert.equal(await rawStatus(context, weir, '\xff\xfe nothing of the kind'), '400');
  assert.equal((await weir.fetch('/good/index.m3u8', { method: 'DELETE' })).status, 405);
  await weir.goesOn('good');
});

peerTest('a reader that takes nothing slows nobody', ['ffmpeg'], async (context) => {
  const weir = await RunningWeir.start(context, `streams: { ${GOOD} }\n`);
  await weir.untilState('good', 'live');
  const stuck = await RtspPeer.open(context, weir.rtsp);
  await stuck.begin('PLAY', `${weir.rtsp}/good`, 'trackID=0');
  stuck.socket.pause();
  const words = '-map 0:v -t 4 -c copy -f framemd5 -'.split(' ');
  const url = `${weir.rtsp}/good?start=key`;
  const said = await mustRun('ffmpeg', ['-v', 'error', '-rtsp_transport', 'tcp', '-i', url, ...words]);
  const lines = said.split('\n').filter((line) => line.startsWith('0,'));
  const times = lines.map((line) => Number(line.split(',')[1]));
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  // ffmpeg moves the first few by its first sender report; a picture that was missing would be a step of two.
  const missing = steps.filter((step) => step > 1.5 * TICKS_PER_PICTURE);
  assert.ok(times.length > 80 && missing.length === 0, `${times.length} pictures, steps of ${missing.join(', ')}`);
  assert.ok(!stuck.socket.destroyed);
  await weir.goesOn('good');
});

peerTest(
  'a publisher that says little of its video is learned from; one that leaves in a frame is missed',
  ['ffprobe'],
  async (context) => {
    const weir = await RunningWeir.start(context, `streams: { ${GOOD}, 'pub/*': { source: publish } }\n`);
    const words = [
      '-v',
      'error',
      '-rtsp_transport',
      'tcp',
      '-show_entries',
      'stream=codec_name,width',
      '-of',
      'csv=p=0',
    ];
    /** Neither parameter sets nor, the second, a clock rate that there is. */
    const rates = { plain: 90_000, timeless: 0 };
    await Promise.all(
      Object.entries(rates).map(async ([name, rate]) => {
        const url = `${weir.rtsp}/pub/${name}`;
        const publisher = await RtspPeer.open(context, url);
        await publisher.publish(url, `v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/${rate}\r\na=control:t\r\n`);
        await weir.untilState(`pub/${name}`, 'live');
        assert.equal((await mustRun('ffprobe', [...words, url])).trim(), 'h264,160', name);
        assert.match(await (await weir.fetch(`/pub/${name}/index.m3u8`)).text(), /CODECS="avc1\.4D400B"/i, name);
        publisher.leaveInAFrame();
        await weir.untilState(`pub/${name}`, 'down');
        assert.equal((await weir.streamStatus(`pub/${name}`)).error?.code, 'publisher-gone');
        assert.equal(await problemOf(weir, `/pub/${name}/index.m3u8`), '503 stream-offline');
      }),
    );
    await weir.goesOn('good');
  },
);

peerTest('a publisher that is killed is missed at once; its readers stay', ['ffmpeg'], async (context) => {
  const clip = await makeClip(context, { seconds: 60, audio: false });
  const weir = await RunningWeir.start(context, `streams: { ${GOOD}, cam: { source: publish } }\n`);
  const publish = (): Background => publishClip(context, clip, `${weir.rtsp}/cam`);
  const first = publish();
  await weir.untilState('cam', 'live');
  const reader = new CountingReader(context, `${weir.rtsp}/cam`);
  await weir.until(() => reader.pictures > 10, 'frames at the reader');
  await first.end('SIGKILL');
  await weir.untilState('cam', 'down');
  publish();
  const before = reader.pictures;
  await weir.until(() => reader.pictures > before + 25, 'frames of the next publisher at the same reader');
  await weir.goesOn('good');
});

peerTest(
  'a stream that leaves the configuration ends those who use it, and nobody else',
  ['ffmpeg'],
  async (context) => {
    const weir = await RunningWeir.start(
      context,
      `streams: { ${GOOD}, gone: { source: test-pattern }, cam: { source: publish } }\n`,
    );
    const publisher = await RtspPeer.open(context, weir.rtsp);
    await publisher.publish(
      `${weir.rtsp}/cam`,
      'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n',
    );
    await Promise.all(['good', 'gone', 'cam'].map((name) => weir.untilState(name, 'live')));
    const reader = new CountingReader(context, `${weir.rtsp}/gone`);
    const other = new CountingReader(context, `${weir.rtsp}/good`);
    await weir.until(() => reader.pictures > 10 && other.pictures > 10, 'frames at both readers');
    const closed = once(publisher.socket, 'close', { signal: AbortSignal.timeout(10_000) });
    weir.configure(`streams: { ${GOOD} }\n`);
    await Promise.all([reader.exit(), closed]);
    assert.equal(await problemOf(weir, '/gone/index.m3u8'), '404 stream-unknown');
    await weir.logged({ stream: 'gone', code: 'stream-removed' });
    const before = other.pictures;
    await weir.until(() => other.pictures > before + 25, 'more frames at the other reader');
    await weir.goesOn('good');
  },
);

/** Where fetch would mend the request. */
async function rawStatus(context: TestContext, weir: RunningWeir, head: string): Promise<string | undefined> {
  const peer = await RtspPeer.open(context, weir.http);
  return /^HTTP\/1\.1 (\d+)/.exec(await peer.say(`${head}\r\nConnection: close\r\n\r\n`))?.[1];
}
