/** weir pulls from cameras that others wrote, and from itself. */
import assert from 'node:assert/strict';
import { GstCamera } from '../harness/gst-camera.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

peerTest('pulls H.264 and AAC from gst-rtsp-server with Digest', ['gst-rtsp-server', 'ffprobe'], async (context) => {
  const camera = await GstCamera.start(context, { codec: 'h264', audio: true, login: 'digest' });
  const weir = await RunningWeir.start(
    context,
    `streams: { cam: { source: '${camera.url('camera:pass%3Aword@')}' } }\n`,
  );
  await weir.untilState('cam', 'live');
  assert.deepEqual(
    (await weir.streamStatus('cam')).tracks.map((track) => track.encoding),
    ['H264', 'MPEG4-GENERIC'],
  );
  assert.deepEqual(await codecsOf(`${weir.rtsp}/cam`), ['h264', 'aac']);
  assert.deepEqual(await codecsOf(`${weir.http}/cam/index.m3u8`), ['h264', 'aac']);
  assert.ok(!weir.logText().includes('word'), 'the password is in the log');
});

peerTest(
  'pulls H.265 from gst-rtsp-server with Basic; HLS says hvc1',
  ['gst-rtsp-server', 'ffprobe'],
  async (context) => {
    const camera = await GstCamera.start(context, { codec: 'h265', login: 'basic' });
    const weir = await RunningWeir.start(
      context,
      `streams: { cam: { source: '${camera.url('camera:pass%3Aword@')}' } }\n`,
    );
    await weir.untilState('cam', 'live');
    assert.deepEqual(await codecsOf(`${weir.rtsp}/cam`), ['hevc']);
    assert.deepEqual(await codecsOf(`${weir.http}/cam/index.m3u8`), ['hevc']);
    assert.match(await (await weir.fetch('/cam/index.m3u8')).text(), /CODECS="hvc1\.1\.6\.L\d+/);
    const still = await weir.fetch('/cam/preview.jpg');
    assert.equal(still.status, 200);
  },
);

peerTest('says what is wrong with a password that the camera refuses', ['gst-rtsp-server'], async (context) => {
  const camera = await GstCamera.start(context, { codec: 'h264', login: 'digest' });
  const weir = await RunningWeir.start(context, `streams: { cam: { source: '${camera.url('camera:wrong@')}' } }\n`);
  const error = await weir.until(
    async () => (await weir.streamStatus('cam')).error ?? undefined,
    'an error in the status',
  );
  assert.equal(error.code, 'source-unauthorized');
  assert.ok(!JSON.stringify(error).includes('wrong'), 'the password is in the answer');
});

peerTest('pulls from another weir, also where that sends its readers on', ['ffprobe'], async (context) => {
  const far = await RunningWeir.start(
    context,
    'streams: { demo: { source: test-pattern }, other: { source: test-pattern } }\n',
  );
  const near = await RunningWeir.start(context, `streams: { copy: { source: '${far.rtsp}/demo', record: true } }\n`);
  await near.untilState('copy', 'live');
  assert.deepEqual(await codecsOf(`${near.rtsp}/copy`), ['h264', 'aac']);
  assert.deepEqual(await codecsOf(`${near.http}/copy/index.m3u8`), ['h264', 'aac']);
  assert.equal((await far.streamStatus('demo')).readers['rtsp'], 1, 'one connection, however many read the copy');
  const sent = await far.fetch('/api/v1/streams/demo/redirect', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ to: `${far.rtsp}/other` }),
  });
  assert.equal(sent.status, 200);
  await far.until(async () => (await far.streamStatus('other')).readers['rtsp'] === 1, 'the copy at the other stream');
  const { state, source } = await near.streamStatus('copy');
  assert.deepEqual([state, source.attempts], ['live', 1]);
});

async function codecsOf(url: string): Promise<readonly string[]> {
  const transport = url.startsWith('rtsp') ? ['-rtsp_transport', 'tcp'] : [];
  const said = await mustRun(
    'ffprobe',
    ['-v', 'error', ...transport, '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', url],
    30_000,
  );
  return [...new Set(said.split('\n').filter((line) => line !== ''))];
}
