import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../errors.ts';
import { MAX_ECHOED_CHARACTERS } from '../wire/parse-head.ts';
import { MAX_SESSIONS_PER_CONNECTION, MAX_TRACKS_PER_SESSION } from './connection-sessions.ts';
import { CONNECTION_IDLE_MS, FIRST_REQUEST_MS, SESSION_GRACE_MS, SESSION_TIMEOUT_S } from './connection.ts';
import { ANNOUNCED, BASE, Dialogue, newTable, TCP } from './fake-peer.ts';
import { SERVER_METHODS } from './methods.ts';

const SESSION = { Session: 's1' };
const SDP = { 'Content-Type': 'application/sdp' };
const TIMEOUT_MS = SESSION_TIMEOUT_S * 1000 + SESSION_GRACE_MS;

/** Both tracks set up, and playing if asked for. */
function reader(play = false): Dialogue {
  const peer = new Dialogue();
  assert.equal(peer.ask('SETUP', `${BASE}/trackID=0`, TCP).status, 200);
  const second = { ...SESSION, Transport: 'RTP/AVP/TCP;unicast;interleaved=2-3' };
  assert.equal(peer.ask('SETUP', `${BASE}/trackID=1`, second).status, 200);
  if (play) assert.equal(peer.ask('PLAY', BASE, SESSION).status, 200);
  return peer;
}

function publisher(): Dialogue {
  const peer = new Dialogue();
  assert.equal(peer.ask('ANNOUNCE', BASE, SDP, ANNOUNCED).status, 200);
  return peer;
}

describe('without a session', () => {
  const rows: readonly (readonly [string, string, string, Record<string, string>, string, number])[] = [
    ['OPTIONS of everything', 'OPTIONS', '*', {}, '', 200],
    ['OPTIONS of a stream', 'OPTIONS', BASE, {}, '', 200],
    ['unknown method', 'FLY', BASE, {}, '', 501],
    ['methods are case-sensitive', 'options', BASE, {}, '', 501],
    ['what only we may send', 'REDIRECT', BASE, {}, '', 405],
    ['no CSeq', 'OPTIONS', '*', { CSeq: '' }, '', 400],
    ['unknown session', 'GET_PARAMETER', BASE, { Session: 'nope' }, '', 454],
    ['empty session', 'PLAY', BASE, { Session: ';timeout=60' }, '', 454],
    ['GET_PARAMETER as a ping', 'GET_PARAMETER', '*', {}, '', 200],
    ['SET_PARAMETER as a ping', 'SET_PARAMETER', BASE, {}, '', 200],
    ['GET_PARAMETER of something', 'GET_PARAMETER', BASE, {}, 'packets_received\r\n', 451],
    ['SET_PARAMETER of something', 'SET_PARAMETER', BASE, {}, 'a: b\r\n', 451],
    ['a required option', 'SETUP', BASE, { ...TCP, Require: 'onvif-replay' }, '', 551],
    ['a required option of proxies', 'OPTIONS', BASE, { 'Proxy-Require': 'x' }, '', 551],
    ['DESCRIBE', 'DESCRIBE', BASE, {}, '', 200],
    ['DESCRIBE, accepting anything', 'DESCRIBE', BASE, { Accept: 'text/html, */*;q=0.5' }, '', 200],
    ['DESCRIBE, accepting SDP', 'DESCRIBE', BASE, { Accept: 'application/rtsl, Application/SDP' }, '', 200],
    ['DESCRIBE, accepting no SDP', 'DESCRIBE', BASE, { Accept: 'application/rtsl' }, '', 406],
    ['DESCRIBE of *', 'DESCRIBE', '*', {}, '', 400],
    ['ANNOUNCE', 'ANNOUNCE', BASE, SDP, ANNOUNCED, 200],
    ['ANNOUNCE without a type', 'ANNOUNCE', BASE, {}, ANNOUNCED, 200],
    ['ANNOUNCE of another type', 'ANNOUNCE', BASE, { 'Content-Type': 'text/plain' }, ANNOUNCED, 415],
    ['ANNOUNCE of nothing', 'ANNOUNCE', BASE, SDP, '', 400],
    ['ANNOUNCE of nothing usable', 'ANNOUNCE', BASE, SDP, 'v=0\r\nm=vana 0 RTP/AVP 96\r\n', 400],
    ['ANNOUNCE of *', 'ANNOUNCE', '*', SDP, ANNOUNCED, 400],
    ['SETUP', 'SETUP', `${BASE}/trackID=1`, TCP, '', 200],
    ['SETUP of the stream: its first track', 'SETUP', BASE, TCP, '', 200],
    ['SETUP over UDP', 'SETUP', BASE, { Transport: 'RTP/AVP;unicast;client_port=5000-5001' }, '', 461],
    ['SETUP without a transport', 'SETUP', BASE, {}, '', 461],
    ['SETUP to record what was not announced', 'SETUP', BASE, { Transport: `${TCP.Transport};mode=record` }, '', 455],
    ['SETUP of a track too many', 'SETUP', `${BASE}/trackID=2`, TCP, '', 404],
    ['SETUP of an unknown stream', 'SETUP', 'rtsp://192.0.2.1/lobby', TCP, '', 404],
    ['SETUP of *', 'SETUP', '*', TCP, '', 400],
    ['PLAY', 'PLAY', BASE, {}, '', 455],
    ['RECORD', 'RECORD', BASE, {}, '', 455],
    ['PAUSE', 'PAUSE', BASE, {}, '', 455],
    ['TEARDOWN', 'TEARDOWN', BASE, {}, '', 455],
  ];
  for (const [name, method, uri, headers, body, status] of rows) {
    it(`${name}: ${status}`, () => {
      const reply = new Dialogue().ask(method, uri, headers, body);
      assert.equal(reply.status, status);
      if (status === 455) assert.match(reply.headers.get('Allow') ?? '', /SETUP/);
      if (headers['CSeq'] !== '') assert.equal(reply.headers.get('CSeq'), '1');
    });
  }

  it('Public is true, and needs neither login nor session', () => {
    const peer = new Dialogue();
    peer.edge = () => ({ kind: 'unauthorized', challenges: ['Basic realm="x"'] });
    assert.equal(peer.ask('OPTIONS', BASE).headers.get('Public'), SERVER_METHODS.join(', '));
    assert.deepEqual(peer.asks, []);
    for (const method of SERVER_METHODS) assert.notEqual(new Dialogue().ask(method, BASE).status, 501);
  });

  it('says what it does not support', () => {
    const reply = new Dialogue().ask('SETUP', BASE, { ...TCP, Require: 'onvif-replay' });
    assert.equal(reply.headers.get('Unsupported'), 'onvif-replay');
  });

  it('a CSeq longer than any is not said back: 400', () => {
    const CSeq = '1'.repeat(MAX_ECHOED_CHARACTERS + 1);
    const reply = new Dialogue().ask('OPTIONS', '*', { CSeq });
    assert.deepEqual([reply.status, reply.headers.get('CSeq')], [400, undefined]);
    assert.equal(new Dialogue().ask('OPTIONS', '*', { CSeq: CSeq.slice(1) }).headers.get('CSeq'), CSeq.slice(1));
  });

  it('RTSP/2.0: 505', () => {
    const peer = new Dialogue();
    const version = 'RTSP/2.0';
    const { headers } = peer.ask('OPTIONS', '*');
    const request = { kind: 'request', method: 'OPTIONS', uri: '*', version, headers, body: new Uint8Array() } as const;
    const [output] = peer.machine.push({ kind: 'request', request }, 0);
    assert.ok(output?.kind === 'send');
    assert.match(new TextDecoder().decode(output.bytes), /^RTSP\/1\.0 505 /);
  });

  for (const [uri, base] of [
    [BASE, `${BASE}/`],
    [`${BASE}/`, `${BASE}/`],
    ['rtsp://ann:secret@192.0.2.1/yard?start=gop', 'rtsp://192.0.2.1/yard/?start=gop'],
  ] as const) {
    it(`Content-Base of ${uri}`, () => {
      const reply = new Dialogue().ask('DESCRIBE', uri);
      assert.equal(reply.headers.get('Content-Base'), base);
      assert.equal(reply.headers.get('Content-Type'), 'application/sdp');
      assert.equal(reply.headers.get('Content-Length'), '5');
      assert.equal(reply.body, 'v=0\r\n');
    });
  }

  it('a refusal is the status of its code, and asks for login with every challenge', () => {
    const peer = new Dialogue();
    peer.edge = () => ({ kind: 'refused', error: new WeirError('stream-offline', 'away') });
    assert.equal(peer.ask('DESCRIBE', BASE).status, 503);
    peer.edge = () => ({ kind: 'unauthorized', challenges: ['Digest a', 'Basic b'] });
    const reply = peer.ask('DESCRIBE', BASE, { Authorization: 'Basic xx' });
    assert.equal(reply.status, 401);
    assert.deepEqual(reply.headers.getAll('WWW-Authenticate'), ['Digest a', 'Basic b']);
    const { login } = peer.asks.at(-1) ?? {};
    assert.deepEqual(login, {
      request: { method: 'DESCRIBE', uri: BASE, authorization: 'Basic xx' },
      right: 'read',
      stream: 'yard',
    });
  });
});

describe('reading', () => {
  it('SETUP, PLAY, ping, PAUSE, PLAY, TEARDOWN', () => {
    const peer = reader();
    assert.equal(peer.machine.sessions.size, 1);
    const play = peer.ask('PLAY', `${BASE}/`, { ...SESSION, Range: 'npt=0.000-' });
    assert.equal(play.headers.get('Range'), 'npt=now-');
    assert.equal(play.headers.get('Session'), 's1;timeout=60');
    assert.equal(
      play.headers.get('RTP-Info'),
      `url=${BASE}/trackID=0;seq=100;rtptime=9000,url=${BASE}/trackID=1;seq=101;rtptime=9001`,
    );
    const ping = peer.ask('PLAY', BASE, SESSION);
    assert.deepEqual([ping.status, ping.headers.get('Range'), peer.asks.length], [200, 'npt=now-', 3]);
    assert.equal(peer.ask('PAUSE', BASE, SESSION).status, 200);
    assert.equal(peer.ask('PAUSE', BASE, SESSION).status, 200);
    assert.equal(peer.ask('PLAY', BASE, SESSION).status, 200);
    assert.equal(peer.ask('TEARDOWN', BASE, SESSION).status, 200);
    assert.equal(peer.ask('TEARDOWN', BASE, SESSION).status, 454);
    assert.deepEqual(peer.events, ['flow s1', 'flow s1', 'ended s1 teardown']);
    assert.equal(peer.machine.sessions.size, 0);
    assert.equal(peer.machine.channel(0), undefined);
  });

  it('answers with the SSRC, channels as asked, and mode', () => {
    const peer = new Dialogue();
    const reply = peer.ask('SETUP', `${BASE}/trackID=1`, { Transport: 'RTP/AVP/TCP;unicast;interleaved=8-9' });
    assert.equal(reply.headers.get('Transport'), 'RTP/AVP/TCP;unicast;interleaved=8-9;ssrc=00000022;mode="PLAY"');
    assert.deepEqual([peer.machine.channel(8)?.part, peer.machine.channel(9)?.part], ['rtp', 'rtcp']);
  });

  it('assigns channels where none are named (rtspclientsink, gsl#246)', () => {
    const peer = new Dialogue();
    const transport = { Transport: 'RTP/AVP/TCP;unicast' };
    peer.ask('SETUP', `${BASE}/trackID=0`, transport);
    const second = peer.ask('SETUP', `${BASE}/trackID=1`, { ...transport, ...SESSION });
    assert.match(second.headers.get('Transport') ?? '', /interleaved=2-3/);
  });

  it('SETUP again moves a track to other channels', () => {
    const peer = reader();
    peer.ask('SETUP', `${BASE}/trackID=0`, { ...SESSION, Transport: 'RTP/AVP/TCP;interleaved=10-11' });
    assert.equal(peer.machine.channel(0), undefined);
    assert.equal(peer.machine.channel(10)?.track, 0);
    assert.equal([...peer.machine.sessions][0]?.tracks.length, 2);
  });

  it('SETUP while playing: 455', () => {
    const peer = reader(true);
    const reply = peer.ask('SETUP', `${BASE}/trackID=0`, { ...TCP, ...SESSION });
    assert.equal(reply.status, 455);
    assert.match(reply.headers.get('Allow') ?? '', /PAUSE/);
    assert.doesNotMatch(reply.headers.get('Allow') ?? '', /SETUP/);
  });

  it('SETUP of another stream in the session: 459', () => {
    assert.equal(reader().ask('SETUP', 'rtsp://192.0.2.1/lobby', { ...TCP, ...SESSION }).status, 459);
  });

  it('RTP-Info names each track as its SETUP did', () => {
    const rows: readonly (readonly [base: string, info: string | undefined])[] = [
      [`${BASE}/?start=gop/trackID=0`, `url=${BASE}/?start=gop/trackID=0;seq=100;rtptime=9000`],
      [`${BASE}/trackID=0?start=gop`, `url=${BASE}/trackID=0?start=gop;seq=100;rtptime=9000`],
      [BASE.replace('//', '//user:word@'), `url=${BASE};seq=100;rtptime=9000`],
      [`${BASE}/trackID=0?a=1,2`, undefined],
    ];
    for (const [uri, info] of rows) {
      const peer = new Dialogue();
      peer.ask('SETUP', uri, TCP);
      assert.equal(peer.ask('PLAY', BASE, SESSION).headers.get('RTP-Info'), info, uri);
    }
  });

  it('RTP-Info is left out unless all of it is true', () => {
    const peer = reader();
    peer.edge = () => ({ kind: 'playing', starts: undefined });
    assert.equal(peer.ask('PLAY', BASE, SESSION).headers.get('RTP-Info'), undefined);
  });

  it('a clock range: 457; one that cannot be read is ignored', () => {
    const peer = reader();
    assert.equal(peer.ask('PLAY', BASE, { ...SESSION, Range: 'clock=20261124T101500Z-' }).status, 457);
    assert.equal(peer.ask('PLAY', BASE, { ...SESSION, Range: 'smpte=0:00:00-' }).status, 200);
  });

  it('RECORD of what is read: 455', () => assert.equal(reader().ask('RECORD', BASE, SESSION).status, 455));

  it('the only session is meant where none is named', () => {
    const peer = reader();
    assert.equal(peer.ask('PLAY', BASE).status, 200);
    assert.equal(peer.ask('TEARDOWN', BASE).status, 200);
  });

  it('how it starts: the last URL that says so', () => {
    for (const [setup, play, start] of [
      ['', '', 'live'],
      ['?start=gop', '', 'gop'],
      ['?start=gop', '?start=key', 'key'],
    ] as const) {
      const peer = new Dialogue();
      peer.ask('SETUP', `${BASE}/trackID=0${setup}`, TCP);
      peer.ask('PLAY', `${BASE}${play}`, SESSION);
      assert.equal([...peer.machine.sessions][0]?.start, start);
    }
  });

  it('what was described completes URLs that say less', () => {
    for (const [uri, start] of [
      [`${BASE}/trackID=1`, 'gop'],
      ['rtsp://192.0.2.1:8554/trackID=1', 'gop'],
      [`${BASE}/trackID=1?start=key`, 'key'],
    ] as const) {
      const peer = new Dialogue();
      peer.ask('DESCRIBE', `${BASE}?start=gop`);
      assert.equal(peer.ask('SETUP', uri, TCP).status, 200);
      const [session] = peer.machine.sessions;
      assert.deepEqual([session?.stream, session?.start, session?.tracks[0]?.track], ['yard', start, 1]);
    }
    assert.equal(new Dialogue().ask('SETUP', 'rtsp://192.0.2.1:8554/trackID=1', TCP).status, 404);
  });

  it('TEARDOWN of a track leaves the others; of the last one ends the session', () => {
    const peer = reader(true);
    assert.equal(peer.ask('TEARDOWN', `${BASE}/trackID=0`, SESSION).headers.get('Session'), 's1;timeout=60');
    assert.equal(peer.machine.channel(0), undefined);
    assert.equal(peer.machine.channel(2)?.track, 1);
    assert.equal(peer.ask('TEARDOWN', `${BASE}/trackID=1`, SESSION).status, 200);
    assert.deepEqual(peer.events, ['flow s1', 'track-ended s1 0', 'ended s1 teardown']);
  });

  it('a session that ended while the edge was asked: 454', () => {
    const peer = reader();
    peer.edge = () => undefined;
    peer.say('PLAY', BASE, SESSION);
    const [session] = peer.machine.sessions;
    assert.ok(session !== undefined);
    peer.machine.push({ kind: 'end-session', session }, 0);
    peer.answer({ kind: 'playing', starts: undefined });
    assert.equal(peer.replies.at(-1)?.status, 454);
    assert.deepEqual(peer.events, []);
  });
});

describe('publishing', () => {
  it('ANNOUNCE, SETUP, RECORD, TEARDOWN, in every form of transport (mode=receive, or none: gsl#5, zlm#1274)', () => {
    for (const mode of ['', ';mode=record', ';mode="RECORD"', ';mode=receive', ';mode=play']) {
      const peer = publisher();
      const first = peer.ask('SETUP', `${BASE}/streamid=0`, {
        Transport: `RTP/AVP/TCP;unicast;interleaved=0-1${mode}`,
      });
      assert.equal(first.headers.get('Transport'), 'RTP/AVP/TCP;unicast;interleaved=0-1;mode="RECORD"');
      assert.equal(
        peer.ask('SETUP', `${BASE}/streamid=1`, { Transport: `RTP/AVP/TCP${mode}`, ...SESSION }).status,
        200,
      );
      assert.equal(peer.machine.sessions.size, 1);
      assert.equal(peer.machine.channel(2)?.track, 1);
      assert.equal(peer.ask('RECORD', BASE, { ...SESSION, Range: 'npt=0.000-' }).status, 200);
      assert.equal(peer.ask('RECORD', BASE, SESSION).status, 200);
      assert.equal(peer.ask('PLAY', BASE, SESSION).status, 455);
      assert.equal(peer.ask('TEARDOWN', BASE, SESSION).status, 200);
      assert.deepEqual(peer.events, ['flow s1', 'ended s1 teardown']);
    }
  });

  it('a session that is not named joins all the same', () => {
    const peer = publisher();
    peer.ask('SETUP', `${BASE}/streamid=0`, TCP);
    assert.match(peer.ask('SETUP', `${BASE}/streamid=1`, TCP).headers.get('Transport') ?? '', /interleaved=2-3/);
    assert.equal(peer.machine.sessions.size, 1);
  });

  it('a stream that may not be published is refused at ANNOUNCE', () => {
    const peer = new Dialogue();
    peer.edge = () => ({ kind: 'refused', error: new WeirError('stream-busy', 'somebody else does') });
    assert.equal(peer.ask('ANNOUNCE', BASE, SDP, ANNOUNCED).status, 453);
    assert.equal(peer.ask('SETUP', `${BASE}/streamid=0`, { Transport: `${TCP.Transport};mode=record` }).status, 455);
  });

  it('a track too many: 404; after RECORD: 455', () => {
    const peer = publisher();
    assert.equal(peer.ask('SETUP', `${BASE}/streamid=2`, TCP).status, 404);
    peer.ask('SETUP', `${BASE}/streamid=0`, TCP);
    peer.ask('RECORD', BASE, SESSION);
    assert.equal(peer.ask('SETUP', `${BASE}/streamid=1`, { ...TCP, ...SESSION }).status, 455);
    assert.equal(peer.ask('ANNOUNCE', BASE, SDP, ANNOUNCED).status, 455);
  });

  it('after TEARDOWN the connection may announce again', () => {
    const peer = publisher();
    peer.ask('SETUP', `${BASE}/streamid=0`, TCP);
    peer.ask('TEARDOWN', BASE, SESSION);
    assert.equal(peer.ask('ANNOUNCE', BASE, SDP, ANNOUNCED).status, 200);
  });
});

describe('order and liveness', () => {
  it('answers in the order of the requests, whatever has to be waited for', () => {
    const peer = new Dialogue();
    peer.edge = () => undefined;
    peer.say('DESCRIBE', BASE);
    peer.say('OPTIONS', '*');
    peer.say('DESCRIBE', BASE);
    assert.deepEqual([peer.replies.length, peer.asks.length], [0, 1]);
    peer.answer({ kind: 'described', sdp: new Uint8Array(1) });
    peer.answer({ kind: 'refused', error: new WeirError('stream-unknown', 'gone') });
    peer.answer({ kind: 'described', sdp: new Uint8Array(1) });
    assert.deepEqual(
      peer.replies.map(({ status, headers }) => `${headers.get('CSeq')}: ${status}`),
      ['1: 200', '2: 200', '3: 404'],
    );
  });

  it('limits sessions and tracks', () => {
    const peer = new Dialogue();
    const ssrcs = Array.from({ length: MAX_TRACKS_PER_SESSION + 1 }, (_, index) => index);
    peer.edge = () => ({ kind: 'tracks', ssrcs, user: undefined });
    for (const track of ssrcs) {
      const session: Record<string, string> = track === 0 ? {} : SESSION;
      const expected = track < MAX_TRACKS_PER_SESSION ? 200 : 453;
      assert.equal(peer.ask('SETUP', `${BASE}/trackID=${track}`, { ...TCP, ...session }).status, expected);
    }
    for (let i = 1; i <= MAX_SESSIONS_PER_CONNECTION; i++) {
      const expected = i < MAX_SESSIONS_PER_CONNECTION ? 200 : 453;
      assert.equal(peer.ask('SETUP', BASE, TCP).status, expected);
    }
  });

  it('any request or RTCP keeps a reader that does not play; without, it ends', () => {
    const peer = reader();
    peer.tick(TIMEOUT_MS - 1);
    peer.heard();
    peer.tick(2 * TIMEOUT_MS - 2);
    peer.ask('OPTIONS', '*');
    peer.tick(3 * TIMEOUT_MS - 3);
    assert.deepEqual(peer.events, []);
    peer.tick(3 * TIMEOUT_MS - 2);
    assert.deepEqual([peer.events, peer.machine.sessions.size], [['ended s1 timeout', 'close'], 0]);
  });

  it('a reader that plays lives by what its connection takes, and counts from PAUSE on', () => {
    const peer = reader(true);
    peer.tick(10 * TIMEOUT_MS);
    assert.deepEqual(peer.events, ['flow s1']);
    assert.equal(peer.ask('PAUSE', BASE, SESSION).status, 200);
    peer.tick(11 * TIMEOUT_MS - 1);
    assert.deepEqual(peer.events, ['flow s1']);
    peer.tick(11 * TIMEOUT_MS);
    assert.equal(peer.events[1], 'ended s1 timeout');
  });

  it('a publisher that records lives by its media alone (Media Foundation, FFmpeg over UDP: mtx#5090, #5100); one that does not begin ends', () => {
    const recording = publisher();
    recording.ask('SETUP', `${BASE}/streamid=0`, TCP);
    recording.ask('RECORD', BASE, SESSION);
    recording.tick(10 * TIMEOUT_MS);
    assert.deepEqual(recording.events, ['flow s1']);
    const hesitant = publisher();
    hesitant.ask('SETUP', `${BASE}/streamid=0`, TCP);
    hesitant.tick(TIMEOUT_MS);
    assert.equal(hesitant.events[0], 'ended s1 timeout');
  });

  it('a connection without a session is closed when idle, but not while it waits for us', () => {
    const peer = new Dialogue();
    peer.ask('OPTIONS', '*');
    peer.tick(CONNECTION_IDLE_MS - 1);
    assert.deepEqual(peer.events, []);
    peer.tick(CONNECTION_IDLE_MS);
    assert.deepEqual(peer.events, ['close']);
    const silent = new Dialogue();
    silent.tick(FIRST_REQUEST_MS - 1);
    assert.deepEqual(silent.events, []);
    silent.tick(FIRST_REQUEST_MS);
    assert.deepEqual(silent.events, ['close request-timeout']);
    const waiting = new Dialogue();
    waiting.edge = () => undefined;
    waiting.say('DESCRIBE', BASE);
    waiting.tick(CONNECTION_IDLE_MS);
    assert.deepEqual(waiting.events, []);
  });
});

describe('a session over another connection', () => {
  const table = newTable();
  const owner = new Dialogue(table);
  const other = new Dialogue(table);

  it('is played, paused and torn down from there, with its own login', () => {
    owner.ask('SETUP', `${BASE}/trackID=0`, TCP);
    assert.equal(other.ask('SETUP', `${BASE}/trackID=1`, { ...TCP, ...SESSION }).status, 459);
    assert.equal(other.ask('PLAY', BASE, SESSION).status, 200);
    assert.deepEqual(other.asks.at(-1)?.login?.right, 'read');
    assert.equal(other.ask('PAUSE', BASE, SESSION).status, 200);
    other.edge = () => ({ kind: 'unauthorized', challenges: [] });
    assert.equal(other.ask('TEARDOWN', BASE, SESSION).status, 401);
    assert.equal(owner.machine.sessions.size, 1);
    assert.deepEqual(other.events, ['flow s1']);
  });

  it('says nothing of what plays or records to who is not logged in', () => {
    const all = newTable();
    const [player, recorder, stranger] = [new Dialogue(all), new Dialogue(all), new Dialogue(all)];
    player.ask('SETUP', `${BASE}/trackID=0`, TCP);
    player.ask('PLAY', BASE, SESSION);
    recorder.ask('ANNOUNCE', BASE, SDP, ANNOUNCED);
    recorder.ask('SETUP', `${BASE}/trackID=0`, { Transport: `${TCP.Transport};mode=record` });
    recorder.ask('RECORD', BASE, { Session: 's2' });
    for (const [status, answer] of [
      [401, { kind: 'unauthorized', challenges: [] }],
      [200, { kind: 'parameters', values: new Map<string, string>() }],
    ] as const) {
      stranger.edge = () => answer;
      assert.equal(stranger.ask('PLAY', BASE, SESSION).status, status);
      assert.equal(stranger.ask('RECORD', BASE, { Session: 's2' }).status, status);
    }
    assert.deepEqual(
      stranger.asks.map(({ login }) => login?.right),
      ['read', 'publish', 'read', 'publish'],
    );
  });

  it('is kept alive from there', () => {
    other.nowMs = 50_000;
    other.ask('GET_PARAMETER', BASE, SESSION);
    owner.tick(TIMEOUT_MS);
    assert.deepEqual(owner.events, []);
  });
});
