import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AUDIO_SECTION, FakeCamera, TCP, VIDEO_SDP } from './fake-camera.ts';

describe('the way to media', () => {
  it('is OPTIONS, DESCRIBE, a SETUP a track, PLAY, and TEARDOWN', () => {
    const talk = new FakeCamera();
    assert.deepEqual(
      talk.of('connect').map((output) => output.url.host),
      ['192.0.2.1'],
    );
    talk.push({ kind: 'connected' });
    const options = talk.request('OPTIONS');
    assert.deepEqual(
      [options.uri, options.headers.get('CSeq'), options.headers.get('User-Agent')],
      ['rtsp://192.0.2.1/live', '1', 'weir'],
    );
    talk.reply(200);
    assert.equal(talk.request('DESCRIBE').headers.get('Accept'), 'application/sdp');
    talk.reply(200, { 'Content-Base': 'rtsp://192.0.2.1/live/' }, VIDEO_SDP + AUDIO_SECTION);
    const first = talk.request('SETUP');
    assert.deepEqual(
      [first.uri, first.headers.get('Transport'), first.headers.get('Session')],
      ['rtsp://192.0.2.1/live/trackID=0', `${TCP}0-1`, undefined],
    );
    talk.reply(200, { Session: '7;timeout=30', Transport: `${TCP}0-1` });
    const second = talk.request('SETUP');
    assert.deepEqual(
      [second.uri, second.headers.get('Transport'), second.headers.get('Session')],
      ['rtsp://192.0.2.1/live/trackID=1', `${TCP}2-3`, '7'],
    );
    talk.reply(200, { Session: '8', Transport: `${TCP}2-3` });
    const play = talk.request('PLAY');
    assert.deepEqual(
      [play.uri, play.headers.get('Session'), play.headers.get('Range')],
      ['rtsp://192.0.2.1/live/', '7', 'npt=0.000-'],
    );
    assert.deepEqual(talk.of('tracks'), []);
    talk.reply(200);
    assert.deepEqual(
      talk.of('tracks')[0]?.tracks.map(({ format, delivery }) => [format.encoding, delivery]),
      [
        ['H264', { kind: 'interleaved', rtpChannel: 0, rtcpChannel: 1 }],
        ['PCMA', { kind: 'interleaved', rtpChannel: 2, rtcpChannel: 3 }],
      ],
    );
    assert.deepEqual([...(talk.of('channels')[0]?.channels ?? [])], [0, 1, 2, 3]);
    talk.push({ kind: 'stop' });
    assert.deepEqual([talk.request('TEARDOWN').headers.get('Session'), talk.ended], ['7', undefined]);
    talk.reply(200);
    assert.equal(talk.ended, 'none');
  });

  it('skips what cannot be used, with the reason', () => {
    const talk = new FakeCamera();
    talk.describe(`${VIDEO_SDP}m=audio 0 RTP/AVP 0\r\na=sendonly\r\nm=vana 0 RTP/AVP 9\r\n${AUDIO_SECTION}`);
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('SETUP');
    talk.reply(500);
    talk.request('PLAY');
    talk.reply(200);
    const [announced] = talk.of('tracks');
    assert.equal(announced?.tracks.length, 1);
    assert.deepEqual(
      announced.skipped.map(({ reason }) => reason),
      ['its media type is "vana"', 'it is a back-channel', 'The source answered SETUP with 500 Reason'],
    );
  });
});

describe('what a server may answer', () => {
  it('SETUP with UDP: an end that tears down what was set up', () => {
    const talk = new FakeCamera();
    talk.describe(AUDIO_SECTION + VIDEO_SDP);
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: 'RTP/AVP;unicast;client_port=1-2;server_port=3-4' });
    talk.request('TEARDOWN');
    talk.advance(499);
    assert.equal(talk.ended, undefined);
    talk.advance(1);
    assert.equal(talk.ended, 'source-refused');
  });

  it('responses to nothing, and those that are not final', () => {
    const talk = new FakeCamera();
    talk.push({ kind: 'connected' });
    talk.request('OPTIONS');
    talk.reply(100);
    talk.nothingSent();
    talk.reply(200);
    talk.request('DESCRIBE');
    talk.reply(200, {}, VIDEO_SDP);
    talk.request('SETUP');
    talk.reply(200, { Session: '7' });
    talk.request('PLAY');
    talk.reply(200);
    talk.reply(200);
    assert.deepEqual([talk.machine.state, talk.machine.faults.unexpectedResponses], ['playing', 1]);
  });
});

describe('a request of the server', () => {
  const rows: readonly (readonly [string, string, number])[] = [
    ['OPTIONS', '', 200],
    ['GET_PARAMETER', '', 200],
    ['SET_PARAMETER', 'x: y\r\n', 501],
    ['ANNOUNCE', VIDEO_SDP, 200],
    ['ANNOUNCE', VIDEO_SDP.replace('H264', 'H265'), 501],
    ['ANNOUNCE', 'junk', 501],
    ['PLAY_NOTIFY', '', 501],
  ];
  for (const [method, body, status] of rows) {
    it(`${method} ${JSON.stringify(body.slice(0, 4))} is answered with ${status} and its own CSeq`, () => {
      const talk = new FakeCamera();
      talk.play();
      talk.say(
        `${method} rtsp://192.0.2.1/live RTSP/1.0\r\nCSeq: 4711\r\nSession: 7\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const response = talk.response();
      assert.deepEqual(
        [response.status, response.headers.get('CSeq'), response.headers.get('Session')],
        [status, '4711', '7'],
      );
      assert.equal(talk.machine.state, 'playing');
    });
  }

  it('that is numbered as nobody numbers is not said back', () => {
    const talk = new FakeCamera();
    talk.play();
    const long = '1'.repeat(1500);
    talk.say(`OPTIONS * RTSP/1.0\r\nCSeq: ${long}\r\nSession: ${long}\r\n\r\n`);
    const { status, headers } = talk.response();
    assert.deepEqual([status, headers.get('CSeq'), headers.get('Session')], [200, undefined, undefined]);
  });
});

describe('the end', () => {
  it('says what was awaited when the connection closes', () => {
    const talk = new FakeCamera();
    talk.push({ kind: 'connected' });
    talk.push({ kind: 'closed' });
    assert.equal(talk.of('end')[0]?.error?.message, 'The source closed the connection instead of answering OPTIONS');
  });

  it('comes once, whatever follows', () => {
    const talk = new FakeCamera();
    talk.play();
    talk.push({ kind: 'stop' });
    talk.push({ kind: 'stop' });
    talk.request('TEARDOWN');
    talk.push({ kind: 'closed' });
    for (const kind of ['closed', 'stop', 'tick', 'closed'] as const) talk.push({ kind });
    talk.frame(0);
    assert.deepEqual([talk.of('end').length, talk.of('rtp').length], [1, 0]);
    talk.nothingSent();
  });

  it('is that of the first cause: a stop while the TEARDOWN of an error is awaited changes nothing', () => {
    const talk = new FakeCamera();
    talk.play();
    talk.advance(15_000);
    talk.request('TEARDOWN');
    talk.push({ kind: 'stop' });
    assert.equal(talk.machine.state, 'leaving');
    talk.nothingSent();
    talk.reply(200);
    assert.equal(talk.ended, 'source-silent');
  });

  it('comes at once when stopped before a session is there', () => {
    for (const steps of [0, 1]) {
      const talk = new FakeCamera();
      if (steps === 1) talk.push({ kind: 'connected' });
      talk.push({ kind: 'stop' });
      assert.equal(talk.ended, 'none');
    }
  });
});
