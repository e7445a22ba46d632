import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { SystemClock } from '../../base/clock.ts';
import { MemoryLog } from '../../base/memory-log.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import { probe } from './probe.ts';

const SDP = 'v=0\r\ns=-\r\nm=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\n';
const RTP = Uint8Array.from([0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, ...Array.from({ length: 160 }, () => 0xff)]);

test('what answers each SETUP for UDP with channels of its connection does not do UDP', async (context) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => answer(socket, chunk.toString('latin1')));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { report } = await probe({
    url: `rtsp://127.0.0.1:${address.port}/cam`,
    transport: 'auto',
    fingerprint: undefined,
    clock: new SystemClock(),
    log: new MemoryLog(),
    lookMs: 50,
    witness: { said: () => {}, packet: () => {}, senderReport: () => {} },
    signal: new AbortController().signal,
  });
  assert.deepEqual([report.error, report.transports], [null, { tcp: 'works', udp: 'refused' }]);
});

function answer(socket: Socket, text: string): void {
  for (const [, method = '', cseq = ''] of text.matchAll(/^([A-Z_]+) \S+ RTSP\/1\.0\r\n[^]*?CSeq: (\d+)\r\n/gm)) {
    const more =
      method === 'SETUP' ? 'Session: 7\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n' : 'Session: 7\r\n';
    const body = method === 'DESCRIBE' ? SDP : '';
    const type = body === '' ? '' : `Content-Type: application/sdp\r\nContent-Length: ${body.length}\r\n`;
    socket.write(`RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\n${method === 'DESCRIBE' ? '' : more}${type}\r\n${body}`);
    if (method === 'PLAY') socket.write(frame(0, RTP));
  }
}
