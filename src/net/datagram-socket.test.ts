import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { test } from 'node:test';
import { DatagramSocket, MAX_WAITING_BYTES } from './datagram-socket.ts';

test('what waits for the system is bounded: past that datagrams are dropped and counted', async () => {
  const { socket, given, waits } = await slowSocket();
  const to = { host: '192.0.2.1', port: 5000 };
  const errors: (Error | null)[] = [];
  const datagram = Buffer.alloc(60_000);
  for (let i = 0; i < 100; i++) socket.send(datagram, to, (error) => errors.push(error));
  const fits = Math.floor(MAX_WAITING_BYTES / datagram.length) + 1;
  assert.deepEqual([given(), socket.unsent, errors.length], [fits, 100 - fits, 100 - fits]);
  assert.equal(errors[0] !== null && errors[0] !== undefined && 'code' in errors[0] && errors[0].code, 'limit-reached');
  waits(0);
  socket.send(datagram, to);
  assert.deepEqual([given(), socket.unsent], [fits + 1, 100 - fits]);
  await socket.close();
});

/** A socket whose network takes nothing. */
async function slowSocket(): Promise<{
  readonly socket: DatagramSocket;
  readonly given: () => number;
  readonly waits: (bytes: number) => void;
}> {
  const bound: Socket = createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<void>();
  bound.bind({ address: '127.0.0.1', port: 0 }, resolve);
  await promise;
  let waiting = 0;
  let given = 0;
  bound.getSendQueueSize = () => waiting;
  bound.send = (datagram: Uint8Array) => {
    waiting += datagram.length;
    given += 1;
  };
  const waits = (bytes: number): void => {
    waiting = bytes;
  };
  return { socket: new DatagramSocket(bound), given: () => given, waits };
}
