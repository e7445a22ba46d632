/**
 * Rows of docs/cameras.md that one table shows best: what a device does, as it stands on the wire, and what comes of it. Each names its device and its
 * source. The rest stands beside the code that caters for it.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { joined } from '../../test/harness/mutations.ts';
import { VIDEO_STREAMS, depacketize, payloadsOf, videoStream } from '../../test/fixtures/streams/units.ts';
import { completeFormat } from './codec/registry.ts';
import { WeirError } from './errors.ts';
import { parseRtcp } from './rtcp/parse.ts';
import { writeRtpHeader } from './rtp/packet.ts';
import { RtpReceiver } from './rtp/receiver.ts';
import {
  AUDIO_SECTION,
  FakeCamera,
  TCP,
  VIDEO_SDP,
  answering,
  plainAnswer,
  respond,
} from './rtsp/client/fake-camera.ts';
import { ChannelMap } from './rtsp/client/channel-map.ts';
import { frame } from './rtsp/wire/frame.ts';
import { RtspFramer } from './rtsp/wire/framer.ts';
import { parseHead } from './rtsp/wire/parse-head.ts';
import { serialiseRequest } from './rtsp/wire/serialise.ts';
import { RtspHeaders } from './rtsp/wire/headers.ts';
import { baseUrl } from './sdp/control-url.ts';
import { parseSdp } from './sdp/parse-sdp.ts';
import { sdpTracks } from './sdp/sdp-tracks.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const OK = 'RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n';

function rtp(sequence: number, timestamp = 3600 * sequence, ssrc = 7, length = 40): Uint8Array {
  const packet = new Uint8Array(length);
  writeRtpHeader(packet, { payloadType: 96, sequence, timestamp, ssrc }, true);
  return packet;
}

/** Units by kind, with what tells them apart. */
function units(wire: Uint8Array, channels: readonly number[] = [0, 1]): readonly string[] {
  const framer = new RtspFramer();
  framer.knowChannels(new Set(channels));
  return framer.push(wire).map((unit) => {
    if (unit.kind === 'frame') return `${unit.channel}:${unit.payload.length}`;
    if (unit.kind === 'garbage') return `!${unit.bytes}`;
    if (unit.kind === 'error') return `?${unit.error.code}`;
    return unit.message.kind === 'request' ? unit.message.method : String(unit.message.status);
  });
}

describe('on the connection', () => {
  it('cameras that compare CSeq letter by letter (g2r#7): written exactly so, whatever it was called', () => {
    const bytes = serialiseRequest({ method: 'PLAY', uri: '*', headers: new RtspHeaders([['cseq', '5']]) });
    assert.equal(new TextDecoder().decode(bytes), 'PLAY * RTSP/1.0\r\nCSeq: 5\r\n\r\n');
  });

  it('H264DVR, VStarcam: Cseq; Longse, Hikvision: blanks and tabs around values (ret#77, gsl#437)', () => {
    const head = parseHead('RTSP/1.0 200 OK\r\nCseq:\t 7 \t\r\nSession :   708345999\t;timeout=60 ');
    assert.ok(!(head instanceof WeirError));
    assert.deepEqual([head.headers.get('CSeq'), head.headers.get('session')], ['7', '708345999\t;timeout=60']);
  });

  const wires: readonly (readonly [name: string, wire: Uint8Array, expected: readonly string[]])[] = [
    ['stray line ends and bytes between messages (gsl#651)', text(`${OK}\r\n\r\n\0\0${OK}`), ['200', '!2', '200']],
    [
      'garbage, text and replies between frames (mtx#19)',
      joined([frame(0, rtp(1)), text('<html>'), text(OK), frame(0, rtp(2)), new Uint8Array(900), frame(1, rtp(3))]),
      ['0:40', '!6', '200', '0:40', '!900', '1:40'],
    ],
    ['Tapo, Nest: packets up to 64 KB (mtx#211)', frame(0, rtp(1, 0, 7, 65_535)), ['0:65535']],
    [
      'publishers that send TEARDOWN inside what they push (scr#531, zlm#2499)',
      joined([frame(0, rtp(1)), text('TEARDOWN rtsp://h/s RTSP/1.0\r\nCSeq: 9\r\n\r\n'), frame(0, rtp(2))]),
      ['0:40', 'TEARDOWN', '0:40'],
    ],
    ['a channel that was never set up', joined([frame(8, rtp(1)), frame(0, rtp(2))]), ['8:40', '0:40']],
  ];
  for (const [name, wire, expected] of wires) it(name, () => assert.deepEqual(units(wire), expected));

  it('RTCP on the channel of RTP is told by its second byte, 200 to 204 (GStreamer)', () => {
    const map = new ChannelMap();
    map.add(0, 96, 0, 1);
    for (const type of [200, 201, 202, 203, 204])
      assert.deepEqual(map.find(0, Uint8Array.of(0x80, type, 0, 1, 0, 0, 0, 7)), { track: 0, kind: 'rtcp' });
  });
});

describe('in the dialogue', () => {
  it('cameras that refuse who does not say User-Agent (g2r#235): in every request, TEARDOWN too', () => {
    const camera = answering(plainAnswer);
    camera.frame(0);
    camera.advance(30_000);
    camera.frame(0);
    camera.push({ kind: 'stop' });
    assert.ok(camera.requests.some(({ method }) => method === 'TEARDOWN'));
    for (const { method, headers } of camera.requests) assert.equal(headers.get('User-Agent'), 'weir', method);
  });

  it('v4l2rtspserver: media before the replies to SETUP and PLAY is no error', () => {
    const camera = new FakeCamera();
    camera.describe();
    camera.request('SETUP');
    camera.frame(0, 1);
    camera.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    camera.request('PLAY');
    camera.frame(0, 2);
    camera.reply(200);
    assert.deepEqual([camera.machine.state, camera.of('rtp').length], ['playing', 1]);
  });

  it('redirectors do without user and password (g2r#565): to the same host they go along, to another not', () => {
    for (const [location, expected] of [
      ['rtsp://192.0.2.1:8554/other', 'user'],
      ['rtsp://192.0.2.9/other', undefined],
      ['rtsp://a:b@192.0.2.9/other', 'a'],
    ] as const) {
      const camera = answering((request, asked) =>
        request.method === 'DESCRIBE' && asked === 0
          ? respond(request, '302 Moved', [`Location: ${location}`])
          : plainAnswer(request, asked),
      );
      assert.equal(camera.of('connect').at(-1)?.url.credentials?.user, expected, location);
    }
  });

  const FULL = [
    ['HikLoad#4', 'SETUP', '453 Not Enough Bandwidth'],
    ['recorders at the 55th session (g2r#1616)', 'SETUP', '500 Internal Server Error'],
    ['recorders (g2r#1616)', 'DESCRIBE', '500 Internal Server Error'],
    ['Tapo, which has room for two (fri#5983)', 'PLAY', '453 Not Enough Bandwidth'],
  ] as const;
  for (const [name, method, status] of FULL) {
    it(`${name}: ${status} to ${method} is tried again later, and nothing stays behind`, () => {
      const camera = answering((request, asked) =>
        request.method === method ? respond(request, status) : plainAnswer(request, asked),
      );
      assert.deepEqual([camera.ended, camera.error?.row.retry], ['source-refused', true]);
      assert.equal(camera.connections.length, 1);
      assert.equal(camera.requests.at(-1)?.method, method === 'PLAY' ? 'TEARDOWN' : method);
    });
  }

  it('Axis frees a session that was left only after minutes (g2r#728): TEARDOWN on every way out', () => {
    const ways: Readonly<Record<string, (camera: FakeCamera) => void>> = {
      stop: (camera) => camera.push({ kind: 'stop' }),
      silence: (camera) => camera.advance(60_000),
      'no RTSP': (camera) => camera.say(new Uint8Array(100_000).fill(0x20)),
    };
    for (const [name, leave] of Object.entries(ways)) {
      const camera = answering(plainAnswer);
      camera.frame(0);
      leave(camera);
      // What answers it may not be readable any more.
      camera.advance(500);
      assert.ok(camera.ended !== undefined, name);
      assert.equal(camera.requests.at(-1)?.method, 'TEARDOWN', name);
    }
  });

  it('a camera that takes 12 s to answer, as ZoneMinder met one, is given up, or waited for where the time-out says so', () => {
    for (const [responseMs, ended] of [
      [10_000, 'source-timeout'],
      [15_000, undefined],
    ] as const) {
      const camera = new FakeCamera(undefined, { timeouts: { responseMs, firstByteMs: 15_000, idleMs: 10_000 } });
      camera.push({ kind: 'connected' });
      camera.advance(12_000);
      assert.equal(camera.ended, ended);
      if (ended !== undefined) continue;
      camera.answerWith(plainAnswer);
      camera.say('RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n');
      assert.equal(camera.machine.state, 'playing');
    }
  });

  it('passwords with odd characters (g2r#244): decoded once, and the digest names the URL of the request line', () => {
    const camera = answering(
      (request, asked) =>
        request.headers.get('Authorization') === undefined && request.method !== 'OPTIONS'
          ? respond(request, '401 Unauthorized', ['WWW-Authenticate: Digest realm="x", nonce="n"'])
          : plainAnswer(request, asked),
      'rtsp://us%20er:p%2540@:#ss@192.0.2.1/main?a=b',
    );
    assert.deepEqual(camera.of('connect')[0]?.url.credentials, { user: 'us er', password: 'p%40@:#ss' });
    const asked = camera.requests.filter(({ headers }) => headers.get('Authorization') !== undefined);
    assert.ok(asked.length >= 3);
    for (const { uri, headers } of asked) {
      assert.ok(!uri.includes('@'));
      assert.ok(headers.get('Authorization')?.includes(`uri="${uri}"`));
    }
  });

  const RTP_INFOS = [
    undefined,
    'url=rtsp://other/;seq=9;rtptime=-1',
    'url=trackID=0;seq=99999999;rtptime=0',
    ';;,,',
    '',
  ];
  for (const value of RTP_INFOS) {
    it(`Hikvision, GW, Laureii, OMNY (ret#117, mf#224): RTP-Info ${JSON.stringify(value)}`, () => {
      const camera = new FakeCamera();
      camera.describe();
      camera.request('SETUP');
      camera.reply(200, { Session: '7', Transport: `${TCP}0-1` });
      camera.request('PLAY');
      camera.reply(200, { Session: '7', ...(value !== undefined && { 'RTP-Info': value }) });
      camera.frame(0, 0, 1);
      assert.deepEqual([camera.machine.state, camera.of('rtp').length], ['playing', 1]);
    });
  }

  it('doorbells break when their back-channel is asked for (Hikvision, Dahua: g2r#247, fri#5020)', () => {
    const backChannel = 'm=audio 0 RTP/AVP 0\r\na=control:trackID=4\r\na=sendonly\r\n';
    const camera = answering((request, asked) =>
      request.method === 'DESCRIBE'
        ? respond(request, '200 OK', [], VIDEO_SDP + AUDIO_SECTION + backChannel)
        : plainAnswer(request, asked),
    );
    assert.deepEqual(
      camera.requests.filter(({ method }) => method === 'SETUP').map(({ uri }) => uri.replace(/^.*\//, '')),
      ['trackID=0', 'trackID=1'],
    );
    assert.ok(camera.requests.every(({ headers }) => headers.get('Require') === undefined));
  });
});

describe('in the description', () => {
  const bases: readonly (readonly [base: string, expected: string])[] = [
    ['rtsp://::ffff:192.0.2.1:554/live/', 'rtsp://192.0.2.1/live/'],
    ['rtsp://rtsp://192.0.2.1/live/', 'rtsp://192.0.2.1/live/'],
    ['192.0.2.1/live/', 'rtsp://192.0.2.1/live/'],
    ['rtsp://10.1.1.1/elsewhere/', 'rtsp://192.0.2.1/live'],
  ];
  for (const [contentBase, expected] of bases) {
    it(`Anjvision and others (g2r#1852, mf#356): Content-Base ${contentBase}`, () =>
      assert.equal(baseUrl('rtsp://192.0.2.1/live', { contentBase, contentLocation: undefined }), expected));
  }

  const video = 'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n';
  const descriptions: readonly (readonly [name: string, sdp: string | Uint8Array, tracks: readonly string[]])[] = [
    ['FLIR (gsl#448): no v=, o=, s=', video, ['H264']],
    ['Uniview (gsl#439, #455): c= cut short', `v=0\r\nc=IN \r\nc=IN\r\nc=\r\n${video}`, ['H264']],
    [
      'Macro-Video (g2r#1426, mtx#5033): t=now-, decimals in o=',
      `v=0\r\no=- 1.5 2.5 IN IP4 x\r\nt=now-\r\n${video}`,
      ['H264'],
    ],
    [
      'ret#52: a name that is not UTF-8',
      joined([text('v=0\r\ns='), Uint8Array.of(0xff, 0xe9), text(`\r\n${video}`)]),
      ['H264'],
    ],
    [
      'TP-Link (mf#238): its own media type',
      `${video}m=application/TP-LINK 0 RTP/AVP smart/1/90000\r\na=rtpmap:95 TP-LINK/90000\r\n`,
      ['H264'],
    ],
    ['Mercury: m=vana', `${video}m=vana 0 RTP/AVP 97\r\na=rtpmap:97 X/1\r\n`, ['H264']],
    [
      'Hikvision metadata',
      `${video}m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n`,
      ['H264', 'VND.ONVIF.METADATA'],
    ],
  ];
  for (const [name, sdp, tracks] of descriptions) {
    it(name, () => {
      const description = parseSdp(typeof sdp === 'string' ? text(sdp) : sdp);
      assert.ok(!(description instanceof WeirError));
      assert.deepEqual(
        sdpTracks(description).tracks.map(({ format }) => format.encoding),
        tracks,
      );
    });
  }

  const STREAM = videoStream('plain-h264');
  const sets = STREAM.parameters.parameterSets.map((set) => Buffer.from(set).toString('base64'));
  const annexB = STREAM.parameters.parameterSets.map((set) =>
    Buffer.concat([Buffer.of(0, 0, 0, 1), set]).toString('base64'),
  );
  const sprops: readonly (readonly [name: string, value: string | undefined, known: boolean])[] = [
    ['Uniview IPC6322SR (crumb#592): none', undefined, false],
    ['one of two (gsl#402)', sets[0], false],
    ['junk (g2r#1588)', 'AAAA,!!!,,', false],
    ['Annex B', annexB.join(','), true],
    ['as it should be', sets.join(','), true],
  ];
  for (const [name, value, known] of sprops) {
    it(`${name}: the pictures come all the same, sets in-band`, () => {
      const { parameters, ...bare } = STREAM.format;
      const fmtp = new Map(value === undefined ? [] : [['sprop-parameter-sets', value]]);
      const format = completeFormat({ ...bare, fmtp });
      assert.equal(format.parameters?.identity === parameters?.identity, known);
      const [first] = depacketize(STREAM, payloadsOf(STREAM), format).units;
      assert.deepEqual([first?.key, first?.damaged, first?.parameters?.identity], [true, false, parameters?.identity]);
    });
  }

  it('many fragment though packetization-mode is 0 or absent', () => {
    for (const fmtp of [new Map<string, string>(), new Map([['packetization-mode', '0']])]) {
      const { units: out } = depacketize(STREAM, payloadsOf(STREAM, 200), {
        ...STREAM.format,
        fmtp,
        parameters: undefined,
      });
      assert.equal(out.filter(({ damaged }) => !damaged).length, STREAM.units.length);
    }
  });
});

describe('in the media', () => {
  it('Uniview (gsl#687): another SSRC with each GOP is no interruption', () =>
    assert.deepEqual(receive([rtp(1), rtp(2), rtp(3, 10_800, 8), rtp(4, 14_400, 8)]), {
      lost: [0, 0, 0, 0],
      faults: 'ssrcChanges 1',
    }));

  it('Geovision: packets twice (ZoneMinder#811)', () =>
    assert.deepEqual(receive([rtp(1), rtp(2), rtp(2), rtp(1), rtp(3)]), {
      lost: [0, 0, undefined, undefined, 0],
      faults: 'doubledPackets 2',
    }));

  it('encoders that restart: a jump of the numbers interrupts what was begun, and loses nothing else', () =>
    assert.deepEqual(receive([rtp(1), rtp(2), rtp(30_000), rtp(30_001)]), {
      lost: [0, 0, 1, 0],
      faults: 'sequenceRestarts 1',
    }));

  it('gaps inside TCP too: so many are missing', () =>
    assert.deepEqual(receive([rtp(1), rtp(5), rtp(6)]), { lost: [0, 3, 0], faults: '' }));

  it('Hanwha, Xenon, Hikvision (gsl#1099): a broken source description harms no report', () => {
    const report = new Uint8Array(28);
    report.set([0x80, 200, 0, 6, 0, 0, 0, 7, 0xe0]);
    for (const broken of [
      [0x81, 202, 0, 2, 0, 0, 0, 7, 1, 200, 65, 66],
      [0x81, 202, 0, 1, 0, 0, 0, 7],
      [0x82, 202, 0, 2, 0, 0, 0, 7, 1, 0, 0, 0],
      [0x81, 202, 0, 200, 0, 0, 0, 7],
    ]) {
      const { packets } = parseRtcp(joined([report, Uint8Array.from(broken)]));
      assert.deepEqual(
        [packets[0]?.kind, packets[0]?.kind === 'sender-report' && packets[0].ssrc],
        ['sender-report', 7],
      );
    }
  });

  it('Tapo C320WS: a report of an SSRC that sends nothing is taken for the track of its channel', () => {
    const map = new ChannelMap();
    map.add(0, 96, 0, 1);
    const report = Uint8Array.of(0x80, 200, 0, 6, 9, 9, 9, 9);
    const found = map.find(1, report);
    assert.ok(typeof found !== 'string' && found.track === 0 && found.kind === 'rtcp');
  });

  it('Amcrest and others: key frames without parameter sets, once those are known (mtx#4262: they came once)', () => {
    const stream = videoStream('plain-h264');
    const all = payloadsOf(stream);
    const first = all.findIndex(isSet);
    const once = all.filter((payload, index) => !isSet(payload) || index <= first + 1);
    const { units: out } = depacketize(stream, once, { ...stream.format, parameters: undefined });
    const keys = out.filter(({ key }) => key);
    assert.ok(keys.length > 1);
    for (const { damaged, parameters } of keys)
      assert.deepEqual([damaged, parameters?.identity], [false, stream.parameters.identity]);
  });

  it('Axis, Amcrest (mf#231): pictures that are shown out of order get decode times that go up', () => {
    for (const name of VIDEO_STREAMS) {
      const stream = videoStream(name);
      const { units: out } = depacketize(stream, payloadsOf(stream));
      for (const [index, { ptsTicks, dtsTicks }] of out.entries())
        assert.ok(dtsTicks <= ptsTicks && dtsTicks > (out[index - 1]?.dtsTicks ?? -Infinity), `${name}, ${index}`);
    }
  });
});

function receive(packets: readonly Uint8Array[]): {
  readonly lost: readonly (number | undefined)[];
  readonly faults: string;
} {
  const counts = { malformedPackets: 0, doubledPackets: 0, latePackets: 0, sequenceRestarts: 0, ssrcChanges: 0 };
  const receiver = new RtpReceiver(90_000, counts);
  const lost = packets.map((packet, index) => receiver.push(packet, 40 * index));
  const named = Object.entries(counts).filter(([, count]) => count > 0);
  return { lost, faults: named.map(([name, count]) => `${name} ${count}`).join(', ') };
}

function isSet({ payload }: { readonly payload: Uint8Array }): boolean {
  return [7, 8].includes((payload[0] ?? 0) & 31);
}
