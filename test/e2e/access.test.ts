/** Users, passwords and rights, as ffmpeg and browsers use them, over RTSP and HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeClip } from '../harness/clips.ts';
import { peerTest } from '../harness/peers.ts';
import { runProgram } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const CONFIG = `access:
  users:
    - { name: guard, password: 'see@me#1', may: [ read ], streams: [ 'lobby' ] }
    - { name: encoder, password: 'push', may: [ publish ], streams: [ 'lobby' ] }
    - { name: chief, password: 'all', may: [ read, publish, playback, manage ] }
streams:
  lobby: { source: publish }
  yard: { source: test-pattern }
`;

const basic = (name: string, password: string): RequestInit => ({
  headers: { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
});

test('HTTP asks who it is, and answers each user what is his', async (context) => {
  const weir = await RunningWeir.start(context, CONFIG);
  const anonymous = await weir.fetch('/yard/index.m3u8');
  assert.equal(anonymous.status, 401);
  assert.match(anonymous.headers.get('www-authenticate') ?? '', /^Basic realm=/);
  assert.equal((await weir.fetch('/yard/index.m3u8', basic('chief', 'wrong'))).status, 401);
  assert.equal((await weir.fetch('/yard/index.m3u8', basic('guard', 'see@me#1'))).status, 403);
  await weir.until(async () => (await weir.fetch('/yard/index.m3u8', basic('chief', 'all'))).ok, 'HLS for the chief');
  assert.equal((await weir.fetch('/healthz')).status, 200);
  assert.equal((await weir.fetch('/api/v1/streams')).status, 401);
  const streams = await (await weir.fetch('/api/v1/streams', basic('guard', 'see@me#1'))).text();
  assert.ok(streams.includes('lobby') && !streams.includes('yard'), streams);
  assert.equal((await weir.fetch('/metrics')).status, 401);
});

peerTest('RTSP asks for Digest; rights bind who publishes and who reads', ['ffmpeg', 'ffprobe'], async (context) => {
  const clip = await makeClip(context, { seconds: 4, audio: false });
  const weir = await RunningWeir.start(context, CONFIG);
  const at = (credentials: string, stream: string): string =>
    weir.rtsp.replace('rtsp://', `rtsp://${credentials}`) + `/${stream}`;
  const push = (credentials: string) =>
    runProgram('ffmpeg', [
      '-v',
      'error',
      '-i',
      clip,
      '-c',
      'copy',
      '-f',
      'rtsp',
      '-rtsp_transport',
      'tcp',
      at(credentials, 'lobby'),
    ]);
  const probe = (credentials: string, stream: string) =>
    runProgram(
      'ffprobe',
      [
        '-v',
        'error',
        '-rtsp_transport',
        'tcp',
        '-show_entries',
        'stream=codec_name',
        '-of',
        'csv=p=0',
        at(credentials, stream),
      ],
      30_000,
    );

  assert.match((await push('')).stderr, /401/);
  assert.match((await push('guard:see%40me%231@')).stderr, /403/);
  assert.equal((await push('encoder:push@')).code, 0);
  assert.match((await probe('', 'yard')).stderr, /401/);
  assert.match((await probe('chief:wrong@', 'yard')).stderr, /401/);
  assert.match((await probe('guard:see%40me%231@', 'yard')).stderr, /403/);
  assert.match((await probe('chief:all@', 'yard')).stdout, /h264/);
  for (const secret of ['see@me', 'see%40me']) assert.ok(!weir.logText().includes(secret), 'a password is in the log');
});
