/** How a connection comes to its end by what its peer said: refused, or by its own wish. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../errors.ts';
import { RtspHeaders } from '../wire/headers.ts';
import { LAST_ANSWERS_MS, MAX_PIPELINED_BYTES, MAX_PIPELINED_REQUESTS } from './connection.ts';
import { ANNOUNCED, BASE, Dialogue, TCP } from './fake-peer.ts';
import { MAX_URI_LENGTH } from './target.ts';

const SESSION = { Session: 's1' };
const DESCRIBED = { kind: 'described', sdp: new Uint8Array(1) } as const;

function reader(): Dialogue {
  const peer = new Dialogue();
  assert.equal(peer.ask('SETUP', BASE, TCP).status, 200);
  return peer;
}

describe('a connection', () => {
  it('answers a peer that piles requests up what came first, in order, then refuses one and closes', () => {
    const peer = new Dialogue();
    peer.edge = () => undefined;
    peer.say('DESCRIBE', BASE);
    for (let i = 0; i < MAX_PIPELINED_REQUESTS + 2; i++) peer.say('OPTIONS', '*');
    assert.deepEqual([peer.replies, peer.events], [[], []]);
    peer.answer(DESCRIBED);
    assert.deepEqual(told(peer), [
      ...Array.from({ length: MAX_PIPELINED_REQUESTS + 1 }, (_, index) => `${index + 1}: 200`),
      `${MAX_PIPELINED_REQUESTS + 2}: 453 limit-reached`,
    ]);
    assert.deepEqual(peer.events, ['close limit-reached']);
    peer.say('OPTIONS', '*');
    assert.equal(peer.replies.length, MAX_PIPELINED_REQUESTS + 2, 'all is over');
  });

  it('bodies that wait are bounded together', () => {
    const peer = new Dialogue();
    peer.edge = () => undefined;
    peer.say('DESCRIBE', BASE);
    const half = 'x'.repeat(MAX_PIPELINED_BYTES / 2);
    for (const body of [half, half, 'x']) peer.say('OPTIONS', '*', {}, body);
    peer.answer(DESCRIBED);
    assert.deepEqual(told(peer), ['1: 200', '2: 200', '3: 200', '4: 453 limit-reached']);
  });

  it('of what cannot be read it tells after the answers to what came before, once', () => {
    const peer = new Dialogue();
    peer.edge = () => undefined;
    peer.say('DESCRIBE', BASE);
    for (const what of ['first', 'second']) peer.unreadable(new WeirError('rtsp-malformed', what));
    assert.deepEqual([peer.replies, peer.events], [[], []]);
    peer.answer(DESCRIBED);
    assert.deepEqual(
      [told(peer), peer.events],
      [['1: 200', 'undefined: 400 rtsp-malformed'], ['close rtsp-malformed']],
    );
  });

  it('who is refused does not wait for answers for ever', () => {
    const peer = new Dialogue();
    peer.edge = () => undefined;
    peer.say('DESCRIBE', BASE);
    peer.unreadable(new WeirError('rtsp-malformed', 'rubbish'));
    peer.tick(LAST_ANSWERS_MS - 1);
    assert.deepEqual(peer.events, []);
    peer.tick(LAST_ANSWERS_MS);
    peer.answer(DESCRIBED);
    assert.deepEqual([told(peer), peer.events], [['undefined: 400 rtsp-malformed'], ['close rtsp-malformed']]);
  });

  for (const [value, events] of [
    ['close', ['close']],
    ['keep-alive, Close', ['close']],
    ['Keep-Alive', []],
    ['closed', []],
  ] as const) {
    it(`Connection: ${value} without a session closes once all is answered, or does not`, () => {
      const peer = new Dialogue();
      peer.edge = () => undefined;
      peer.say('DESCRIBE', BASE, { Connection: value });
      peer.say('OPTIONS', '*');
      assert.deepEqual(peer.events, []);
      peer.answer(DESCRIBED);
      assert.deepEqual([told(peer), peer.events], [['1: 200', '2: 200'], events]);
    });
  }

  it('Connection: close cuts no session off, and is heeded after its TEARDOWN', () => {
    const playing = reader();
    assert.equal(playing.ask('PLAY', BASE, SESSION).status, 200);
    assert.equal(playing.ask('PAUSE', BASE, { ...SESSION, Connection: 'close' }).status, 200);
    assert.equal(playing.ask('GET_PARAMETER', BASE, SESSION).status, 200);
    assert.deepEqual(playing.events, ['flow s1']);
    playing.ask('TEARDOWN', BASE, SESSION);
    assert.deepEqual(playing.events, ['flow s1', 'ended s1 teardown', 'close']);
    const recording = new Dialogue();
    recording.ask('ANNOUNCE', BASE, { 'Content-Type': 'application/sdp' }, ANNOUNCED);
    recording.ask('OPTIONS', BASE, { Connection: 'close' });
    assert.equal(recording.ask('SETUP', `${BASE}/streamid=0`, TCP).status, 200, 'what is announced is set up');
    recording.ask('TEARDOWN', BASE, SESSION);
    assert.deepEqual(recording.events, ['ended s1 teardown', 'close']);
  });

  it('Connection: close is heeded where the last session ends over another connection', () => {
    const leaving = reader();
    leaving.ask('OPTIONS', BASE, { Connection: 'close' });
    leaving.tick(1000);
    assert.deepEqual(leaving.events, [], 'it has a session');
    const [session] = leaving.machine.sessions;
    assert.ok(session !== undefined);
    leaving.machine.push({ kind: 'end-session', session }, leaving.nowMs);
    leaving.tick(2000);
    assert.deepEqual(leaving.events, ['close']);
  });

  it('the body of a request that waits is its own: what it lay in is read into again', () => {
    const peer = reader();
    peer.edge = () => undefined;
    peer.say('PLAY', BASE, SESSION);
    const body = new TextEncoder().encode('position');
    const headers = new RtspHeaders([
      ['CSeq', '9'],
      ['Session', 's1'],
    ]);
    const request = {
      kind: 'request',
      method: 'GET_PARAMETER',
      uri: BASE,
      version: 'RTSP/1.0',
      headers,
      body,
    } as const;
    peer.machine.push({ kind: 'request', request }, peer.nowMs);
    body.fill(0x20);
    peer.edge = () => ({ kind: 'parameters', values: new Map([['position', 'now']]) });
    peer.answer({ kind: 'playing', starts: undefined });
    assert.equal(peer.replies.at(-1)?.body, 'position: now\r\n');
  });

  it('a session that ends keeps its connection where nobody said close, or another lives', () => {
    const peer = reader();
    peer.ask('SETUP', BASE, TCP);
    peer.ask('TEARDOWN', BASE, { ...SESSION, Connection: 'close' });
    assert.deepEqual(peer.events, ['ended s1 teardown']);
    peer.ask('TEARDOWN', BASE, { Session: 's2' });
    assert.deepEqual(peer.events.slice(1), ['ended s2 teardown', 'close']);
    const staying = reader();
    staying.ask('TEARDOWN', BASE, SESSION);
    assert.deepEqual(staying.events, ['ended s1 teardown']);
  });

  for (const method of ['OPTIONS', 'DESCRIBE', 'SETUP', 'TEARDOWN']) {
    it(`${method} of a URL longer than any is refused as that`, () => {
      const reply = new Dialogue().ask(method, `${BASE}/${'x'.repeat(MAX_URI_LENGTH)}`, TCP);
      assert.deepEqual([reply.status, reply.headers.get('X-Weir-Error')?.split(';')[0]], [414, 'uri-too-long']);
    });
  }
});

/** CSeq, status and code of each reply. */
function told(peer: Dialogue): readonly string[] {
  return peer.replies.map(({ status, headers }) =>
    `${headers.get('CSeq')}: ${status} ${headers.get('X-Weir-Error')?.split(';')[0] ?? ''}`.trim(),
  );
}
