/** Several sources of one stream, and sources that are opened on demand: what the cameras see of it, and the readers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CountingReader } from '../harness/ffmpeg.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { ScriptedCamera } from '../harness/scripted-camera.ts';

const SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n';
const CAMERA = { path: '/main', describe: SDP } as const;
const TIMEOUTS = 'timeouts: { connect: 2s, firstByte: 2s, idle: 1s }';

peerTest(
  'the second source stands in, the first is back at the next loss; the same reader goes on',
  ['ffmpeg'],
  async (context) => {
    const first = await ScriptedCamera.start(context, CAMERA);
    const second = await ScriptedCamera.start(context, CAMERA);
    const weir = await RunningWeir.start(
      context,
      `streams: { yard: { sources: [ '${first.url}', '${second.url}' ], ${TIMEOUTS} } }\n`,
    );
    const inUse = async (): Promise<string | undefined> => {
      const { state, sources } = await weir.streamStatus('yard');
      return state === 'live' ? sources?.find((source) => source.inUse)?.label : undefined;
    };
    await weir.until(async () => (await inUse()) === first.url, 'the first source');
    assert.equal(second.count('OPTIONS'), 0);
    const reader = new CountingReader(context, `${weir.rtsp}/yard`);
    await weir.until(() => reader.pictures > 25, 'pictures at the reader');

    first.powerOff();
    const beganMs = performance.now();
    await weir.until(async () => (await inUse()) === second.url, 'the second source');
    assert.ok(performance.now() - beganMs < 5000, 'a second for one more question, and then the second');
    let before = reader.pictures;
    await weir.until(() => reader.pictures > before + 50, 'pictures of the second source at the same reader');
    const { sources } = await weir.streamStatus('yard');
    assert.deepEqual(
      sources?.map(({ label, error }) => [label, error?.code ?? undefined]),
      [
        [first.url, 'source-unreachable'],
        [second.url, undefined],
      ],
    );

    const again = await ScriptedCamera.start(context, CAMERA, first.port);
    second.powerOff();
    await weir.until(async () => (await inUse()) === again.url, 'the first source again');
    before = reader.pictures;
    await weir.until(() => reader.pictures > before + 50, 'pictures of the first source at the same reader');
    assert.ok(reader.running);
  },
);

peerTest(
  'a source on demand has one connection while somebody reads, and none otherwise',
  ['ffmpeg'],
  async (context) => {
    const camera = await ScriptedCamera.start(context, CAMERA);
    const weir = await RunningWeir.start(
      context,
      `streams: { yard: { source: '${camera.url}', onDemand: true, onDemandIdle: 1s, ${TIMEOUTS} } }\n`,
    );
    assert.deepEqual([(await weir.streamStatus('yard')).state, camera.asked.length], ['idle', 0]);
    const read = (): Promise<string> =>
      mustRun(
        'ffmpeg',
        `-v error -rtsp_transport tcp -i ${weir.rtsp}/yard -frames:v 25 -c copy -f framemd5 -`.split(' '),
      );
    await Promise.all([read(), read(), weir.fetch('/yard/preview.mp4')]);
    assert.deepEqual([camera.count('DESCRIBE'), camera.count('PLAY')], [1, 1]);
    await weir.untilState('yard', 'idle', 5000);
    await weir.until(() => camera.connections === 0, 'the connection to end');
    assert.equal(camera.count('TEARDOWN'), 1);

    // A viewer over HLS and a still open it as well.
    await weir.until(async () => (await weir.fetch('/yard/index.m3u8')).ok, 'the list');
    assert.deepEqual([camera.count('PLAY'), camera.connections], [2, 1]);
  },
);

test('who reads a stream on demand whose source cannot be had is told within a moment', async (context) => {
  const camera = await ScriptedCamera.start(context, CAMERA);
  camera.powerOff();
  const weir = await RunningWeir.start(context, `streams: { yard: { source: '${camera.url}', onDemand: true } }\n`);
  const beganMs = performance.now();
  const response = await weir.fetch('/yard/index.m3u8');
  assert.equal(response.status, 503);
  assert.match(await response.text(), /nothing listens there/);
  assert.ok(performance.now() - beganMs < 3000);
});
