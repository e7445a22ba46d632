/** weir pulls from gst-rtsp-server by each way that media can travel, and what it gets is whole. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { GstCamera, type GstCameraShape } from '../harness/gst-camera.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const PICTURES = 50;
/** A group that no other test of this machine sends to. */
const GROUP = `239.21.${(process.pid >> 8) & 255}.${process.pid & 255}/32`;
const CERTIFICATES = path.resolve(import.meta.dirname, '../fixtures/tls');

interface Row {
  readonly camera: Partial<GstCameraShape>;
  /** What the stream is told, beside its source. */
  readonly keys: string;
  readonly credentials?: string;
  readonly fallbacks?: number;
}

peerTest(
  'pulls over TCP, UDP, HTTP and TLS, as told and as found out',
  ['gst-rtsp-server', 'ffmpeg'],
  async (context) => {
    const tls = await certificateWithKey(context);
    const login = { credentials: 'camera:pass%3Aword@' };
    const rows: Readonly<Record<string, Row>> = {
      tcp: { camera: { only: 'tcp' }, keys: 'transport: tcp' },
      udp: { camera: { login: 'digest' }, keys: 'transport: udp', ...login },
      // TCP is answered with 461.
      'udp-found-out': { camera: { only: 'udp' }, keys: 'transport: auto', fallbacks: 1 },
      http: { camera: { only: 'tcp' }, keys: 'transport: http' },
      tls: { camera: { login: 'digest', tls: tls.file }, keys: `fingerprint: '${tls.fingerprint}'`, ...login },
    };
    const sources = await Promise.all(
      Object.entries(rows).map(async ([name, { camera: shape, credentials, keys }]) => {
        const camera = await GstCamera.start(context, { codec: 'h264', audio: true, ...shape });
        return { name, url: camera.url(credentials), keys };
      }),
    );
    const distrustful = sources.filter(({ name }) => name === 'tls').map(({ url }) => ({ name: 'no', url, keys: '' }));
    const lines = [...sources, ...distrustful].map(
      ({ name, url, keys }) => `  ${name}: { source: '${url}', ${keys} }\n`,
    );
    const weir = await RunningWeir.start(context, `streams:\n${lines.join('')}`);
    await Promise.all(
      Object.entries(rows).map(async ([name, { fallbacks = 0 }]) => {
        await weir.untilState(name, 'live');
        await plays(`${weir.rtsp}/${name}`);
        const { source, tracks, received } = await weir.streamStatus(name);
        const encodings = tracks.map(({ encoding }) => encoding);
        assert.deepEqual([name, encodings, received.lost], [name, ['H264', 'MPEG4-GENERIC'], 0]);
        assert.deepEqual(
          [source.faults['transportFallbacks'] ?? 0, source.faults['strayDatagrams'] ?? 0],
          [fallbacks, 0],
          name,
        );
      }),
    );
    const { error } = await weir.streamStatus('no');
    assert.equal(error?.code, 'source-certificate');
    assert.ok(error.message.includes(tls.fingerprint), 'it says what to copy');
  },
);

// gst-rtsp-server keeps the ports of its groups for itself, so that nobody on its own machine can hear them.
peerTest('pulls a group of another weir', ['ffmpeg'], async (context) => {
  const env = { WEIR_RTSP_MULTICAST_RANGE: GROUP };
  const far = await RunningWeir.start(context, 'streams: { cam: { source: test-pattern } }\n', { env });
  const near = await RunningWeir.start(
    context,
    `streams: { cam: { source: '${far.rtsp}/cam', transport: multicast } }\n`,
  );
  await near.untilState('cam', 'live');
  await plays(`${near.rtsp}/cam`);
  assert.equal((await near.streamStatus('cam')).received.lost, 0);
});

async function certificateWithKey(
  context: TestContext,
): Promise<{ readonly file: string; readonly fingerprint: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'weir-tls-'));
  context.after(() => rm(folder, { recursive: true }));
  const [certificate = '', key = ''] = await Promise.all(
    ['cert.pem', 'key.pem'].map((name) => readFile(path.join(CERTIFICATES, name), 'utf8')),
  );
  const file = path.join(folder, 'both.pem');
  await writeFile(file, certificate + key);
  return { file, fingerprint: new X509Certificate(certificate).fingerprint256 };
}

/** So many pictures without an error. */
async function plays(url: string): Promise<void> {
  await mustRun('ffmpeg', [
    ...'-v error -xerror -rtsp_transport tcp -i'.split(' '),
    `${url}?start=key`,
    ...`-frames:v ${PICTURES} -f null -`.split(' '),
  ]);
}
