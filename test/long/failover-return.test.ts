/** A preferred source that comes back while another stands in: it is asked once a minute, and takes over from its first key frame on. */
import assert from 'node:assert/strict';
import { CountingReader } from '../harness/ffmpeg.ts';
import { peerTest } from '../harness/peers.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { ScriptedCamera } from '../harness/scripted-camera.ts';

const SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n';
const CAMERA = { path: '/main', describe: SDP } as const;
/** A minute between two questions, and a GOP. */
const RETURN_MS = 70_000;

peerTest('the first source is back a minute later, and the stream never leaves', ['ffmpeg'], async (context) => {
  const away = await ScriptedCamera.start(context, CAMERA);
  away.powerOff();
  const second = await ScriptedCamera.start(context, CAMERA);
  const weir = await RunningWeir.start(context, `streams: { yard: { sources: [ '${away.url}', '${second.url}' ] } }\n`);
  await weir.untilState('yard', 'live');
  const reader = new CountingReader(context, `${weir.rtsp}/yard`);
  await weir.until(() => reader.pictures > 25, 'pictures of the second source');

  const first = await ScriptedCamera.start(context, CAMERA, away.port);
  await weir.until(
    async () => {
      const { state, sources } = await weir.streamStatus('yard');
      assert.equal(state, 'live');
      return sources?.[0]?.inUse;
    },
    'the first source',
    RETURN_MS,
  );
  const before = reader.pictures;
  await weir.until(() => reader.pictures > before + 50, 'pictures of the first source at the same reader');
  await weir.until(() => second.connections === 0, 'the second to be left');
  assert.deepEqual([first.count('PLAY'), first.connections, second.count('PLAY')], [1, 1, 1]);
  assert.equal(second.count('TEARDOWN'), 1);
  assert.ok(reader.running);
});
