/** What rtsp-peers and RFC 2326 say of the methods of a session: PAUSE, parameters, REDIRECT, aggregate control, and every method in every state. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANNOUNCED, BASE, Dialogue, TCP } from './fake-peer.ts';
import { SERVER_METHODS, type ServerMethod } from './methods.ts';
import { MAX_PARAMETERS } from './parameters.ts';

const SESSION = { Session: 's1' };
const SDP = { 'Content-Type': 'application/sdp' };
const MOVED = 'rtsp://other.example:8554/yard';

function reader({ tracks = 2, play = true } = {}): Dialogue {
  const peer = new Dialogue();
  for (let track = 0; track < tracks; track++) {
    const transport = { Transport: `RTP/AVP/TCP;unicast;interleaved=${2 * track}-${2 * track + 1}` };
    const session: Record<string, string> = track === 0 ? {} : SESSION;
    assert.equal(peer.ask('SETUP', `${BASE}/trackID=${track}`, { ...transport, ...session }).status, 200);
  }
  if (play) assert.equal(peer.ask('PLAY', BASE, SESSION).status, 200);
  return peer;
}

function publisher({ record = true } = {}): Dialogue {
  const peer = new Dialogue();
  assert.equal(peer.ask('ANNOUNCE', BASE, SDP, ANNOUNCED).status, 200);
  assert.equal(peer.ask('SETUP', `${BASE}/streamid=0`, TCP).status, 200);
  if (record) assert.equal(peer.ask('RECORD', BASE, SESSION).status, 200);
  return peer;
}

describe('every method in every state (RFC 2326 appendix A.2)', () => {
  /** What each method of SERVER_METHODS is answered, and how the session stands then. */
  const states: readonly (readonly [string, () => Dialogue, Readonly<Record<ServerMethod, string>>])[] = [
    [
      'no session',
      () => new Dialogue(),
      {
        OPTIONS: '200',
        DESCRIBE: '200',
        ANNOUNCE: '200',
        SETUP: '200 ready',
        PLAY: '455',
        PAUSE: '455',
        RECORD: '455',
        TEARDOWN: '455',
        GET_PARAMETER: '200',
        SET_PARAMETER: '200',
      },
    ],
    [
      'ready to play',
      () => reader({ tracks: 1, play: false }),
      {
        OPTIONS: '200 ready',
        DESCRIBE: '200 ready',
        ANNOUNCE: '455 ready',
        SETUP: '200 ready',
        PLAY: '200 playing',
        PAUSE: '200 ready',
        RECORD: '455 ready',
        TEARDOWN: '200',
        GET_PARAMETER: '200 ready',
        SET_PARAMETER: '200 ready',
      },
    ],
    [
      'playing',
      () => reader(),
      {
        OPTIONS: '200 playing',
        DESCRIBE: '200 playing',
        ANNOUNCE: '455 playing',
        SETUP: '455 playing',
        PLAY: '200 playing',
        PAUSE: '200 ready',
        RECORD: '455 playing',
        TEARDOWN: '200',
        GET_PARAMETER: '200 playing',
        SET_PARAMETER: '200 playing',
      },
    ],
    [
      'ready to record',
      () => publisher({ record: false }),
      {
        OPTIONS: '200 ready',
        DESCRIBE: '200 ready',
        ANNOUNCE: '455 ready',
        SETUP: '200 ready',
        PLAY: '455 ready',
        PAUSE: '200 ready',
        RECORD: '200 recording',
        TEARDOWN: '200',
        GET_PARAMETER: '200 ready',
        SET_PARAMETER: '200 ready',
      },
    ],
    [
      'recording',
      () => publisher(),
      {
        OPTIONS: '200 recording',
        DESCRIBE: '200 recording',
        ANNOUNCE: '455 recording',
        SETUP: '455 recording',
        PLAY: '455 recording',
        PAUSE: '200 ready',
        RECORD: '200 recording',
        TEARDOWN: '200',
        GET_PARAMETER: '200 recording',
        SET_PARAMETER: '200 recording',
      },
    ],
  ];
  for (const [state, make, expected] of states) {
    it(state, () => {
      for (const method of SERVER_METHODS) {
        const peer = make();
        const [session] = peer.machine.sessions;
        const headers = { ...(session && SESSION), ...(method === 'SETUP' && TCP), ...(method === 'ANNOUNCE' && SDP) };
        const reply = peer.ask(method, BASE, headers, method === 'ANNOUNCE' ? ANNOUNCED : '');
        const phase = [...peer.machine.sessions][0]?.phase ?? '';
        assert.equal(`${reply.status} ${phase}`.trim(), expected[method], method);
        if (reply.status === 455) assertAllows(reply.headers.get('Allow'), expected);
        // Whatever was asked, a required extension comes first (§12.32).
        const required = make().ask(method, BASE, { ...headers, Require: 'a.b, c' });
        assert.deepEqual([required.status, required.headers.get('Unsupported')], [551, 'a.b, c'], method);
      }
    });
  }
});

/** Of the methods that go by the session's state, Allow names those that are answered 200. */
function assertAllows(allow: string | undefined, expected: Readonly<Record<ServerMethod, string>>): void {
  const named = (allow ?? '').split(', ');
  for (const method of ['PLAY', 'PAUSE', 'RECORD', 'TEARDOWN', 'SETUP'] as const) {
    assert.equal(named.includes(method), expected[method].startsWith('200'), `${method} in Allow: ${allow}`);
  }
}

describe('PAUSE', () => {
  it('and PLAY again say where it goes on', () => {
    const peer = reader();
    assert.equal(peer.ask('PAUSE', BASE, SESSION).headers.get('Session'), 's1;timeout=60');
    peer.edge = (ask) =>
      ask.kind === 'play'
        ? { kind: 'playing', starts: [0, 1].map((track) => ({ track, sequence: 7, rtpTime: 8 })) }
        : undefined;
    const reply = peer.ask('PLAY', BASE, SESSION);
    assert.equal(reply.headers.get('Range'), 'npt=now-');
    assert.equal(
      reply.headers.get('RTP-Info'),
      `url=${BASE}/trackID=0;seq=7;rtptime=8,url=${BASE}/trackID=1;seq=7;rtptime=8`,
    );
    assert.deepEqual(peer.events, ['flow s1', 'flow s1']);
  });

  it('of a recording is asked of the edge, and RECORD goes on', () => {
    const peer = publisher();
    peer.ask('PAUSE', BASE, SESSION);
    assert.equal(peer.asks.at(-1)?.kind, 'pause');
    assert.equal(peer.ask('RECORD', BASE, SESSION).status, 200);
    assert.equal(peer.asks.at(-1)?.kind, 'record');
  });
});

describe('control of one track of several', () => {
  for (const method of ['PLAY', 'PAUSE'] as const) {
    it(`${method}: 460; of the only one it is the session`, () => {
      assert.equal(reader().ask(method, `${BASE}/trackID=1`, SESSION).status, 460);
      assert.equal(reader({ tracks: 1 }).ask(method, `${BASE}/trackID=0`, SESSION).status, 200);
      // A track that the session does not have is no part of it.
      assert.equal(reader().ask(method, `${BASE}/trackID=5`, SESSION).status, 200);
    });
  }

  it('RECORD: 460', () => {
    const peer = publisher({ record: false });
    const second = { ...SESSION, Transport: 'RTP/AVP/TCP;unicast;interleaved=2-3' };
    peer.ask('SETUP', `${BASE}/streamid=1`, second);
    assert.equal(peer.ask('RECORD', `${BASE}/streamid=1`, SESSION).status, 460);
  });
});

describe('parameters', () => {
  const rows: readonly (readonly [string, string, Readonly<Record<string, string>>, number, string])[] = [
    ['GET_PARAMETER', '', {}, 200, ''],
    ['GET_PARAMETER', '\r\n', {}, 200, ''],
    ['GET_PARAMETER', 'position', {}, 200, 'position: clock=20261124T101500Z\r\n'],
    [
      'GET_PARAMETER',
      'packets_lost\r\nposition\r\n',
      { 'Content-Type': 'text/parameters; charset=utf-8' },
      200,
      'packets_lost: 0\r\nposition: clock=20261124T101500Z\r\n',
    ],
    ['GET_PARAMETER', 'position\nhue\n__proto__\n', {}, 451, 'hue\r\n__proto__\r\n'],
    ['GET_PARAMETER', '<xml/>', { 'Content-Type': 'text/xml' }, 415, ''],
    ['GET_PARAMETER', 'x\r\n'.repeat(MAX_PARAMETERS + 1), {}, 413, ''],
    ['SET_PARAMETER', '', {}, 200, ''],
    ['SET_PARAMETER', 'position: 5\r\n', {}, 458, 'position\r\n'],
    ['SET_PARAMETER', 'position: 5\r\nhue: red\r\n', {}, 451, 'hue\r\n'],
  ];
  for (const [method, body, headers, status, expected] of rows) {
    it(`${method} ${JSON.stringify(body.slice(0, 30))}: ${status}`, () => {
      const reply = reader().ask(method, BASE, { ...SESSION, ...headers }, body);
      assert.equal(reply.status, status);
      if (status === 413 || status === 415) return;
      assert.equal(reply.body, expected);
      if (expected !== '') assert.equal(reply.headers.get('Content-Type'), 'text/parameters');
    });
  }

  it('without a session there are none; of another connection they need a login', () => {
    assert.equal(new Dialogue().ask('GET_PARAMETER', BASE, {}, 'position').status, 451);
    const peer = reader();
    peer.ask('GET_PARAMETER', BASE, SESSION, 'position');
    assert.equal(peer.asks.at(-1)?.login, undefined);
  });
});

describe('a stream that is served elsewhere', () => {
  it('DESCRIBE, SETUP, PLAY and ANNOUNCE: 302 with Location', () => {
    for (const method of ['DESCRIBE', 'SETUP', 'ANNOUNCE'] as const) {
      const peer = new Dialogue();
      peer.edge = () => ({ kind: 'moved', to: MOVED });
      const reply = peer.ask(method, BASE, { ...SDP, ...TCP }, method === 'ANNOUNCE' ? ANNOUNCED : '');
      assert.deepEqual([reply.status, reply.headers.get('Location')], [302, MOVED], method);
    }
    const peer = reader({ play: false });
    peer.edge = () => ({ kind: 'moved', to: MOVED });
    assert.equal(peer.ask('PLAY', BASE, SESSION).headers.get('Location'), MOVED);
  });

  it('readers get REDIRECT, with numbers of our own; whatever they answer is no request', () => {
    const peer = reader();
    const [session] = peer.machine.sessions;
    assert.ok(session !== undefined);
    for (const cseq of ['1', '2']) {
      const request = peer.redirect(session, MOVED);
      assert.deepEqual(
        [request.method, request.uri, ...['CSeq', 'Session', 'Location'].map((name) => request.headers.get(name))],
        ['REDIRECT', BASE, cseq, 's1', MOVED],
      );
    }
    assert.equal(session.phase, 'playing');
  });
});
