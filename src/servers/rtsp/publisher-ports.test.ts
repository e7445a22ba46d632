import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { REORDER_WINDOW_MS } from '../../core/rtp/reorder-window.ts';
import { writeRtpHeader } from '../../core/rtp/packet.ts';
import { bindUdp, bindUdpPair, type UdpSocket } from '../../net/udp.ts';
import { PublisherPorts } from './publisher-ports.ts';

const HOST = '127.0.0.1';

test('packets of each track, in order; what is missing is waited for a little while', async (context) => {
  const { ports, peer, taken, until, clock } = await house(context);
  const [video] = await ports.open(0, [1, 1]);
  const [audio, audioControl] = await ports.open(1, [1, 1]);
  for (const sequence of [7, 9, 8, 11]) peer.send(rtp(sequence), { host: HOST, port: video });
  peer.send(rtp(70), { host: HOST, port: audio });
  peer.send(Buffer.from('sr'), { host: HOST, port: audioControl });
  await until(5);
  assert.deepEqual(taken.toSorted(), ['0 rtp 7', '0 rtp 8', '0 rtp 9', '1 rtcp', '1 rtp 70']);
  clock.advance(REORDER_WINDOW_MS);
  assert.equal(taken.at(-1), '0 rtp 11');
});

test('reports go where it asked for, then where its own come from', async (context) => {
  const { ports, peer, until, socket } = await house(context);
  const asked = await socket();
  const [, control] = await ports.open(0, [1, asked.port]);
  const first = next(asked);
  ports.report(0, Buffer.from('first'));
  assert.equal(await first, 'first');
  peer.send(Buffer.from('sr'), { host: HOST, port: control });
  await until(1);
  const second = next(peer);
  ports.report(0, Buffer.from('second'));
  assert.equal(await second, 'second');
  ports.report(5, Buffer.from('no such track'));
});

test('from another address nothing is taken; closed, no socket is left', async (context) => {
  const { ports, peer, taken } = await house(context, '127.0.0.2');
  const before = await openSockets();
  const [video, control] = await ports.open(0, [1, 1]);
  assert.equal(await openSockets(), before + 2);
  assert.deepEqual(await ports.open(0, [2, 3]), [video, control]);
  peer.send(rtp(1), { host: HOST, port: video });
  peer.send(rtp(1), { host: HOST, port: control });
  // Over loopback they are there at once; ten thousand turns are none too few for any machine.
  for (let turns = 0; turns < 10_000 && ports.faults.strayDatagrams < 2; turns++) await new Promise(setImmediate);
  assert.equal(ports.faults.strayDatagrams, 2);
  assert.deepEqual(taken, []);
  await ports.close();
  await ports.close();
  assert.ok((await openSockets()) <= before);
});

test('closed while the ports of a track are bound: they are closed as well, and not kept', async (context) => {
  const { ports, peer, taken } = await house(context);
  const before = await openSockets();
  const opening = ports.open(0, [1, peer.port]);
  await ports.close();
  await opening;
  assert.ok((await openSockets()) <= before);
  ports.report(0, Buffer.from('nobody'));
  assert.deepEqual(taken, []);
});

interface House {
  readonly ports: PublisherPorts;
  readonly peer: UdpSocket;
  readonly taken: string[];
  readonly clock: ManualClock;
  readonly until: (count: number) => Promise<void>;
  readonly socket: () => Promise<UdpSocket>;
}

async function house(context: TestContext, peerHost = HOST): Promise<House> {
  const socket = async (): Promise<UdpSocket> => {
    const bound = await bindUdp({ host: HOST, port: 0 });
    context.after(() => bound.close());
    return bound;
  };
  const clock = new ManualClock();
  const taken: string[] = [];
  let more = Promise.withResolvers<void>();
  // A range that nothing else uses, as far as the system knows.
  const free = await bindUdpPair(HOST);
  await free.close();
  const ports = new PublisherPorts({
    host: HOST,
    range: [free.rtp.port, Math.min(free.rtp.port + 200, 65_535)],
    peerHost,
    clock,
    packet: (track, part, packet) => {
      taken.push(part === 'rtp' ? `${track} rtp ${((packet[2] ?? 0) << 8) | (packet[3] ?? 0)}` : `${track} rtcp`);
      more.resolve();
      more = Promise.withResolvers();
    },
    flush: () => {},
  });
  context.after(() => ports.close());
  const until = async (count: number): Promise<void> => {
    while (taken.length < count) await more.promise;
  };
  return { ports, peer: await socket(), taken, clock, until, socket };
}

/** Of this process, whose tests run one by one; a socket that was closed counts to the end of the event loop's turn. */
async function openSockets(): Promise<number> {
  for (let turns = 0; turns < 2; turns++) await new Promise(setImmediate);
  return process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;
}

function rtp(sequence: number): Uint8Array {
  const packet = new Uint8Array(20);
  writeRtpHeader(packet, { payloadType: 96, sequence, timestamp: 0, ssrc: 1 }, true);
  return packet;
}

function next(socket: UdpSocket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.handle((datagram) => resolve(String(Buffer.from(datagram))));
  return promise;
}
