/**
 * Peers that say anything on real sockets, some of them while media flows to them, about their own sessions and each other's, and leave in any way, at
 * once or after minutes: nobody else notices, no reader or session stays behind, and what goes wrong is the peer's fault, with a code.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { FUZZ_ROUNDS, FUZZ_SEED, oneOf, pieces } from '../../../test/harness/fuzz.ts';
import { below, mutated, type Random } from '../../../test/harness/mutations.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { ANNOUNCED } from '../../core/rtsp/server/fake-peer.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import { writeGoodbye, writeReceiverReport } from '../../core/rtcp/write.ts';
import { bindUdp, bindUdpPair, type UdpSocket } from '../../net/udp.ts';
import type { TrackSink } from '../../stream/source.ts';
import { House } from './fake-house.ts';
import { batchOf } from './fake-stream.ts';

/** In the unit run 60 peers, four at a time. */
const TURNS = Math.ceil((FUZZ_ROUNDS * 15) / 100_000);
const AT_ONCE = 4;
const SAID = 12;
/** A turn. */
const DATAGRAMS = 20;
/** Between two turns at most: of several, every deadline of a connection comes. */
const TURN_MS_MAX = 20_000;
/** Of sessions, the newest. */
const REMEMBERED = 20;

const NO_TRACK: TrackSink = {
  packet: () => undefined,
  senderReport: () => undefined,
  goodbye: () => undefined,
  accessUnit: () => undefined,
  flush: () => undefined,
};

test('wild peers', async () => {
  const near = await bindUdp({ host: '127.0.0.1', port: 0 });
  const far = await bindUdp({ host: '127.0.0.2', port: 0 });
  const free = await bindUdpPair('127.0.0.1');
  await free.close();
  const publisherPorts = [free.rtp.port, Math.min(free.rtp.port + 20, 65_535)] as const;
  await using house = await House.open({ kind: 'open' }, { udp: { port: 0, publisherPorts } });
  const random = seededRandom(FUZZ_SEED);
  const over = new AbortController();
  house.registry.take = async (source) => {
    await source.run({ announce: (tracks) => tracks.map(() => NO_TRACK) }, over.signal).catch(() => undefined);
    return undefined;
  };
  const good = house.peer();
  await good.play();
  const ports = [publisherPorts[0], publisherPorts[0] + 1, ...(await readersPorts(house))];
  const wild: Wild = { house, near, far, ports, ids: [], staying: new Set() };
  let ticks = 9000;
  for (let turn = 0; turn < TURNS; turn++) {
    const peers = Array.from({ length: AT_ONCE }, () => wildPeer(wild, random));
    for (let i = 0; i < DATAGRAMS; i++) sendDatagram(wild, random);
    house.yard.deliver(batchOf(0, (ticks += 3600), turn % 5 === 0));
    await Promise.all(peers);
    for (const socket of wild.staying) if (random() < 0.7) say(socket, wild, random);
    await good.ask('OPTIONS');
    house.clock.advance(below(TURN_MS_MAX, random));
    // Whoever is attached plays, or begins to: nothing is held for an answer that went nowhere.
    const isPlaying = (): boolean => {
      house.clock.advance(1);
      return house.yard.readers.size <= playing(house);
    };
    await house.until('only who plays is attached', isPlaying, good);
  }
  for (const socket of wild.staying) socket.destroy();
  assert.equal((await good.ask('OPTIONS')).status, 200, `WEIR_SEED=${FUZZ_SEED}`);
  let media = 0;
  while (media < TURNS) media += (await good.take(1)).filter(({ channel }) => channel === 0).length;
  const isAlone = (): boolean => house.yard.readers.size === 1 && house.server.sessions().length === 1;
  await house.until('the wild ones are gone', isAlone, good);
  over.abort();
  await Promise.all([near.close(), far.close()]);
  assert.deepEqual(
    house.log.lines.filter(({ level }) => level === 'error'),
    [],
  );
});

interface Wild {
  readonly house: House;
  /** What datagrams come from: the peers' own host, and another. */
  readonly near: UdpSocket;
  readonly far: UdpSocket;
  /** Where they go: of publishers and of readers. */
  readonly ports: readonly number[];
  /** Of sessions of theirs, for others to name as well. */
  readonly ids: string[];
  /** Those that did not leave. */
  readonly staying: Set<Socket>;
}

function playing(house: House): number {
  return house.server.sessions().filter(({ state }) => state === 'playing').length;
}

/** As a SETUP is told them; its peer leaves. */
async function readersPorts(house: House): Promise<readonly number[]> {
  const peer = house.peer();
  const reply = await peer.ask('SETUP', '/trackID=0', { Transport: 'RTP/AVP;unicast;client_port=0-0' });
  const ports = /server_port=(\d+)-(\d+)/
    .exec(reply.headers.get('Transport') ?? '')
    ?.slice(1)
    .map(Number);
  assert.equal(ports?.length, 2);
  peer.socket.destroy();
  return ports ?? [];
}

function sendDatagram({ near, far, ports }: Wild, random: Random): void {
  const good = oneOf([writeReceiverReport(1, [], 'wild'), writeGoodbye(1), new Uint8Array(12).fill(0x80)], random);
  const any = new Uint8Array(oneOf([0, 1, 11, 1472, 9000], random)).fill(below(256, random));
  const datagram = oneOf([good, mutated(good, random), any], random);
  (random() < 0.8 ? near : far).send(datagram, { host: '127.0.0.1', port: oneOf(ports, random) });
}

async function wildPeer(wild: Wild, random: Random): Promise<void> {
  const { house, ids, staying } = wild;
  const socket = connect(house.server.address.port, '127.0.0.1');
  const closed = Promise.withResolvers<void>();
  socket.on('close', () => {
    staying.delete(socket);
    closed.resolve();
  });
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    for (const [, id = ''] of chunk.toString('latin1').matchAll(/^Session: (\w+)/gm)) ids.push(id);
    ids.splice(0, Math.max(0, ids.length - REMEMBERED));
  });
  await once(socket, 'connect');
  const mood = random();
  const tunnel = random() < 0.3;
  if (tunnel) socket.write(tunnelHead(random));
  for (let said = 0; said < SAID && socket.writable; said++) {
    const plain = something(wild, random);
    const bytes = tunnel && random() < 0.9 ? Buffer.from(Buffer.from(plain).toString('base64')) : plain;
    for (const piece of pieces(random() < mood ? bytes : mutated(bytes, random), 2000, random)) socket.write(piece);
    if (random() < 0.2) await new Promise(setImmediate);
  }
  if (random() < 0.3) {
    staying.add(socket);
    return;
  }
  if (random() < 0.5) socket.end();
  else socket.destroy();
  await closed.promise;
}

/** Once more, and well: who stays has to be kept alive now and then. */
function say(socket: Socket, wild: Wild, random: Random): void {
  if (socket.writable) socket.write(something(wild, random));
}

function something({ house, near, ids }: Wild, random: Random): Uint8Array {
  const base = `rtsp://127.0.0.1:${house.server.address.port}/${random() < 0.9 ? 'yard' : 'new'}`;
  const session = ids.length > 0 && random() < 0.4 ? [`Session: ${oneOf(ids, random)}`] : [];
  return anything(base, near.port, session, random);
}

/** One of the two halves of a tunnel; now and then both come, from different peers. */
function tunnelHead(random: Random): Uint8Array {
  const method = random() < 0.5 ? 'GET' : 'POST';
  const head = `${method} /yard HTTP/1.${below(2, random)}\r\nx-sessioncookie: c${below(2, random)}\r\n`;
  const whole = Buffer.from(`${head}Content-Type: application/x-rtsp-tunnelled\r\nContent-Length: 32767\r\n\r\n`);
  return random() < 0.2 ? mutated(whole, random) : whole;
}

function anything(base: string, udpPort: number, session: readonly string[], random: Random): Uint8Array {
  const channels = below(4, random);
  const port = (): number => oneOf([0, 1, 65_535, udpPort], random);
  switch (below(12, random)) {
    case 0:
      return frame(
        channels,
        Uint8Array.from({ length: below(300, random) }, () => below(256, random)),
      );
    case 1:
      return request('ANNOUNCE', base, ['Content-Type: application/sdp'], ANNOUNCED);
    case 2:
      return request('SETUP', `${base}/streamid=0`, ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record']);
    case 3:
      return request('RECORD', base, session);
    case 10:
    case 11: {
      const transport = `Transport: RTP/AVP;unicast;client_port=${port()}-${port()}`;
      return random() < 0.4
        ? request('SETUP', `${base}/streamid=0`, [`${transport};mode=record`])
        : request('SETUP', `${base}/trackID=${channels}`, [transport]);
    }
    case 4:
    case 5:
      return request('SETUP', `${base}/trackID=${channels}`, [
        `Transport: RTP/AVP/TCP;interleaved=${channels}`,
        ...session,
      ]);
    case 6:
    case 7:
      return request('PLAY', base, session);
    default:
      return request(
        oneOf(['OPTIONS', 'DESCRIBE', 'PAUSE', 'TEARDOWN', 'GET_PARAMETER', 'BREW'], random),
        base,
        session,
      );
  }
}

function request(method: string, uri: string, headers: readonly string[], body = ''): Uint8Array {
  const all = ['CSeq: 1', ...headers, ...(body === '' ? [] : [`Content-Length: ${body.length}`])];
  return Buffer.from(`${method} ${uri} RTSP/1.0\r\n${all.join('\r\n')}\r\n\r\n${body}`);
}
