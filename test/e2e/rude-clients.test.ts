/** A thousand clients that say nothing, too little or too much, or never read: they cost others nothing, and go. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { CountingReader } from '../harness/ffmpeg.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

/** Ten seconds, and what a machine with much else to do takes for it. */
const KEPT_MS = 20_000;
const FRAMES_PER_SECOND = 25;
const TICKS_PER_PICTURE = 90_000 / FRAMES_PER_SECOND;

peerTest('a thousand rude clients while ffmpeg reads', ['ffmpeg'], async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { good: { source: test-pattern } }\n');
  await weir.untilState('good', 'live');
  const reader = new CountingReader(context, `${weir.rtsp}/good`);
  await weir.until(() => reader.pictures > FRAMES_PER_SECOND, 'pictures before');
  const before = reader.pictures;
  const crowd = await Promise.all(
    RUDE.flatMap((kind) => Array.from({ length: kind.clients }, (_, index) => join(context, weir.rtsp, kind, index))),
  );
  // Somebody who comes now is served.
  await mustRun(
    'ffmpeg',
    `-v error -rtsp_transport tcp -i ${weir.rtsp}/good -frames:v 25 -f null -`.split(' '),
    10_000,
  );
  await weir.until(() => crowd.every(({ gone }) => gone()), 'all of them to be gone', KEPT_MS);
  await weir.until(() => reader.pictures > before + FRAMES_PER_SECOND, 'pictures after');
  const times = reader.times.slice(before);
  const missing = times.filter((time, index) => time - (times[index - 1] ?? time) > 1.5 * TICKS_PER_PICTURE);
  assert.deepEqual(missing, [], 'no picture is missing');
  const metrics = await (await weir.fetch('/metrics')).text();
  for (const reason of ['request-timeout', 'head-too-long', 'limit-reached']) {
    assert.match(metrics, new RegExp(`weir_rtsp_closed_connections_total\\{reason="${reason}"\\} [1-9]`));
  }
  await weir.goesOn('good');
});

interface Rude {
  readonly clients: number;
  /** From which addresses they come: past a hundred of one that say nothing, the oldest go at once. */
  readonly address: (index: number) => string;
  /** What each does with its socket, now and then every `everyMs`. */
  readonly begin: (socket: Socket) => void;
  readonly everyMs?: number;
  readonly say?: (socket: Socket, rtsp: string) => void;
}

const RUDE: readonly Rude[] = [
  { clients: 200, address: () => '127.1.0.1', begin: () => {} },
  { clients: 260, address: (index) => `127.2.0.${1 + (index % 4)}`, begin: () => {} },
  {
    clients: 260,
    address: (index) => `127.3.0.${1 + (index % 4)}`,
    begin: (socket) => socket.write('OPT'),
    everyMs: 1000,
    say: (socket) => socket.write('A'),
  },
  {
    clients: 260,
    address: (index) => `127.4.0.${1 + (index % 4)}`,
    begin: (socket) => socket.write('OPTIONS * RTSP/1.0\r\n'),
    everyMs: 200,
    say: (socket) => socket.write(`X-${'x'.repeat(1000)}: y\r\n`),
  },
  {
    clients: 4,
    address: () => '127.5.0.1',
    begin: (socket) => socket.pause(),
    // Systems take megabytes that nobody reads: so much that they are full in good time.
    everyMs: 20,
    say: (socket, rtsp) => socket.write(`DESCRIBE ${rtsp}/good RTSP/1.0\r\nCSeq: 1\r\n\r\n`.repeat(28)),
  },
];

async function join(
  context: TestContext,
  rtsp: string,
  rude: Rude,
  index: number,
): Promise<{ readonly gone: () => boolean }> {
  const { hostname, port } = new URL(rtsp);
  const socket = connect({ host: hostname, port: Number(port), localAddress: rude.address(index) });
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  const timer = setInterval(() => rude.say?.(socket, rtsp), rude.everyMs ?? 1000);
  const stop = (): void => clearInterval(timer);
  rude.begin(socket);
  socket.on('close', stop);
  context.after(() => {
    stop();
    socket.destroy();
  });
  return { gone: () => socket.closed };
}
