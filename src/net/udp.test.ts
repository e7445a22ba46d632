import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../core/errors.ts';
import {
  bindUdp,
  bindUdpPair,
  bindUdpPairAt,
  groupError,
  type UdpAddress,
  type UdpPair,
  type UdpSocket,
} from './udp.ts';

const HOST = '127.0.0.1';

test('datagrams arrive whole, in pieces or in one, with who sent them', async () => {
  await using both = await twoSockets();
  const { one, other } = both;
  const heard = nextDatagrams(other, 2);
  const to = { host: HOST, port: other.port };
  one.send(Buffer.from('whole'), to);
  one.send([Buffer.from('in '), Buffer.from('pieces')], to);
  assert.deepEqual(await heard, [
    { text: 'whole', from: { host: HOST, port: one.port } },
    { text: 'in pieces', from: { host: HOST, port: one.port } },
  ]);
});

test('what cannot be sent is lost, and throws nothing', async () => {
  await using both = await twoSockets();
  const { one, other } = both;
  const heard = nextDatagrams(other, 1);
  one.send(Buffer.alloc(70_000), { host: HOST, port: other.port });
  one.send(Buffer.from('no address'), { host: 'camera.example', port: other.port });
  one.send(Buffer.from('after'), { host: HOST, port: other.port });
  assert.equal((await heard)[0]?.text, 'after');
  await one.close();
  await one.close();
  one.send(Buffer.from('closed'), { host: HOST, port: other.port });
});

test('a port that is none: dropped and counted, and the sender told', async () => {
  await using both = await twoSockets();
  const { one, other } = both;
  const heard = nextDatagrams(other, 1);
  const ports = [0, 65_536, -1, 1_000_000, Number.NaN];
  const codes: unknown[] = [];
  for (const port of ports) {
    one.send(Buffer.from('nowhere'), { host: HOST, port });
    one.send(Buffer.from('nowhere'), { host: HOST, port }, (error) =>
      codes.push(error instanceof WeirError && error.code),
    );
  }
  one.send(Buffer.from('after'), { host: HOST, port: other.port });
  assert.equal((await heard)[0]?.text, 'after');
  assert.equal(one.unsent, 2 * ports.length);
  assert.deepEqual(
    codes,
    ports.map(() => 'transport-unsupported'),
  );
});

test('a port that is none is not bound: listen-refused', async () => {
  for (const port of [-1, 65_536, Number.NaN])
    await assert.rejects(
      bindUdp({ host: HOST, port }),
      (error) => error instanceof WeirError && error.code === 'listen-refused',
      `${port}`,
    );
  // Its first port may be another program's.
  await assert.rejects(bindUdpPairAt(HOST, 65_535), (error) => error instanceof WeirError);
  await assert.rejects(bindUdpPairAt(HOST, 65_536), { code: 'listen-refused' });
});

test('a pair is an even port and its neighbour', async () => {
  const pair = await bindUdpPair(HOST);
  assert.equal(pair.rtp.port % 2, 0);
  assert.equal(pair.rtcp.port, pair.rtp.port + 1);
  await assert.rejects(bindUdpPairAt(HOST, pair.rtp.port), { code: 'port-in-use' });
  await pair.close();
});

test('a pair within a range: the first that is free', async () => {
  const held = await heldPair();
  const low = held.rtp.port - 1;
  // Other programs take ports of it at the same time: wide enough that one pair is free.
  const range = [low, low + 200] as const;
  const next = await bindUdpPair(HOST, range);
  assert.ok(next.rtp.port > held.rtcp.port && next.rtcp.port <= range[1], `${next.rtp.port} of ${range.join('-')}`);
  await assert.rejects(
    bindUdpPair(HOST, [held.rtp.port, held.rtcp.port]),
    (error) => error instanceof WeirError && error.code === 'port-in-use' && error.expected !== undefined,
  );
  await assert.rejects(
    bindUdpPair(HOST, range, () => true),
    { code: 'port-in-use' },
  );
  await Promise.all([held.close(), next.close()]);
});

test('an address that is not ours is listen-refused', async () => {
  await assert.rejects(bindUdp({ host: '192.0.2.1', port: 0 }), { code: 'listen-refused' });
  await assert.rejects(bindUdp({ host: HOST, port: 0, group: 'not a group' }), { code: 'listen-refused' });
});

test('whether groups can be sent to is known before anything is', async () => {
  const group = { host: '239.255.255.250', port: 9 };
  assert.equal(await groupError({ host: HOST, port: 0, interfaceHost: HOST }, group), undefined);
  // Of nobody's machine (RFC 5737).
  assert.equal((await groupError({ host: '192.0.2.1', port: 0 }, group))?.code, 'listen-refused');
  assert.equal((await groupError({ host: HOST, port: 0, interfaceHost: '192.0.2.1' }, group))?.code, 'listen-refused');
});

interface TwoSockets extends AsyncDisposable {
  readonly one: UdpSocket;
  readonly other: UdpSocket;
}

async function twoSockets(): Promise<TwoSockets> {
  const [one, other] = await Promise.all([bindUdp({ host: HOST, port: 0 }), bindUdp({ host: HOST, port: 0 })]);
  return {
    one,
    other,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([one.close(), other.close()]);
    },
  };
}

/** Far enough from the end of all ports. */
async function heldPair(): Promise<UdpPair> {
  const pair = await bindUdpPair(HOST);
  if (pair.rtp.port < 65_000) return pair;
  await pair.close();
  return bindUdpPair(HOST, [40_001, 65_000]);
}

function nextDatagrams(socket: UdpSocket, count: number): Promise<readonly { text: string; from: UdpAddress }[]> {
  const { promise, resolve } = Promise.withResolvers<readonly { text: string; from: UdpAddress }[]>();
  const heard: { text: string; from: UdpAddress }[] = [];
  socket.handle((datagram, from) => {
    heard.push({ text: new TextDecoder().decode(datagram), from });
    if (heard.length === count) resolve(heard);
  });
  return promise;
}
