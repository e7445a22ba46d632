import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { writeGoodbye, writeReceiverReport } from '../../core/rtcp/write.ts';
import { ServerSession } from '../../core/rtsp/server/session.ts';
import { bindUdp, bindUdpPair, type UdpAddress, type UdpSocket } from '../../net/udp.ts';
import { MAX_TRACKS_PER_ADDRESS, UdpReaders, type UdpTrackOptions } from './udp-readers.ts';

const HOST = '127.0.0.1';
const session = (id: string): ServerSession => new ServerSession(id, 'play', 'yard', undefined, 0);

test('each track goes to the ports that were asked for, RTCP comes back to its session', async (context) => {
  const { readers, socket } = await house(context);
  const [rtp, rtcp] = [await socket(), await socket()];
  const reader = session('a');
  const heard = Promise.withResolvers<string>();
  const told = (packet: Uint8Array): void => heard.resolve(String(Buffer.from(packet)));
  assert.ok(readers.add({ ...track(reader, 0), clientPorts: [rtp.port, rtcp.port], heard: told }));
  const said = [next(rtp), next(rtcp)];
  const sender = readers.sender(reader, 0, HOST);
  sender?.rtp(Buffer.from('media'));
  sender?.rtcp(Buffer.from('report'));
  assert.deepEqual(await Promise.all(said), ['media', 'report']);
  rtcp.send(Buffer.from('heard'), { host: HOST, port: readers.ports[1] });
  assert.equal(await heard.promise, 'heard');
});

interface Row {
  readonly name: string;
  /** Session, declared port of RTP (RTCP's is the next; 0: none of either), SSRC. */
  readonly tracks: readonly (readonly [session: string, declared: number, ssrc: number])[];
  /** What comes, from which port, and whose track it is found to be of: its index; undefined: nobody's. */
  readonly came: readonly (readonly [
    part: 'rtp' | 'rtcp',
    from: number,
    datagram: Uint8Array,
    of: number | undefined,
  ])[];
  /** Where RTP, and where RTCP, of each track goes in the end; undefined: nowhere. */
  readonly goes: readonly (readonly [rtp: number | undefined, rtcp: number | undefined])[];
}

const PUNCH = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const SILENT = writeReceiverReport(9, [], 'reader');
const BYE = writeGoodbye(9);
const ROWS: readonly Row[] = [
  {
    name: 'the declared ports hold against a stranger behind the same address, who came first or later',
    tracks: [['a', 5000, 1]],
    came: [
      ['rtp', 40000, PUNCH, 0],
      ['rtp', 5000, PUNCH, 0],
      ['rtp', 40000, PUNCH, undefined],
      ['rtcp', 40001, SILENT, 0],
      ['rtcp', 5001, SILENT, 0],
      ['rtcp', 40001, SILENT, undefined],
    ],
    goes: [[5000, 5001]],
  },
  {
    name: 'behind a NAT: of the only session that was not heard yet, track by track, once',
    tracks: [
      ['a', 1, 1],
      ['a', 3, 2],
    ],
    came: [
      ['rtp', 40000, PUNCH, 0],
      ['rtp', 40002, PUNCH, 1],
      ['rtp', 40004, PUNCH, undefined],
      ['rtp', 40000, PUNCH, 0],
      ['rtcp', 40001, SILENT, 0],
      ['rtcp', 40003, SILENT, 1],
      ['rtcp', 40005, SILENT, undefined],
    ],
    goes: [
      [40000, 40001],
      [40002, 40003],
    ],
  },
  {
    name: 'of two sessions that were not heard yet nobody is guessed',
    tracks: [
      ['a', 5000, 1],
      ['b', 6000, 1],
    ],
    came: [
      ['rtp', 40000, PUNCH, undefined],
      ['rtcp', 40001, SILENT, undefined],
      ['rtcp', 40001, about(1), undefined],
      ['rtcp', 5001, SILENT, 0],
      ['rtcp', 6001, SILENT, 1],
    ],
    goes: [
      [5000, 5001],
      [6000, 6001],
    ],
  },
  {
    name: 'a report says by its SSRC whose it is; about nobody it is nobody’s',
    tracks: [
      ['a', 5000, 1],
      ['b', 6000, 2],
    ],
    came: [
      ['rtcp', 40001, about(2), 1],
      ['rtcp', 41001, about(3), undefined],
      ['rtcp', 41001, about(1), 0],
      // Known ports need none.
      ['rtcp', 41001, about(3), 0],
    ],
    goes: [
      [5000, 41001],
      [6000, 40001],
    ],
  },
  {
    name: 'the BYE of a session that ended is not of the next',
    tracks: [['b', 6000, 1]],
    came: [
      ['rtcp', 5001, BYE, undefined],
      ['rtcp', 6001, BYE, 0],
    ],
    goes: [[6000, 6001]],
  },
  {
    name: 'no port is declared (mtx#50): the first that something comes from, before it nothing is sent',
    tracks: [
      ['a', 5000, 1],
      ['b', 0, 2],
      ['c', 0, 3],
    ],
    came: [
      ['rtp', 40000, PUNCH, 1],
      ['rtcp', 40001, SILENT, 1],
    ],
    goes: [
      [5000, 5001],
      [40000, 40001],
      [undefined, undefined],
    ],
  },
  {
    name: 'the same port is declared by two behind one address: the one that is there has it',
    tracks: [
      ['a', 5000, 1],
      ['b', 5000, 2],
    ],
    came: [
      ['rtp', 5000, PUNCH, 0],
      ['rtp', 5000, PUNCH, 0],
      ['rtp', 40000, PUNCH, 1],
      ['rtcp', 5001, about(2), 1],
      ['rtcp', 5001, SILENT, 1],
      ['rtcp', 40001, SILENT, 0],
    ],
    goes: [
      [5000, 40001],
      [40000, 5001],
    ],
  },
  {
    name: 'port 0 is none',
    tracks: [['a', 0, 1]],
    came: [['rtp', 0, PUNCH, undefined]],
    goes: [[undefined, undefined]],
  },
];

for (const { name, tracks, came, goes } of ROWS) {
  test(name, () => {
    const [rtp, rtcp] = [new FakeSocket(8000), new FakeSocket(8001)];
    const readers = new UdpReaders({ rtp, rtcp, close: () => Promise.resolve() });
    const sessions = new Map(tracks.map(([id]) => [id, session(id)]));
    const told: number[] = [];
    const added = tracks.map(([id, declared, ssrc], track) => {
      const reader = sessions.get(id) ?? session(id);
      const clientPorts = [declared, declared === 0 ? 0 : declared + 1] as const;
      const heard = (): void => void told.push(track);
      readers.add({ session: reader, track, ssrc, host: HOST, clientPorts, heard });
      return readers.sender(reader, track, HOST);
    });
    for (const [part, port, datagram, of] of came) {
      const before = readers.stray;
      (part === 'rtp' ? rtp : rtcp).receive(datagram, port);
      assert.equal(readers.stray - before, of === undefined ? 1 : 0, `${part} from ${port}`);
      if (part === 'rtcp') assert.equal(told.pop(), of, `${part} from ${port}`);
    }
    const sent = added.map((sender) => {
      sender?.rtp(PUNCH);
      sender?.rtcp(SILENT);
      return [rtp.sentTo.pop(), rtcp.sentTo.pop()];
    });
    assert.deepEqual(sent, goes);
  });
}

test('what left is sent nothing, and an address has a limit', async (context) => {
  const { readers } = await house(context);
  const reader = session('a');
  for (let index = 0; index < MAX_TRACKS_PER_ADDRESS; index++) assert.ok(readers.add(track(reader, index)));
  assert.equal(readers.add(track(session('b'), 0)), false);
  // The same track again takes its own place.
  assert.equal(readers.add(track(reader, 0)), true);
  readers.remove(reader, HOST, 0);
  assert.equal(readers.sender(reader, 0, HOST), undefined);
  assert.notEqual(readers.sender(reader, 1, HOST), undefined);
  readers.remove(reader, HOST);
  assert.equal(readers.sender(reader, 1, HOST), undefined);
  assert.ok(readers.add(track(session('b'), 0)));
});

class FakeSocket implements UdpSocket {
  readonly port: number;
  readonly unsent = 0;
  readonly sentTo: number[] = [];
  receive: (datagram: Uint8Array, port: number) => void = () => {};

  constructor(port: number) {
    this.port = port;
  }

  send(_datagram: Uint8Array | readonly Uint8Array[], to: UdpAddress): void {
    this.sentTo.push(to.port);
  }

  handle(receive: (datagram: Uint8Array, from: UdpAddress) => void): void {
    this.receive = (datagram, port) => receive(datagram, { host: HOST, port });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function track(reader: ServerSession, index: number): UdpTrackOptions {
  return { session: reader, track: index, ssrc: index, host: HOST, clientPorts: [1, 1], heard: () => {} };
}

/** A report on the stream of that SSRC. */
function about(ssrc: number): Uint8Array {
  const block = { ssrc, fractionLost: 0, cumulativeLost: 0, highestSequence: 0, jitter: 0 };
  return writeReceiverReport(9, [{ ...block, lastSenderReport: 0, delaySinceLastSenderReport: 0 }], 'reader');
}

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
