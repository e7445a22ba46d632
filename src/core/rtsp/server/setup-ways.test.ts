/** SETUP of ways besides the connection itself, and how sessions travel on them (RFC 2326 §12.39). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../errors.ts';
import { ANNOUNCED, BASE, Dialogue, generous, newTable, TCP } from './fake-peer.ts';

const UDP = { Transport: 'RTP/AVP;unicast;client_port=5000-5001' };
const GROUP = { Transport: 'RTP/AVP;multicast' };
const SESSION = { Session: 's1' };

const all = (): Dialogue => new Dialogue(newTable(), { udp: true, multicast: true });

describe('UDP', () => {
  it('a reader: each track has its ports, both share ours', () => {
    const peer = all();
    const first = peer.ask('SETUP', `${BASE}/trackID=0`, UDP);
    assert.equal(
      first.headers.get('Transport'),
      'RTP/AVP;unicast;client_port=5000-5001;server_port=8000-8001;ssrc=00000011;mode="PLAY"',
    );
    const other = { ...SESSION, Transport: 'RTP/AVP/UDP;unicast;client_port=5002-5003' };
    assert.equal(peer.ask('SETUP', `${BASE}/trackID=1`, other).status, 200);
    assert.deepEqual(
      [...peer.machine.sessions].flatMap(({ tracks }) => tracks.map(({ way }) => way)),
      [
        { kind: 'udp', clientPorts: [5000, 5001], serverPorts: [8000, 8001] },
        { kind: 'udp', clientPorts: [5002, 5003], serverPorts: [8000, 8001] },
      ],
    );
    assert.equal(peer.ask('PLAY', BASE, SESSION).status, 200);
    assert.deepEqual(peer.events, ['flow s1']);
    assert.equal(peer.machine.channel(0), undefined);
  });

  it('a publisher', () => {
    const peer = all();
    peer.ask('ANNOUNCE', BASE, { 'Content-Type': 'application/sdp' }, ANNOUNCED);
    const reply = peer.ask('SETUP', `${BASE}/streamid=0`, { Transport: `${UDP.Transport};mode=record` });
    assert.equal(
      reply.headers.get('Transport'),
      'RTP/AVP;unicast;client_port=5000-5001;server_port=8000-8001;mode="RECORD"',
    );
    assert.equal(peer.ask('RECORD', BASE, SESSION).status, 200);
    // It lives by its media alone.
    peer.tick(10 * 60_000);
    assert.equal(peer.machine.sessions.size, 1);
  });

  it('is not offered: 461, and the next of the list is taken', () => {
    assert.equal(new Dialogue().ask('SETUP', BASE, UDP).status, 461);
    const both = { Transport: `${UDP.Transport},${TCP.Transport}` };
    assert.match(new Dialogue().ask('SETUP', BASE, both).headers.get('Transport') ?? '', /interleaved=0-1/);
  });

  it('a session lives by RTCP, or by requests', () => {
    const peer = all();
    peer.ask('SETUP', BASE, UDP);
    peer.ask('PLAY', BASE, SESSION);
    peer.nowMs = 60_000;
    peer.heard();
    peer.tick(124_000);
    assert.equal(peer.machine.sessions.size, 1);
    peer.tick(126_000);
    assert.deepEqual(peer.events, ['flow s1', 'ended s1 timeout', 'close']);
  });

  it('one session travels one way', () => {
    const peer = all();
    peer.ask('SETUP', `${BASE}/trackID=0`, UDP);
    assert.equal(peer.ask('SETUP', `${BASE}/trackID=1`, { ...TCP, ...SESSION }).status, 461);
    // Its only track may change.
    assert.equal(peer.ask('SETUP', `${BASE}/trackID=0`, { ...TCP, ...SESSION }).status, 200);
    assert.equal(peer.machine.channel(0)?.track, 0);
    assert.deepEqual(peer.events, ['way-left s1 udp']);
    assert.equal(peer.ask('SETUP', `${BASE}/trackID=0`, { ...GROUP, ...SESSION }).status, 200);
    assert.equal(peer.machine.channel(0), undefined);
    // What it has already is not left.
    assert.equal(peer.ask('SETUP', `${BASE}/trackID=0`, { ...GROUP, ...SESSION }).status, 200);
    assert.deepEqual(peer.events, ['way-left s1 udp', 'way-left s1 interleaved']);
    // Nor what it would have left, had it got another.
    const error = new WeirError('limit-reached', 'Too many tracks');
    peer.edge = (ask) => (ask.kind === 'way' ? { kind: 'no-way', error } : generous(ask));
    assert.notEqual(peer.ask('SETUP', `${BASE}/trackID=0`, { ...UDP, ...SESSION }).status, 200);
    assert.deepEqual(peer.events.length, 2);
    assert.equal([...peer.machine.sessions][0]?.tracks[0]?.way.kind, 'multicast');
  });

  it('no port is free: refused, and nothing is left behind', () => {
    const peer = all();
    const error = new WeirError('port-in-use', 'No pair of UDP ports is free');
    peer.edge = (ask) => (ask.kind === 'way' ? { kind: 'no-way', error } : generous(ask));
    const reply = peer.ask('SETUP', BASE, UDP);
    assert.equal(reply.status, 500);
    assert.match(reply.headers.get('X-Weir-Error') ?? '', /^port-in-use/);
    assert.equal(peer.machine.sessions.size, 0);
  });

  it('no port is free for a publisher: what it announced can be set up another way', () => {
    const peer = all();
    const error = new WeirError('transport-unsupported', 'There are no UDP ports for it');
    peer.edge = (ask) => (ask.kind === 'way' ? { kind: 'no-way', error } : generous(ask));
    assert.equal(peer.ask('ANNOUNCE', BASE, { 'Content-Type': 'application/sdp' }, ANNOUNCED).status, 200);
    assert.equal(peer.ask('SETUP', `${BASE}/streamid=0`, UDP).status, 461);
    assert.equal(peer.machine.sessions.size, 0);
    const reply = peer.ask('SETUP', `${BASE}/streamid=0`, TCP);
    assert.equal(reply.status, 200);
    const session = { Session: reply.headers.get('Session')?.split(';')[0] ?? '' };
    assert.equal(peer.ask('RECORD', BASE, session).status, 200);
  });

  it('the session ends while ports are looked for', () => {
    const peer = all();
    peer.edge = (ask) => (ask.kind === 'way' ? undefined : generous(ask));
    peer.say('SETUP', BASE, UDP);
    const [session] = peer.machine.sessions;
    assert.ok(session !== undefined);
    peer.machine.push({ kind: 'end-session', session }, 0);
    peer.answer({ kind: 'way', way: { kind: 'udp', clientPorts: [5000, 5001], serverPorts: [8000, 8001] } });
    assert.equal(peer.replies.at(-1)?.status, 454);
    assert.equal(peer.machine.sessions.size, 0);
  });
});

describe('multicast', () => {
  it('a reader is told the group', () => {
    const peer = all();
    const reply = peer.ask('SETUP', `${BASE}/trackID=1`, GROUP);
    assert.equal(
      reply.headers.get('Transport'),
      'RTP/AVP;multicast;destination=239.10.1.2;ttl=16;port=8004-8005;ssrc=00000022;mode="PLAY"',
    );
  });

  it('nobody publishes to a group: 461', () => {
    const peer = all();
    peer.ask('ANNOUNCE', BASE, { 'Content-Type': 'application/sdp' }, ANNOUNCED);
    assert.equal(peer.ask('SETUP', `${BASE}/streamid=0`, GROUP).status, 461);
  });
});
