/** weir pulls from gst-rtsp-server by each way that media can travel, and what it gets is whole. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { GstCamera, type GstCameraShape } from '../harness/gst-camera.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const PICTURES = 50;
/** A group that no other test of this machine sends to. */
const GROUP = `239.21.${(process.pid >> 8) & 255}.${process.pid & 255}/32`;
const LOGIN = 'camera:pass%3Aword@';

const ROWS: readonly {
  readonly name: string;
  readonly camera: Partial<GstCameraShape>;
  /** What the stream is told, beside its source. */
  readonly keys: string;
  readonly credentials?: string;
  readonly fallbacks?: number;
}[] = [
  { name: 'TCP, told', camera: { only: 'tcp' }, keys: 'transport: tcp' },
  { name: 'UDP, told, with Digest', camera: { login: 'digest' }, keys: 'transport: udp', credentials: LOGIN },
  {
    name: 'UDP, found out, as TCP is answered with 461',
    camera: { only: 'udp' },
    keys: 'transport: auto',
    fallbacks: 1,
  },
  { name: 'HTTP', camera: {}, keys: 'transport: http' },
];

for (const { name, camera: shape, keys, credentials, fallbacks = 0 } of ROWS) {
  peerTest(`pulls over ${name}`, ['gst-rtsp-server', 'ffmpeg'], async (context) => {
    const camera = await GstCamera.start(context, { codec: 'h264', audio: true, ...shape });
    const weir = await pulling(context, camera.url(credentials), keys);
    await weir.untilState('cam', 'live');
    await plays(weir);
    const { source, tracks, received } = await weir.streamStatus('cam');
    assert.deepEqual(
      tracks.map(({ encoding }) => encoding),
      ['H264', 'MPEG4-GENERIC'],
    );
    assert.equal(received.lost, 0);
    assert.equal(source.faults['transportFallbacks'] ?? 0, fallbacks);
    assert.equal(source.faults['strayDatagrams'] ?? 0, 0);
  });
}

function pulling(context: TestContext, url: string, keys: string): Promise<RunningWeir> {
  return RunningWeir.start(context, `streams: { cam: { source: '${url}', ${keys} } }\n`);
}

// Of another weir: gst-rtsp-server keeps the ports of its groups for itself, so that nobody on its own machine can hear them.
peerTest('pulls a group of another weir', ['ffmpeg'], async (context) => {
  const env = { WEIR_RTSP_MULTICAST_RANGE: GROUP };
  const far = await RunningWeir.start(context, 'streams: { cam: { source: test-pattern } }\n', { env });
  const near = await pulling(context, `${far.rtsp}/cam`, 'transport: multicast');
  await near.untilState('cam', 'live');
  await plays(near);
  assert.deepEqual((await near.streamStatus('cam')).received.lost, 0);
});

/** So many pictures without an error. */
async function plays(weir: RunningWeir): Promise<void> {
  await mustRun('ffmpeg', [
    ...'-v error -xerror -rtsp_transport tcp -i'.split(' '),
    `${weir.rtsp}/cam?start=key`,
    ...`-frames:v ${PICTURES} -f null -`.split(' '),
  ]);
}
