import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AUDIO_SECTION, FakeCamera, TCP, TIMEOUTS, VIDEO_SDP } from './fake-camera.ts';
import { MAX_EARLY_FRAMES } from './media-gate.ts';

const METADATA_SECTION =
  'm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=4\r\n';

describe('media', () => {
  it('before PLAY is dropped, between PLAY and its answer kept', () => {
    const talk = new FakeCamera();
    talk.describe();
    talk.request('SETUP');
    talk.frame(0, 1);
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('PLAY');
    talk.frame(0, 2);
    assert.deepEqual(talk.of('rtp'), []);
    talk.reply(200);
    talk.frame(0, 3);
    assert.deepEqual(
      talk.of('rtp').map(({ packet }) => packet[2]),
      [2, 3],
    );
    assert.deepEqual(
      talk.outputs.map(({ kind }) => kind),
      ['connect', 'channels', 'tracks', 'rtp', 'rtp'],
    );
    assert.equal(talk.machine.faults.earlyFrames, 1);
  });

  it('is what lives: metadata comes with it, and alone it is silence', () => {
    const talk = new FakeCamera();
    talk.describe(VIDEO_SDP + METADATA_SECTION);
    for (const channels of ['0-1', '2-3']) {
      talk.request('SETUP');
      talk.reply(200, { Session: '7', Transport: TCP + channels });
    }
    talk.request('PLAY');
    talk.reply(200);
    talk.frame(2, 1);
    talk.frame(0, 2);
    talk.frame(2, 3);
    assert.deepEqual(
      talk.of('rtp').map(({ track, packet }) => [track, packet[2]]),
      [
        [0, 2],
        [1, 3],
      ],
    );
    for (let seconds = 0; seconds < TIMEOUTS.idleMs / 1000; seconds++) {
      talk.frame(2);
      talk.advance(1000);
    }
    talk.request('TEARDOWN');
    assert.equal(talk.machine.state, 'leaving');
  });

  it('kept early is a copy: what it was read into is read into again', () => {
    const talk = new FakeCamera();
    talk.describe();
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('PLAY');
    const payload = Uint8Array.of(0x80, 96, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    const before = new Uint8Array(payload);
    talk.push({ kind: 'units', units: [{ kind: 'frame', channel: 0, payload }] });
    payload.fill(0);
    talk.reply(200);
    assert.deepEqual(
      talk.of('rtp').map(({ packet }) => packet),
      [before],
    );
  });

  it('kept early is bounded', () => {
    const talk = new FakeCamera();
    talk.describe();
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('PLAY');
    for (let i = 0; i < MAX_EARLY_FRAMES + 5; i++) talk.frame(0);
    talk.reply(200);
    assert.deepEqual([talk.of('rtp').length, talk.machine.faults.earlyFrames], [MAX_EARLY_FRAMES, 5]);
  });

  it('of a dead session of an old live555 is dropped (ret#17)', () => {
    const talk = new FakeCamera();
    talk.describe(`a=tool:LIVE555 Streaming Media v2013.04.08\r\n${VIDEO_SDP}`);
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1;ssrc=01020304` });
    talk.request('PLAY');
    talk.frame(0);
    talk.reply(200);
    talk.frame(0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9);
    talk.frame(0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4);
    talk.advance(1000);
    talk.frame(0, 0, 2, 0, 0, 0, 0, 9, 9, 9, 9);
    assert.deepEqual(
      talk.of('rtp').map(({ packet }) => packet[3]),
      [1, 2],
    );
    assert.deepEqual([talk.machine.faults.earlyFrames, talk.machine.faults.foreignSsrcFrames], [1, 1]);
  });

  it('goes to its track by channel, RTCP on the RTP channel is RTCP, tracks that share a channel are told by payload type', () => {
    const talk = new FakeCamera();
    talk.describe(VIDEO_SDP + AUDIO_SECTION);
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('PLAY');
    talk.reply(200);
    const units = [96, 8, 0x80 | 8, 200].map(
      (second) => ({ kind: 'frame', channel: 0, payload: Uint8Array.of(0x80, second, 0, 0) }) as const,
    );
    talk.push({ kind: 'units', units: [...units, { kind: 'frame', channel: 0, payload: Uint8Array.of(0, 0) }] });
    assert.deepEqual(
      talk.of('rtp').map(({ track }) => track),
      [0, 1, 1],
    );
    assert.equal(talk.of('rtcp').length, 1);
    assert.equal(talk.machine.faults.notRtpFrames, 1);
  });

  it('counts rubbish', () => {
    const talk = new FakeCamera();
    talk.play();
    talk.push({
      kind: 'units',
      units: [
        { kind: 'garbage', bytes: 12 },
        { kind: 'garbage', bytes: 3 },
      ],
    });
    assert.deepEqual([talk.machine.faults.garbageBytes, talk.machine.faults.resyncs], [15, 2]);
  });
});

describe('time', () => {
  it('without an answer: source-timeout', () => {
    const talk = new FakeCamera();
    talk.push({ kind: 'connected' });
    talk.request('OPTIONS');
    talk.advance(9999);
    talk.reply(200);
    talk.advance(9999);
    assert.equal(talk.ended, undefined);
    talk.advance(1);
    assert.equal(talk.ended, 'source-timeout');
  });

  it('without media: source-silent, after the first byte and after the last', () => {
    const talk = new FakeCamera();
    talk.play('7;timeout=600');
    talk.advance(14_999);
    talk.frame(0);
    talk.frame(1, 200);
    talk.advance(9999);
    assert.equal(talk.machine.state, 'playing');
    talk.advance(1);
    talk.request('TEARDOWN');
    talk.reply(200);
    assert.equal(talk.ended, 'source-silent');

    const never = new FakeCamera();
    never.play();
    never.advance(15_000);
    never.request('TEARDOWN');
    never.advance(500);
    assert.match(never.of('end')[0]?.error?.message ?? '', /within 15000 ms of PLAY/);
  });

  for (const [session, periodMs] of [
    ['7;timeout=60', 30_000],
    ['7;timeout=30', 15_000],
    ['7;timeout=15', 7500],
    ['7;timeout=8', 5000],
    ['7;timeout=7', 5000],
    ['7;timeout=6', 3000],
    ['7;timeout=5', 2500],
    ['7;timeout=1', 2000],
    ['7;timeout=0', 30_000],
    ['7;timeout=', 30_000],
    ['7', 30_000],
    ['7;timeout=600', 30_000],
  ] as const) {
    it(`keeps ${session} alive every ${periodMs} ms (cameras say anything, or nothing: ZoneMinder#3652)`, () => {
      const talk = new FakeCamera(undefined, { timeouts: { responseMs: 10_000, firstByteMs: 1e9, idleMs: 1e9 } });
      talk.play(session);
      for (let i = 0; i < 3; i++) {
        talk.advance(periodMs - 1);
        talk.nothingSent();
        talk.advance(1);
        assert.equal(talk.request('OPTIONS').headers.get('Session'), '7');
        talk.reply(200);
      }
    });
  }

  it('keeps alive with another method when one is refused, and never minds', () => {
    const talk = new FakeCamera(undefined, { timeouts: { responseMs: 10_000, firstByteMs: 1e9, idleMs: 1e9 } });
    talk.play();
    for (const method of ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER', 'OPTIONS']) {
      talk.advance(30_000);
      talk.request(method);
      talk.reply(method === 'OPTIONS' ? 501 : 451);
    }
    talk.advance(300_000);
    assert.equal(talk.machine.state, 'playing');
  });

  for (const [name, seconds, method] of [
    ['at about its time-out', 60, 'GET_PARAMETER'],
    ['at once', 3, 'OPTIONS'],
    ['after a day', 86_400, 'OPTIONS'],
  ] as const) {
    it(`a session that is cut ${name} is next kept alive with ${method}`, () => {
      const talk = new FakeCamera(undefined, { timeouts: { responseMs: 10_000, firstByteMs: 1e9, idleMs: 1e9 } });
      talk.play();
      talk.advance(seconds * 1000);
      talk.push({ kind: 'closed' });
      assert.deepEqual([talk.ended, talk.machine.keepAlive], ['source-closed', method]);
    });
  }
});
