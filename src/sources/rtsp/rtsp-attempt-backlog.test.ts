import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { MemoryLog } from '../../base/memory-log.ts';
import { WeirError } from '../../core/errors.ts';
import { ClientMachine } from '../../core/rtsp/client/client-machine.ts';
import { parseRtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import { StuckPipe } from '../../net/fake-stuck-pipe.ts';
import { noIngestFaults } from '../../stream/rtp-ingest.ts';
import { hash } from './fake-camera.ts';
import { MAX_BACKLOG_BYTES } from './dialogue-carrier.ts';
import { RtspAttempt } from './rtsp-attempt.ts';

test('a source that asks without end and reads nothing is left, however much it asks at once', async () => {
  const url = parseRtspUrl('rtsp://192.0.2.1/live');
  assert.ok(!(url instanceof WeirError));
  const pipe = new StuckPipe();
  const attempt = new RtspAttempt({
    machine: new ClientMachine({
      url,
      timeouts: { responseMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 },
      label: 'camera',
      userAgent: 'weir',
      ways: ['tcp'],
      keepAlive: 'OPTIONS',
      hash,
      nonce: () => 'n',
    }),
    sink: { announce: () => [] },
    connect: () => Promise.resolve(pipe),
    connectMs: 10_000,
    clock: new ManualClock(),
    log: new MemoryLog(),
    ssrc: 1,
    cname: 'c',
    faults: { ...noIngestFaults(), strayDatagrams: 0 },
    announced: () => undefined,
  });
  const ended = assert.rejects(attempt.run(new AbortController().signal), { code: 'source-protocol' });
  const handler = await pipe.handling.promise;
  const question = Buffer.from(`OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nSession: ${'1'.repeat(200)}\r\n\r\n`);
  handler.data(Buffer.concat(Array.from({ length: 1000 }, () => question)));
  await ended;
  assert.ok(pipe.closed);
  assert.ok(pipe.bufferedBytes < MAX_BACKLOG_BYTES + 1024, `${pipe.bufferedBytes} bytes wait`);
});
