/** Whatever a peer sends and however the edge answers: no exception, every limit holds, nothing is left behind. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { WeirError } from '../../errors.ts';
import { RtspFramer } from '../wire/framer.ts';
import { ServerConnection } from './connection.ts';
import { MAX_SESSIONS_PER_CONNECTION } from './connection-sessions.ts';
import { ANNOUNCED, BASE, generous, newTable } from './fake-peer.ts';
import type { ServerAnswer, ServerAsk, ServerOutput } from './server-io.ts';

const ROUNDS = 1500;
const SEED = 20_261_124;

const REQUESTS = [
  ['OPTIONS', '*', ''],
  ['DESCRIBE', BASE, 'Accept: application/sdp\r\n'],
  ['SETUP', `${BASE}/trackID=0`, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n'],
  ['SETUP', `${BASE}/trackID=1`, 'Transport: RTP/AVP/TCP;unicast;interleaved=2-3\r\nSession: s1\r\n'],
  ['PLAY', BASE, 'Session: s1\r\nRange: npt=0-\r\n'],
  ['PAUSE', BASE, 'Session: s1\r\n'],
  ['TEARDOWN', `${BASE}/trackID=1`, 'Session: s1\r\n'],
  ['SETUP', `${BASE}/streamid=0`, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n'],
  ['RECORD', BASE, 'Session: s1\r\n'],
  ['GET_PARAMETER', BASE, 'Session: s1\r\n'],
  ['TEARDOWN', BASE, 'Session: s1\r\n'],
] as const;

it('survives mutated requests in any order', () => {
  for (let round = 0; round < ROUNDS; round++) {
    const seed = SEED + round;
    const random = randomNumbers(seed);
    try {
      playRound(random);
    } catch (error) {
      throw new assert.AssertionError({ message: `seed ${seed}: ${String(error)}` });
    }
  }
});

function playRound(random: (below: number) => number): void {
  const table = newTable();
  const machine = new ServerConnection(table, { udp: true, multicast: true }, 0);
  const framer = new RtspFramer();
  let nowMs = 0;
  const carryOut = (outputs: readonly ServerOutput[]): void => {
    for (const output of outputs) {
      if (output.kind === 'ask')
        carryOut(machine.push({ kind: 'answer', answer: anyAnswer(output.ask, random) }, nowMs));
    }
  };
  for (let step = 0; step < 12; step++) {
    nowMs += random(20_000);
    for (const unit of framer.push(mutated(anyRequest(random), random))) {
      if (unit.kind === 'message' && unit.message.kind === 'request') {
        carryOut(machine.push({ kind: 'request', request: unit.message }, nowMs));
      }
    }
    if (random(4) === 0) carryOut(machine.push({ kind: 'tick' }, nowMs));
    assert.ok(machine.sessions.size <= MAX_SESSIONS_PER_CONNECTION);
    for (let channel = 0; channel < 256; channel++) {
      const use = machine.channel(channel);
      if (use === undefined) continue;
      const way = use.session.track(use.track)?.way;
      assert.ok(way?.kind === 'interleaved' && way.channels.includes(channel));
    }
  }
  for (const session of machine.sessions) machine.push({ kind: 'end-session', session }, nowMs);
  assert.equal(machine.sessions.size, 0);
  for (let channel = 0; channel < 256; channel++) assert.equal(machine.channel(channel), undefined);
  assert.equal(table.get('s1'), undefined);
}

function anyRequest(random: (below: number) => number): Uint8Array {
  const announce = random(6) === 0;
  const [method, uri, headers] = REQUESTS[random(REQUESTS.length)] ?? REQUESTS[0];
  const text = announce
    ? `ANNOUNCE ${BASE} RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: ${ANNOUNCED.length}\r\n\r\n${ANNOUNCED}`
    : `${method} ${uri} RTSP/1.0\r\nCSeq: 1\r\n${headers}\r\n`;
  return new TextEncoder().encode(text);
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

function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
