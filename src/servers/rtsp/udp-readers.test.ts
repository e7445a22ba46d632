import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ServerSession } from '../../core/rtsp/server/session.ts';
import { bindUdp, bindUdpPair, type UdpSocket } from '../../net/udp.ts';
import { MAX_TRACKS_PER_ADDRESS, UdpReaders } from './udp-readers.ts';

const HOST = '127.0.0.1';
const session = (id: string): ServerSession => new ServerSession(id, 'play', 'yard', undefined, 0);

test('each track goes to the ports that were asked for, RTCP comes back to its session', async (context) => {
  const { readers, socket } = await house(context);
  const [rtp, rtcp] = [await socket(), await socket()];
  const reader = session('a');
  const heard = Promise.withResolvers<string>();
  assert.ok(
    readers.add(reader, 0, HOST, [rtp.port, rtcp.port], (packet) => heard.resolve(String(Buffer.from(packet)))),
  );
  const said = [next(rtp), next(rtcp)];
  const sender = readers.sender(reader, 0, HOST);
  sender?.rtp(Buffer.from('media'));
  sender?.rtcp(Buffer.from('report'));
  assert.deepEqual(await Promise.all(said), ['media', 'report']);
  rtcp.send(Buffer.from('heard'), { host: HOST, port: readers.ports[1] });
  assert.equal(await heard.promise, 'heard');
});

test('behind a NAT: the ports that datagrams come from, once; the next reader of that address has its own', async (context) => {
  const { readers, socket } = await house(context);
  const [first, second, stranger] = [await socket(), await socket(), await socket()];
  const told: string[] = [];
  let wake = Promise.withResolvers<void>();
  const listen = (name: string) => (): void => {
    told.push(name);
    wake.resolve();
  };
  const [a, b] = [session('a'), session('b')];
  // What a NAT hides, and rtspclientsink's 0-0 (mtx#50).
  readers.add(a, 0, HOST, [1, 1], listen('a'));
  readers.add(b, 0, HOST, [0, 0], listen('b'));
  for (const [socket, expected] of [
    [first, 'a'],
    [second, 'b'],
    [first, 'a'],
  ] as const) {
    wake = Promise.withResolvers();
    socket.send(Buffer.from('.'), { host: HOST, port: readers.ports[1] });
    await wake.promise;
    assert.equal(told.at(-1), expected);
  }
  // All are known: nobody else is listened to.
  stranger.send(Buffer.from('.'), { host: HOST, port: readers.ports[1] });
  const arrived = [next(first), next(second)];
  readers.sender(a, 0, HOST)?.rtcp(Buffer.from('to a'));
  readers.sender(b, 0, HOST)?.rtcp(Buffer.from('to b'));
  assert.deepEqual(await Promise.all(arrived), ['to a', 'to b']);
  wake = Promise.withResolvers();
  first.send(Buffer.from('.'), { host: HOST, port: readers.ports[1] });
  await wake.promise;
  assert.deepEqual(told, ['a', 'b', 'a', 'a']);
});

test('what left is sent nothing, and an address has a limit', async (context) => {
  const { readers } = await house(context);
  const reader = session('a');
  for (let track = 0; track < MAX_TRACKS_PER_ADDRESS; track++)
    assert.ok(readers.add(reader, track, HOST, [1, 1], () => {}));
  assert.equal(
    readers.add(session('b'), 0, HOST, [1, 1], () => {}),
    false,
  );
  // The same track again takes its own place.
  assert.equal(
    readers.add(reader, 0, HOST, [3, 3], () => {}),
    true,
  );
  readers.remove(reader, HOST);
  assert.equal(readers.sender(reader, 0, HOST), undefined);
  assert.ok(readers.add(session('b'), 0, HOST, [1, 1], () => {}));
});

async function house(
  context: TestContext,
): Promise<{ readonly readers: UdpReaders; readonly socket: () => Promise<UdpSocket> }> {
  const readers = new UdpReaders(await bindUdpPair(HOST));
  context.after(() => readers.close());
  const socket = async (): Promise<UdpSocket> => {
    const bound = await bindUdp({ host: HOST, port: 0 });
    context.after(() => bound.close());
    return bound;
  };
  return { readers, socket };
}

function next(socket: UdpSocket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.handle((datagram) => resolve(String(Buffer.from(datagram))));
  return promise;
}
