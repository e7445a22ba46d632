/**
 * Whatever two peers send on two connections, and however the edge answers: no exception, every limit holds, no channel is used twice, nothing is left
 * behind. Either may name the other's session.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FUZZ_ROUNDS, fuzz, oneOf } from '../../../../test/harness/fuzz.ts';
import { WeirError } from '../../errors.ts';
import { RtspFramer } from '../wire/framer.ts';
import { ServerConnection } from './connection.ts';
import { MAX_SESSIONS_PER_CONNECTION } from './connection-sessions.ts';
import { ANNOUNCED, BASE, generous, newTable } from './fake-peer.ts';
import type { ServerAnswer, ServerAsk, ServerOutput } from './server-io.ts';
import type { SessionTable } from './session-table.ts';

const REQUESTS = [
  ['OPTIONS', '*', ''],
  ['DESCRIBE', BASE, 'Accept: application/sdp\r\n'],
  ['SETUP', `${BASE}/trackID=0`, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n'],
  ['SETUP', `${BASE}/trackID=1`, 'Transport: RTP/AVP/TCP;unicast;interleaved=2-3\r\nSession: s1\r\n'],
  ['SETUP', `${BASE}/trackID=0`, 'Transport: RTP/AVP;unicast;client_port=5000-5001\r\n'],
  ['SETUP', `${BASE}/trackID=1`, 'Transport: RTP/AVP;multicast,RTP/AVP/TCP;interleaved=0-1\r\nSession: s2\r\n'],
  ['PLAY', BASE, 'Session: s1\r\nRange: npt=0-\r\n'],
  ['PAUSE', BASE, 'Session: s1\r\n'],
  ['TEARDOWN', `${BASE}/trackID=1`, 'Session: s1\r\n'],
  ['SETUP', `${BASE}/streamid=0`, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n'],
  ['RECORD', BASE, 'Session: s1\r\n'],
  ['GET_PARAMETER', BASE, 'Session: s1\r\n'],
  ['SET_PARAMETER', BASE, 'Session: s2\r\n'],
  ['PLAY', BASE, 'Session: s2\r\n'],
  ['TEARDOWN', BASE, 'Session: s2\r\n'],
  ['OPTIONS', BASE, 'Require: implicit-play\r\n'],
  ['TEARDOWN', BASE, 'Session: s1\r\n'],
  ['TEARDOWN', BASE, 'Session: s2\r\nConnection: close\r\n'],
] as const;

/** In the unit run: 600 dialogues of 24 requests. */
const ROUNDS = Math.ceil((FUZZ_ROUNDS * 6) / 1000);
const STEPS = 24;

it('survives mutated requests in any order', () => {
  fuzz('dialogues', ROUNDS, (numbers) => playRound((below) => Math.floor(numbers() * below)));
});

function playRound(random: (below: number) => number): void {
  const table = newTable();
  const peers = [new Peer(table, random), new Peer(table, random)];
  let nowMs = 0;
  for (let step = 0; step < STEPS; step++) {
    nowMs += random(20_000);
    const peer = oneOf(peers, () => random(1000) / 1000);
    peer.say(mutated(anyRequest(random), random), nowMs);
    if (random(4) === 0) peer.tick(nowMs);
    if (step % 8 === 7) for (const { machine } of peers) checkChannels(machine);
  }
  for (const peer of peers) peer.leave(nowMs);
  for (let id = 1; id <= 2 * STEPS; id++) assert.equal(table.get(`s${id}`), undefined);
}

class Peer {
  readonly machine: ServerConnection;
  readonly #random: (below: number) => number;
  readonly #framer = new RtspFramer();
  #answers = 0;
  #closed = false;

  constructor(table: SessionTable, random: (below: number) => number) {
    this.machine = new ServerConnection(table, '192.0.2.1', { udp: true, multicast: true }, 0);
    this.#random = random;
  }

  say(bytes: Uint8Array, nowMs: number): void {
    for (const unit of this.#framer.push(bytes)) {
      if (unit.kind !== 'message' || unit.message.kind !== 'request') continue;
      const due = this.#answers + (this.#closed ? 0 : 1);
      this.#carryOut(this.machine.push({ kind: 'request', request: unit.message }, nowMs), nowMs);
      assert.equal(this.#answers, due, `${unit.message.method} has one answer, and none once all is over`);
    }
  }

  tick(nowMs: number): void {
    this.#carryOut(this.machine.push({ kind: 'tick' }, nowMs), nowMs);
  }

  leave(nowMs: number): void {
    for (const session of this.machine.sessions) this.machine.push({ kind: 'end-session', session }, nowMs);
    assert.equal(this.machine.sessions.size, 0);
    for (let channel = 0; channel < 256; channel++) assert.equal(this.machine.channel(channel), undefined);
  }

  #carryOut(outputs: readonly ServerOutput[], nowMs: number): void {
    for (const output of outputs) {
      if (output.kind === 'send' && isAnswer(output.bytes)) this.#answers += 1;
      if (output.kind === 'close') this.#closed = true;
      if (output.kind !== 'ask') continue;
      const answer = anyAnswer(output.ask, this.#random);
      this.#carryOut(this.machine.push({ kind: 'answer', answer }, nowMs), nowMs);
    }
  }
}

/** What we send is read as one message by whoever reads as we do. */
function isAnswer(bytes: Uint8Array): boolean {
  const [unit, ...more] = new RtspFramer().push(bytes);
  assert.ok(unit?.kind === 'message' && more.length === 0, new TextDecoder().decode(bytes));
  return unit.message.kind === 'response';
}

function checkChannels(machine: ServerConnection): void {
  assert.ok(machine.sessions.size <= MAX_SESSIONS_PER_CONNECTION);
  for (let channel = 0; channel < 256; channel++) {
    const use = machine.channel(channel);
    if (use === undefined) continue;
    const way = use.session.track(use.track)?.way;
    assert.ok(way?.kind === 'interleaved' && way.channels.includes(channel));
  }
}

function anyRequest(random: (below: number) => number): Uint8Array {
  const [method, uri, headers] = REQUESTS[random(REQUESTS.length)] ?? REQUESTS[0];
  switch (random(8)) {
    case 0:
      return request('ANNOUNCE', BASE, 'Content-Type: application/sdp\r\n', ANNOUNCED);
    case 1:
      return request(
        random(3) === 0 ? 'SET_PARAMETER' : 'GET_PARAMETER',
        BASE,
        'Session: s1\r\n',
        'position\r\nx: y\r\n',
      );
    default:
      return request(method, uri, headers, '');
  }
}

function request(method: string, uri: string, headers: string, body: string): Uint8Array {
  const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
  return new TextEncoder().encode(`${method} ${uri} RTSP/1.0\r\nCSeq: 1\r\n${headers}${length}\r\n${body}`);
}

function mutated(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  for (let count = random(3); count > 0; count--) bytes[random(bytes.length)] = random(256);
  return random(10) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

/** Mostly a good one, sometimes a refusal, sometimes nonsense. */
function anyAnswer(ask: ServerAsk, random: (below: number) => number): ServerAnswer {
  switch (random(8)) {
    case 0:
      return { kind: 'refused', error: new WeirError('stream-unknown', 'gone') };
    case 1:
      return { kind: 'unauthorized', challenges: ['Basic realm="weir"'] };
    case 2:
      return { kind: 'tracks', ssrcs: [], user: undefined };
    default:
      return generous(ask) ?? { kind: 'ok', user: undefined };
  }
}
