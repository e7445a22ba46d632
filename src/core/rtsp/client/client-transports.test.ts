import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientOptions, Delivery, MediaWay } from './client-io.ts';
import { answering, AUDIO_SECTION, FakeCamera, plainAnswer, respond, TCP, TIMEOUTS, VIDEO_SDP } from './fake-camera.ts';

const ANY: Partial<ClientOptions> = { ways: ['tcp', 'udp'] };
const URL = 'rtsp://192.0.2.1/live';
const UDP = 'RTP/AVP;unicast;client_port=5000-5001';
const GROUP_SDP = VIDEO_SDP.replace('m=video 0', 'c=IN IP4 239.1.2.3/15\r\nm=video 6000');

/** RTP of payload type 96. */
function packet(sequence = 1): Uint8Array {
  return Uint8Array.of(0x80, 0xe0, 0, sequence, 0, 0, 0, 0, 0, 0, 0, 1, 0x65);
}

/** Gets as far as PLAY's answer over UDP. */
function playUdp(transport = `${UDP};server_port=7000-7001`): FakeCamera {
  const talk = new FakeCamera(URL, { ways: ['udp'] });
  talk.describe();
  talk.request('SETUP');
  talk.reply(200, { Session: '7', Transport: transport });
  talk.request('PLAY');
  talk.reply(200);
  return talk;
}

describe('over UDP', () => {
  it('each track gets ports of its own before its SETUP', () => {
    const talk = new FakeCamera(URL, { ways: ['udp'] });
    talk.describe(VIDEO_SDP + AUDIO_SECTION);
    assert.equal(talk.request('SETUP').headers.get('Transport'), UDP);
    talk.reply(200, { Session: '7', Transport: `${UDP};server_port=7000-7001` });
    assert.equal(talk.request('SETUP').headers.get('Transport'), 'RTP/AVP;unicast;client_port=5002-5003');
    talk.reply(200, { Session: '7', Transport: 'RTP/AVP;unicast;client_port=5002-5003' });
    assert.deepEqual(
      talk.of('bind').map(({ track }) => track),
      [0, 1],
    );
    assert.deepEqual(talk.of('punch'), [{ kind: 'punch', track: 0, ports: [7000, 7001] }], 'before PLAY');
    talk.request('PLAY');
    talk.reply(200);
    assert.deepEqual(
      talk.of('tracks')[0]?.tracks.map(({ delivery }) => delivery),
      [
        { kind: 'udp', track: 0, serverPorts: [7000, 7001] },
        { kind: 'udp', track: 1, serverPorts: undefined },
      ],
    );
  });

  it('media is known by its ports, whatever tracks could not be set up before it', () => {
    const talk = new FakeCamera(URL, { ways: ['udp'] });
    talk.describe(AUDIO_SECTION + VIDEO_SDP);
    talk.request('SETUP');
    talk.reply(500);
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: UDP });
    talk.request('PLAY');
    talk.push({ kind: 'datagrams', track: 1, part: 'rtp', packets: [packet(1)] });
    talk.reply(200);
    talk.push({ kind: 'datagrams', track: 1, part: 'rtp', packets: [packet(2), Uint8Array.of(1, 2, 3)] });
    talk.push({ kind: 'datagrams', track: 0, part: 'rtp', packets: [packet(3)] });
    talk.push({ kind: 'datagrams', track: 1, part: 'rtcp', packets: [Uint8Array.of(0x80, 200, 0, 0)] });
    assert.deepEqual(
      [...talk.of('rtp'), ...talk.of('rtcp')].map((output) => [output.kind, output.track, output.packet[3]]),
      [
        ['rtp', 0, 1],
        ['rtp', 0, 2],
        ['rtcp', 0, 0],
      ],
    );
    const { notRtpFrames, unknownChannelFrames } = talk.machine.faults;
    assert.deepEqual([notRtpFrames, unknownChannelFrames, talk.machine.provenWay], [1, 1, 'udp']);
  });

  it('each keep-alive punches again; TEARDOWN comes with BYE', () => {
    const talk = playUdp();
    for (let second = 0; second < 31; second++) {
      talk.push({ kind: 'datagrams', track: 0, part: 'rtp', packets: [packet(second)] });
      talk.advance(1000);
    }
    talk.request('OPTIONS');
    assert.equal(talk.of('punch').length, 2);
    talk.push({ kind: 'stop' });
    talk.request('TEARDOWN');
    assert.equal(talk.of('goodbye').length, 1);
  });

  it('ports that cannot be had end it; such that come too late are not asked for', () => {
    const talk = new FakeCamera(URL, { ways: ['udp'] });
    talk.bindsPorts = false;
    talk.describe();
    talk.nothingSent();
    talk.push({ kind: 'stop' });
    talk.push({ kind: 'bound', track: 0, ports: [5000, 5001] });
    talk.nothingSent();
    assert.equal(talk.ended, 'none');
  });
});

describe('what the reply to SETUP says counts:', () => {
  const interleaved: Delivery = { kind: 'interleaved', rtpChannel: 0, rtcpChannel: 1 };
  const group: Delivery = { kind: 'multicast', track: 0, group: '239.9.9.9', ports: [6000, 6001] };
  const udp: Delivery = { kind: 'udp', track: 0, serverPorts: undefined };
  const rows: readonly (readonly [name: string, MediaWay, reply: string, Delivery | 'source-refused'])[] = [
    ['TCP to a SETUP with UDP', 'udp', `${TCP}0-1`, interleaved],
    ['TCP without channels to a SETUP with UDP', 'udp', 'RTP/AVP/TCP;unicast', interleaved],
    ['no Transport at all, asked for UDP', 'udp', '', udp],
    ['a server_port of 0 (OpenIPC, mtx#4253)', 'udp', `${UDP};server_port=0-0`, udp],
    ['a server_port of 0 for RTCP', 'udp', `${UDP};server_port=5000-0`, udp],
    ['other client ports than asked for (H264DVR)', 'udp', 'RTP/AVP;unicast;client_port=18716-18717', udp],
    ['a group, asked for UDP', 'udp', 'RTP/AVP;multicast;destination=239.9.9.9;port=6000-6001;ttl=16', group],
    ['a group', 'multicast', 'RTP/AVP;multicast;destination=239.9.9.9;port=6000-6001', group],
    ['a group that names one port', 'multicast', 'RTP/AVP;multicast;destination=239.9.9.9;port=6000', group],
    ['a group without a port', 'multicast', 'RTP/AVP;multicast;destination=239.9.9.9;port=15000-0', 'source-refused'],
    ['a group that is none', 'multicast', 'RTP/AVP;multicast;destination=192.0.2.9;port=6000-6001', 'source-refused'],
    ['UDP, asked for a group', 'multicast', UDP, 'source-refused'],
    ['a group, asked for TCP', 'tcp', 'RTP/AVP;multicast;destination=239.9.9.9;port=6000-6001', 'source-refused'],
    ['UDP, asked for TCP (VLC, ret#103)', 'tcp', UDP, 'source-refused'],
  ];
  for (const [name, way, reply, expected] of rows) {
    it(name, () => {
      const answer = answering(
        (request, asked) =>
          request.method === 'SETUP'
            ? respond(request, '200 OK', [...(reply === '' ? [] : [`Transport: ${reply}`]), 'Session: 7'])
            : plainAnswer(request, asked),
        URL,
        { ways: [way] },
      );
      if (typeof expected === 'string') {
        assert.equal(answer.ended, expected);
        assert.equal(answer.requests.at(-1)?.method, 'TEARDOWN');
      } else assert.deepEqual(answer.of('tracks')[0]?.tracks[0]?.delivery, expected);
    });
  }

  it('what it does not say of a group, the description says', () => {
    const talk = new FakeCamera(URL, { ways: ['multicast'] });
    talk.describe(GROUP_SDP);
    assert.equal(talk.request('SETUP').headers.get('Transport'), 'RTP/AVP;multicast');
    talk.reply(200, { Session: '7', Transport: 'RTP/AVP;multicast' });
    assert.deepEqual(talk.of('join'), [{ kind: 'join', track: 0, group: '239.1.2.3', ports: [6000, 6001] }]);
    talk.request('PLAY');
  });
});

describe('where any way will do', () => {
  it('461 leads to UDP, on a new connection with a new DESCRIBE (Hikvision)', () => {
    const camera = answering(
      (request, asked) =>
        request.method === 'SETUP' && request.headers.get('Transport')?.includes('TCP') === true
          ? respond(request, '461 Unsupported Transport')
          : request.method === 'SETUP'
            ? respond(request, '200 OK', [`Transport: ${UDP};server_port=7000-7001`, 'Session: 7'])
            : plainAnswer(request, asked),
      URL,
      ANY,
    );
    assert.deepEqual(
      camera.requests.map(({ method }) => method),
      ['OPTIONS', 'DESCRIBE', 'SETUP', 'OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY'],
    );
    assert.equal(camera.connections.length, 2);
    assert.equal(camera.machine.faults.transportFallbacks, 1);
    assert.equal(camera.machine.provenWay, undefined, 'not before media came');
  });

  it('one track with 461 of which the rest does without is no reason', () => {
    const camera = answering(
      (request, asked) => {
        if (request.method === 'DESCRIBE') return respond(request, '200 OK', [], VIDEO_SDP + AUDIO_SECTION);
        const isAudio = request.method === 'SETUP' && request.uri.endsWith('1');
        return isAudio ? respond(request, '461 Unsupported Transport') : plainAnswer(request, asked);
      },
      URL,
      ANY,
    );
    assert.deepEqual([camera.machine.state, camera.connections.length], ['playing', 1]);
  });

  it('no media within the time leads from TCP to UDP, torn down between; none there either is the end', () => {
    const camera = answering(plainAnswer, URL, ANY);
    camera.advance(TIMEOUTS.firstByteMs);
    assert.deepEqual([camera.machine.state, camera.connections.length], ['playing', 2]);
    assert.equal(camera.requests.filter(({ method }) => method === 'TEARDOWN').length, 1);
    camera.advance(TIMEOUTS.firstByteMs + 500);
    assert.equal(camera.error?.message, 'No media within 15000 ms of PLAY, over TCP and over UDP');
  });

  it('media that came and stopped leads nowhere', () => {
    const camera = answering(plainAnswer, URL, ANY);
    camera.frame(0);
    camera.advance(TIMEOUTS.idleMs + 500);
    assert.deepEqual([camera.ended, camera.machine.provenWay], ['source-silent', 'tcp']);
  });

  it('461 to every way is the end', () => {
    const camera = answering(
      (request, asked) =>
        request.method === 'SETUP' ? respond(request, '461 Unsupported Transport') : plainAnswer(request, asked),
      URL,
      ANY,
    );
    assert.equal(camera.error?.message, 'The source does not send over UDP (461)');
  });
});

describe('another weir is asked for its GOP with true timestamps:', () => {
  const rows: readonly (readonly [server: string, url: string, asked: string])[] = [
    ['weir', '/live', '/live?start=gop'],
    ['weir/1.2', '/live?token=x', '/live?token=x&start=gop'],
    ['weir', '/live?start=key', '/live?start=key'],
    ['weirdcam', '/live', '/live'],
    ['GStreamer RTSP server', '/live', '/live'],
  ];
  for (const [server, path, asked] of rows) {
    it(`${server}, ${path}`, () => {
      const host = 'rtsp://192.0.2.1';
      const camera = answering(
        (request, times) =>
          request.method === 'OPTIONS'
            ? respond(request, '200 OK', [`Server: ${server}`])
            : plainAnswer(request, times),
        host + path,
      );
      assert.equal(camera.requests.find(({ method }) => method === 'DESCRIBE')?.uri, host + asked);
      assert.equal(camera.machine.state, 'playing');
    });
  }
});
