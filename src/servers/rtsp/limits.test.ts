/** What rude peers are kept to, each limit by its name. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_BODY_BYTES, MAX_HEAD_BYTES } from '../../core/rtsp/wire/framer.ts';
import type { RtspResponse } from '../../core/rtsp/wire/message.ts';
import { MAX_HEADERS } from '../../core/rtsp/wire/parse-head.ts';
import { FIRST_REQUEST_MS, MAX_PIPELINED_REQUESTS } from '../../core/rtsp/server/connection.ts';
import { MAX_SESSIONS_PER_CONNECTION } from '../../core/rtsp/server/connection-sessions.ts';
import { MAX_SESSIONS_PER_ADDRESS } from '../../core/rtsp/server/session-table.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { Admission, MAX_UNPROVEN_CONNECTIONS, MAX_UNPROVEN_PER_ADDRESS, type Unproven } from './admission.ts';
import { TRACKS_WAIT_MS } from './answers.ts';
import { MESSAGE_MS } from './message-stream.ts';
import { House } from './fake-house.ts';
import { VIDEO } from './fake-stream.ts';
import type { Peer } from './fake-peer.ts';
import { MAX_CONNECTIONS } from './server.ts';

describe('a peer is closed, and told why, that', () => {
  const rows: readonly (readonly [string, string | undefined, number, string])[] = [
    ['says nothing', undefined, FIRST_REQUEST_MS, '408 request-timeout'],
    ['says the beginning of a request', 'OPTIONS * RT', MESSAGE_MS, '408 request-timeout'],
    [
      'says a head without a body',
      'ANNOUNCE rtsp://x/y RTSP/1.0\r\nContent-Length: 9\r\n\r\nv=0',
      MESSAGE_MS,
      '408 request-timeout',
    ],
    ['says an endless head', `OPTIONS * RTSP/1.0\r\nX: ${'x'.repeat(MAX_HEAD_BYTES)}`, 0, '400 head-too-long'],
    [
      'says too many headers',
      `OPTIONS * RTSP/1.0\r\n${'a: b\r\n'.repeat(MAX_HEADERS + 1)}\r\n`,
      0,
      '400 head-too-long',
    ],
    [
      'announces a body too long',
      `ANNOUNCE rtsp://x/y RTSP/1.0\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`,
      0,
      '413 body-too-long',
    ],
  ];
  for (const [what, text, waitMs, expected] of rows) {
    it(what, async () => {
      await using house = await House.open();
      const [peer, other] = [house.peer(), house.peer()];
      if (text !== undefined) peer.socket.write(text);
      await other.ask('DESCRIBE');
      await other.ask('DESCRIBE');
      house.clock.advance(waitMs);
      const reply = await peer.reply();
      assert.equal(`${reply.status} ${reply.headers.get('X-Weir-Error')?.split(';')[0]}`, expected);
      await peer.closed();
      assert.equal((await other.ask('OPTIONS')).status, 200);
      const code = expected.split(' ')[1];
      assert.ok(house.log.lines.some(({ fields }) => fields['code'] === code));
    });
  }
});

it('who asks more than may wait gets his answers in order, is refused the next, and closed', async () => {
  await using house = await House.open();
  const peer = house.peer();
  const asked = Array.from({ length: 3 * MAX_PIPELINED_REQUESTS }, (_, index) => describeYard(peer, index));
  peer.socket.write(asked.join(''));
  const replies: string[] = [];
  while (replies.length < MAX_PIPELINED_REQUESTS + 2) {
    const { status, headers } = await peer.reply();
    replies.push(`${headers.get('CSeq')}: ${status}`);
  }
  await peer.closed();
  const taken = Array.from({ length: MAX_PIPELINED_REQUESTS + 1 }, (_, index) => `${index}: 200`);
  assert.deepEqual(replies, [...taken, `${taken.length}: 453`]);
});

it('what cannot be read is told of after the answers to what came before', async () => {
  await using house = await House.open();
  const peer = house.peer();
  peer.socket.write(`${describeYard(peer, 1)}ANNOUNCE x RTSP/1.0\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`);
  assert.deepEqual([(await peer.reply()).status, (await peer.reply()).status], [200, 413]);
  await peer.closed();
});

it('what is neither request nor frame, and frames of nobody, are counted', async () => {
  await using house = await House.open();
  const peer = house.peer();
  peer.send(9, Uint8Array.of(0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1));
  peer.socket.write('\0\0\0');
  assert.equal((await peer.ask('DESCRIBE')).status, 200);
  const counts = new Map<string, number>();
  house.server.readMetrics({ set: (name, _, value) => counts.set(name, value) });
  assert.deepEqual([counts.get('weir_rtsp_stray_frames_total'), counts.get('weir_rtsp_skipped_bytes_total')], [1, 3]);
});

it('a byte a second does not keep a request open, whole requests do', async () => {
  await using house = await House.open();
  const [slow, steady] = [house.peer(), house.peer()];
  await steady.ask('OPTIONS');
  for (let passedMs = 0; passedMs < MESSAGE_MS; passedMs += 1000) {
    slow.socket.write('A');
    await steady.ask('OPTIONS');
    house.clock.advance(1000);
  }
  assert.equal((await slow.reply()).status, 408);
  await slow.closed();
});

it('a request that begins in the bytes that end one before it has its own time', async () => {
  await using house = await House.open();
  const [peer, steady] = [house.peer(), house.peer()];
  await peer.ask('OPTIONS');
  const request = 'OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n';
  const [first, last] = [request.slice(0, 9), request.slice(9)];
  for (const bytes of [first, last + first]) {
    peer.socket.write(bytes);
    if (bytes !== first) assert.equal((await peer.reply()).status, 200);
    await steady.ask('OPTIONS');
    house.clock.advance(MESSAGE_MS - 1000);
  }
  peer.socket.write(last);
  assert.equal((await peer.reply()).status, 200);
});

it('of those who did not say who they are, the oldest make room', async () => {
  await using house = await House.open();
  const proven = house.peer();
  await proven.ask('DESCRIBE');
  const silent = await all(house, MAX_UNPROVEN_PER_ADDRESS + 2);
  house.clock.advance(1000);
  for (const peer of silent.slice(0, 2)) {
    assert.equal((await peer.reply()).headers.get('X-Weir-Error')?.split(';')[0], 'limit-reached');
    await peer.closed();
  }
  assert.equal((await silent.at(-1)?.ask('OPTIONS'))?.status, 200);
  assert.equal((await proven.ask('OPTIONS')).status, 200);
});

it('who waits for a source that is being opened has said who he is', async () => {
  await using house = await House.open();
  house.yard.list = undefined;
  const waiting = house.peer();
  const described = waiting.ask('DESCRIBE');
  await all(house, MAX_UNPROVEN_PER_ADDRESS);
  house.clock.advance(1000);
  house.clock.advance(TRACKS_WAIT_MS);
  assert.equal((await described).status, 503);
});

it('of one address only so many sessions are set up, until others of it end', async () => {
  await using house = await House.open();
  const connections = MAX_SESSIONS_PER_ADDRESS / MAX_SESSIONS_PER_CONNECTION;
  const peers = Array.from({ length: connections + 1 }, () => house.peer());
  for (let session = 0; session < MAX_SESSIONS_PER_CONNECTION; session++) {
    await Promise.all(peers.slice(1).map(setUp));
  }
  const [more, full] = peers;
  assert.ok(more !== undefined && full !== undefined);
  const refused = await setUp(more);
  assert.deepEqual([refused.status, refused.headers.get('X-Weir-Error')?.split(';')[0]], [453, 'limit-reached']);
  full.socket.destroy();
  await house.until('they end', () => house.server.sessions().length < MAX_SESSIONS_PER_ADDRESS, more);
  assert.equal((await setUp(more)).status, 200);
  // Those who ask at once, while a source is being opened, are counted too.
  house.yard.list = undefined;
  const late = Array.from({ length: MAX_SESSIONS_PER_CONNECTION + 3 }, () => house.peer());
  late.forEach(sayToSetUp);
  await house.until('all wait', () => house.yard.waiting === late.length, more);
  house.yard.come([VIDEO]);
  const statuses = await Promise.all(late.map(async (peer) => (await peer.reply()).status));
  assert.equal(statuses.filter((status) => status === 200).length, MAX_SESSIONS_PER_CONNECTION - 1);
  assert.equal(house.server.sessions().length, MAX_SESSIONS_PER_ADDRESS);
});

it('so it is with all addresses together, at once', () => {
  const admission = new Admission();
  const connections = Array.from({ length: MAX_UNPROVEN_CONNECTIONS + 1 }, (_, index) =>
    at(`10.0.${index >> 8}.${index & 255}`),
  );
  const gone = connections.map((connection) => admission.enter(connection));
  assert.deepEqual(gone.indexOf(connections[0]), MAX_UNPROVEN_CONNECTIONS);
  assert.deepEqual(admission.surplus(), []);
});

it('each that comes gets the place of another, however long that takes to go', () => {
  const admission = new Admission();
  const connections = Array.from({ length: 3 * MAX_UNPROVEN_CONNECTIONS }, () => at('10.0.0.1'));
  const gone = connections.map((connection) => admission.enter(connection)).filter((one) => one !== undefined);
  assert.deepEqual(gone, connections.slice(0, 2 * MAX_UNPROVEN_CONNECTIONS));
});

it('connections that are to become tunnels count until they are closed', async () => {
  await using house = await House.open();
  for (let count = 0; count < MAX_CONNECTIONS; count++) {
    house.server.accept(stuckPipe('GET / HTTP/1.0\r\n'), 'tcp');
    // Once it is handed over it is not counted as RTSP any more.
    await Promise.resolve();
  }
  assert.deepEqual(house.server.connections.refused, 0);
  house.server.accept(stuckPipe(''), 'tcp');
  assert.deepEqual(house.server.connections.refused, 1);
});

/** So many connections, in order, each of which has said something. */
async function all(house: House, count: number): Promise<readonly Peer[]> {
  const peers: Peer[] = [];
  while (peers.length < count) {
    const peer = house.peer();
    await peer.ask('OPTIONS');
    peers.push(peer);
  }
  return peers;
}

function describeYard(peer: Peer, cseq: number): string {
  return `DESCRIBE ${peer.base} RTSP/1.0\r\nCSeq: ${cseq}\r\n\r\n`;
}

function setUp(peer: Peer): Promise<RtspResponse> {
  sayToSetUp(peer);
  return peer.reply();
}

function sayToSetUp(peer: Peer): void {
  peer.say('SETUP', '/trackID=0', { Transport: 'RTP/AVP/TCP;unicast' });
}

/** Says something at once, and takes for ever to close. */
function stuckPipe(says: string): BytePipe {
  const { pipe } = at('10.0.0.1');
  return { ...pipe, handle: (handler) => handler.data(Buffer.from(says)) };
}

const noop = (): boolean => false;

function at(remoteAddress: string): Unproven {
  const pipe = {
    remote: `${remoteAddress}:1`,
    remoteAddress,
    localAddress: undefined,
    bufferedBytes: 0,
    closed: false,
  };
  return { pipe: { ...pipe, write: noop, handle: noop, close: noop, destroy: noop } };
}
