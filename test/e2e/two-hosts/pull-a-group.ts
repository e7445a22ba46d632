/** Runs in two-hosts.sh, started by pull-transports.test.ts: gst-rtsp-server sends to a group there, weir pulls it here. No route leads to groups. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GstCamera } from '../../harness/gst-camera.ts';
import { mustRun } from '../../harness/program.ts';
import { RunningWeir } from '../../harness/running-weir.ts';

test('a group on the interface by which the camera is reached', async (context) => {
  const place = { pid: Number(process.env['OTHER_HOST']), host: '10.99.0.2', interface: 'far' };
  const camera = await GstCamera.start(context, { codec: 'h264', audio: true, only: 'multicast', place });
  const weir = await RunningWeir.start(
    context,
    `streams: { cam: { source: '${camera.url()}', transport: multicast } }\n`,
  );
  await weir.untilState('cam', 'live');
  await mustRun('ffmpeg', [
    ...'-v error -xerror -rtsp_transport tcp -i'.split(' '),
    `${weir.rtsp}/cam?start=key`,
    ...'-frames:v 50 -f null -'.split(' '),
  ]);
  const { tracks, received, source } = await weir.streamStatus('cam');
  assert.deepEqual(
    tracks.map(({ encoding }) => encoding),
    ['H264', 'MPEG4-GENERIC'],
  );
  assert.deepEqual([received.lost, source.faults['strayDatagrams'] ?? 0], [0, 0]);
});
