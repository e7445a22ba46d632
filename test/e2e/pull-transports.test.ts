/** weir pulls by each way that media can travel, and what it gets is whole. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { GstCamera, type GstCameraShape } from '../harness/gst-camera.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun, runProgram } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const PICTURES = 50;
/** A group that no other test of this machine sends to. */
const GROUP = `239.21.${(process.pid >> 8) & 255}.${process.pid & 255}/32`;
const CERTIFICATES = path.resolve(import.meta.dirname, '../fixtures/tls');

interface Row {
  readonly url: string;
  /** What the stream is told, beside its source. */
  readonly keys: string;
  /** What the status says of it. */
  readonly transport: string;
  readonly fallbacks?: number;
}

peerTest('pulls in each way, as told and as found out', ['gst-rtsp-server', 'ffmpeg'], async (context) => {
  const tls = await certificateWithKey(context);
  const camera = async (shape: Partial<GstCameraShape>): Promise<string> => {
    const started = await GstCamera.start(context, { codec: 'h264', audio: true, ...shape });
    return started.url(shape.login === undefined ? '' : 'camera:pass%3Aword@');
  };
  const env = { WEIR_RTSP_MULTICAST_RANGE: GROUP };
  const [tcpOnly, tunnelled, udpOnly, guarded, encrypted, far] = await Promise.all([
    camera({ only: 'tcp' }),
    camera({ only: 'tcp' }),
    camera({ only: 'udp' }),
    camera({ login: 'digest' }),
    camera({ login: 'digest', tls: tls.file }),
    RunningWeir.start(context, 'streams: { cam: { source: test-pattern } }\n', { env }),
  ]);
  const rows: Readonly<Record<string, Row>> = {
    tcp: { url: tcpOnly, keys: 'transport: tcp', transport: 'tcp' },
    http: { url: tunnelled, keys: 'transport: http', transport: 'tunnel' },
    udp: { url: guarded, keys: 'transport: udp', transport: 'udp' },
    'udp-found-out': { url: udpOnly, keys: 'transport: auto', transport: 'udp', fallbacks: 1 },
    multicast: { url: `${far.rtsp}/cam`, keys: 'transport: multicast', transport: 'multicast' },
    tls: { url: encrypted, keys: `fingerprint: '${tls.fingerprint}'`, transport: 'tls' },
  };
  const all = Object.entries({ ...rows, distrustful: { url: encrypted, keys: '' } });
  const lines = all.map(([name, { url, keys }]) => `  ${name}: { source: '${url}', ${keys} }\n`);
  const weir = await RunningWeir.start(context, `streams:\n${lines.join('')}`);
  await Promise.all(
    Object.entries(rows).map(async ([name, { transport, fallbacks = 0 }]) => {
      await weir.untilState(name, 'live');
      await plays(`${weir.rtsp}/${name}`);
      const { source, tracks, received } = await weir.streamStatus(name);
      const encodings = tracks.map(({ encoding }) => encoding);
      assert.deepEqual([name, encodings, received.lost], [name, ['H264', 'MPEG4-GENERIC'], 0]);
      assert.deepEqual([source.transport, source.faults['strayDatagrams'] ?? 0], [transport, 0], name);
      // What fails on the way is tried anew, from TCP on: each attempt finds it out again, until one has brought media.
      const found = source.faults['transportFallbacks'] ?? 0;
      assert.ok(
        fallbacks === 0 ? found === 0 : found >= fallbacks,
        `${name}: ${found} other ways, ${source.attempts} attempts`,
      );
    }),
  );
  const { error } = await weir.streamStatus('distrustful');
  assert.equal(error?.code, 'source-certificate');
  assert.ok(error.message.includes(tls.fingerprint), 'it says what to copy');
});

// gst-rtsp-server keeps the ports of its groups for itself: nobody on its own machine can hear them.
peerTest('pulls a group of gst-rtsp-server on another host', ['gst-rtsp-server', 'ffmpeg', 'veth'], async () => {
  const folder = path.join(import.meta.dirname, 'two-hosts');
  // Without the word that it is a test in a test, which would keep it from running.
  const inside = ['env', '-u', 'NODE_TEST_CONTEXT', process.execPath, path.join(folder, 'pull-a-group.ts')];
  const { code, stdout } = await runProgram('unshare', ['-rn', 'sh', path.join(folder, 'two-hosts.sh'), ...inside]);
  assert.equal(code, 0, stdout);
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
