import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../errors.ts';
import {
  answering,
  channelsOf,
  type FakeCamera,
  hash,
  plainAnswer,
  respond,
  rtpFrame,
  VIDEO_SDP,
  TIMEOUTS,
  type Answer,
} from './fake-camera.ts';
import { TEARDOWN_WAIT_MS } from './dialogue.ts';

const MAIN = 'rtsp://192.0.2.1/main';

it('OPTIONS, DESCRIBE, SETUP, PLAY, media, TEARDOWN', () => {
  const camera = answering(plainAnswer);
  assert.equal(camera.machine.state, 'playing');
  assert.deepEqual(camera.asked, [`OPTIONS ${MAIN}`, `DESCRIBE ${MAIN}`, `SETUP ${MAIN}/trackID=0`, `PLAY ${MAIN}`]);
  assert.deepEqual(
    camera.of('tracks')[0]?.tracks.map((track) => [track.format.encoding, ...channelsOf(track)]),
    [['H264', 0, 1]],
  );
  assert.ok(
    camera.requests.every(
      ({ headers }) => headers.get('User-Agent') === 'weir' && headers.get('Authorization') === undefined,
    ),
  );
  camera.say(rtpFrame(0));
  assert.equal(camera.outputs.filter((output) => output.kind === 'rtp').length, 1);
  camera.push({ kind: 'stop' });
  assert.equal(camera.asked.at(-1), `TEARDOWN ${MAIN}`);
  assert.equal(camera.machine.state, 'ended');
  assert.equal(camera.error, undefined);
});

/** 401 until the Authorization is as expected. */
function guarded(
  challenges: readonly string[],
  expected: (authorization: string, method: string, uri: string) => boolean,
): Answer {
  return (request, asked) => {
    const authorization = request.headers.get('Authorization') ?? '';
    if (request.method === 'OPTIONS' || expected(authorization, request.method, request.uri))
      return plainAnswer(request, asked);
    return respond(
      request,
      '401 Unauthorized',
      challenges.map((challenge) => `WWW-Authenticate: ${challenge}`),
    );
  };
}

function digestOk(algorithm: 'MD5' | 'SHA-256', qop: boolean) {
  return (authorization: string, method: string, uri: string): boolean => {
    const field = (name: string): string | undefined => new RegExp(`\\b${name}="?([^",]*)`).exec(authorization)?.[1];
    if (!authorization.startsWith('Digest ') || field('uri') !== uri || field('username') !== 'user') return false;
    const ha1 = hash(algorithm, 'user:cam:p@ss');
    const ha2 = hash(algorithm, `${method}:${uri}`);
    const middle = qop ? `n1:${field('nc')}:${field('cnonce')}:auth` : 'n1';
    return field('response') === hash(algorithm, `${ha1}:${middle}:${ha2}`);
  };
}

describe('passwords', () => {
  const rows: readonly (readonly [
    string,
    readonly string[],
    (authorization: string, method: string, uri: string) => boolean,
  ])[] = [
    ['Basic', ['Basic realm="cam"'], (given) => given === `Basic ${btoa('user:p@ss')}`],
    ['Digest without qop', ['Digest realm="cam", nonce="n1"'], digestOk('MD5', false)],
    ['Digest with qop', ['Digest realm="cam", nonce="n1", qop="auth"'], digestOk('MD5', true)],
    [
      'Digest with SHA-256 only (g2r#2344)',
      ['Digest realm="cam", nonce="n1", algorithm=SHA-256'],
      digestOk('SHA-256', false),
    ],
    [
      'several challenges, one unreadable (ret#25), one unknown (gsl#558)',
      ['Digest nonsense', 'Digest realm="cam", nonce="n1", algorithm=SHA-512', 'Digest realm="cam", nonce="n1"'],
      digestOk('MD5', false),
    ],
  ];
  for (const [name, challenges, expected] of rows) {
    it(name, () => {
      const camera = answering(guarded(challenges, expected));
      assert.equal(camera.machine.state, 'playing', camera.error?.describe() ?? '');
      assert.equal(camera.connections.length, 1);
    });
  }

  it('refused: source-unauthorized, after one try, and the password is not in the error', () => {
    const camera = answering(guarded(['Digest realm="cam", nonce="n1"'], () => false));
    assert.equal(camera.error?.code, 'source-unauthorized');
    assert.ok(camera.asked.filter((line) => line.startsWith('DESCRIBE')).length <= 2);
    assert.ok(camera.error !== undefined && !camera.error.describe().includes('p@ss'));
  });

  it('a new nonce on a keep-alive is answered on the same connection (Axis M5525, SharpRTSP#126)', () => {
    const camera = answering(guarded(['Digest realm="cam", nonce="n1"'], digestOk('MD5', false)));
    camera.answerWith((request, asked) =>
      /nonce="n2"/.test(request.headers.get('Authorization') ?? '')
        ? plainAnswer(request, asked)
        : respond(request, '401 Unauthorized', ['WWW-Authenticate: Digest realm="cam", nonce="n2", stale=true']),
    );
    keepMediaComing(camera, 40_000);
    assert.equal(camera.machine.state, 'playing', camera.error?.describe() ?? '');
    assert.equal(camera.connections.length, 1);
  });

  it('a camera that closes after 401 is asked again at once, with the password (VStarcam, ret#45)', () => {
    const challenge = guarded(['Basic realm="cam"'], (given) => given.startsWith('Basic '));
    const camera = answering((request, asked) =>
      request.method === 'DESCRIBE' && asked === 1 ? undefined : challenge(request, asked),
    );
    camera.push({ kind: 'closed' });
    assert.equal(camera.connections.length, 2);
    assert.equal(camera.machine.state, 'playing', camera.error?.describe() ?? '');
  });
});

describe('refusals', () => {
  const rows: readonly (readonly [string, string, ErrorCode])[] = [
    ['DESCRIBE', '404 Not Found', 'source-not-found'],
    ['DESCRIBE', '403 Forbidden', 'source-unauthorized'],
    ['DESCRIBE', '500 Internal Server Error', 'source-refused'],
    ['DESCRIBE', '453 Not Enough Bandwidth', 'source-refused'],
    ['SETUP', '461 Unsupported Transport', 'source-refused'],
    ['PLAY', '455 Method Not Valid In This State', 'source-refused'],
  ];
  for (const [method, status, code] of rows) {
    it(`${status} to ${method} is ${code}`, () => {
      const camera = answering((request, asked) =>
        request.method === method ? respond(request, status) : plainAnswer(request, asked),
      );
      assert.equal(camera.error?.code, code);
      if (method === 'PLAY') assert.equal(camera.asked.at(-1), `TEARDOWN ${MAIN}`, 'what was set up is torn down');
    });
  }

  it('OPTIONS refused, or without Public, is no reason to give up', () => {
    for (const status of ['404 Not Found', '501 Not Implemented', '200 OK']) {
      const camera = answering((request, asked) =>
        request.method === 'OPTIONS' ? respond(request, status) : plainAnswer(request, asked),
      );
      assert.equal(camera.machine.state, 'playing', status);
    }
  });

  it('a description without usable tracks names what was in it', () => {
    const camera = answering((request, asked) =>
      request.method === 'DESCRIBE'
        ? respond(request, '200 OK', [], 'm=vana 0 RTP/AVP 96\r\n')
        : plainAnswer(request, asked),
    );
    assert.equal(camera.error?.code, 'source-no-media');
    assert.match(camera.error?.describe() ?? '', /vana/);
  });

  it('what is no RTSP is source-protocol', () => {
    const camera = answering(() => `HTTP/1.1 400 Bad Request\r\n\r\n${'x'.repeat(100_000)}`);
    assert.equal(camera.error?.code, 'source-protocol');
  });

  it('a connection that closes in the middle is source-closed', () => {
    const camera = answering((request, asked) =>
      request.method === 'SETUP' ? undefined : plainAnswer(request, asked),
    );
    camera.push({ kind: 'closed' });
    assert.equal(camera.error?.code, 'source-closed');
  });
});

/** Sends on to `location`, where a password is asked for. */
const redirectTo =
  (location: string): Answer =>
  (request, asked) =>
    request.method === 'DESCRIBE' && !request.uri.includes('/there')
      ? respond(request, '302 Moved', [`Location: ${location}`])
      : guarded(['Basic realm="cam"'], (given) => given !== '')(request, asked);

describe('redirects', () => {
  it('are followed, with the password to the same host', () => {
    const camera = answering(redirectTo('rtsp://192.0.2.1:8554/there'));
    assert.deepEqual(camera.connections, ['192.0.2.1:554', '192.0.2.1:8554']);
    assert.equal(camera.machine.state, 'playing', camera.error?.describe() ?? '');
  });

  it('are followed without the password to another host', () => {
    const camera = answering(redirectTo('rtsp://198.51.100.9/there'));
    assert.equal(camera.connections[1], '198.51.100.9:554');
    assert.ok(
      camera.requests.every(
        ({ headers, uri }) => headers.get('Authorization') === undefined || !uri.includes('198.51.100.9'),
      ),
    );
    assert.equal(camera.error?.code, 'source-unauthorized');
  });

  it('are followed without the password from TLS into the clear', () => {
    const camera = answering(redirectTo('rtsp://192.0.2.1:554/there'), 'rtsps://user:p%40ss@192.0.2.1/main');
    assert.deepEqual(camera.connections, ['192.0.2.1:322', '192.0.2.1:554']);
    assert.equal(camera.error?.code, 'source-unauthorized');
  });

  it('end after five', () => {
    const camera = answering((request, asked) =>
      request.method === 'DESCRIBE'
        ? respond(request, '301 Moved', [`Location: rtsp://192.0.2.1/${asked}`])
        : plainAnswer(request, asked),
    );
    assert.equal(camera.error?.code, 'source-refused');
    assert.equal(camera.connections.length, 6);
  });

  for (const headers of [[], ['Location: /elsewhere'], ['Location: http://192.0.2.2/'], ['Location: rtsp://']]) {
    it(`to nowhere (${headers.join('') || 'no Location'}) are source-refused`, () => {
      const camera = answering((request, asked) =>
        request.method === 'DESCRIBE' ? respond(request, '302 Moved', headers) : plainAnswer(request, asked),
      );
      assert.equal(camera.error?.code, 'source-refused');
      assert.equal(camera.connections.length, 1);
    });
  }

  it('by a REDIRECT to nowhere tear down once', () => {
    const camera = answering(plainAnswer);
    camera.answerWith(() => undefined);
    camera.say('REDIRECT * RTSP/1.0\r\nCSeq: 9\r\n\r\n');
    assert.equal(camera.machine.state, 'leaving');
    camera.advance(TEARDOWN_WAIT_MS);
    assert.equal(camera.error?.code, 'source-refused');
    assert.equal(camera.asked.filter((line) => line.startsWith('TEARDOWN')).length, 1);
  });
});

describe('quirks', () => {
  const quirks: Record<string, Answer> = {
    'CSeq always 0 (Dafang#667)': (request, asked) => text(plainAnswer(request, asked)).replace(/CSeq: \d+/, 'CSeq: 0'),
    'the previous CSeq (ret#133)': (request, asked) =>
      text(plainAnswer(request, asked)).replace(/CSeq: (\d+)/, (_, n) => `CSeq: ${Number(n) - 1}`),
    'Cseq, blanks and tabs (VStarcam, ret#77)': (request, asked) =>
      text(plainAnswer(request, asked)).replace('CSeq: ', 'Cseq :\t '),
    'no CSeq': (request, asked) => text(plainAnswer(request, asked)).replace(/CSeq: \d+\r\n/, ''),
    'no reason phrase (gsl#1043)': (request, asked) => text(plainAnswer(request, asked)).replace('200 OK', '200'),
    'stray blank lines before an answer': (request, asked) => `\r\n\r\n${text(plainAnswer(request, asked))}`,
    'Content-Length: -1 (gsl#233)': (request, asked) =>
      request.method === 'PLAY'
        ? text(plainAnswer(request, asked)).replace('Session', 'Content-Length: -1\r\nSession')
        : plainAnswer(request, asked),
  };
  for (const said of [
    'url=rtsp://other/;seq=0;rtptime=-1',
    'url=trackID=9;seq=70000;rtptime=18446744073709551615',
    'seq=1',
    ',,;=',
  ]) {
    quirks[`RTP-Info: ${said} (Hikvision, GW, Laureii, OMNY: ret#117, mf#224)`] = (request, asked) =>
      text(plainAnswer(request, asked)).replace('Session', `RTP-Info: ${said}\r\nSession`);
  }
  for (const [name, answer] of Object.entries(quirks)) {
    it(name, () => {
      const camera = answering(answer);
      assert.equal(camera.machine.state, 'playing', camera.error?.describe() ?? '');
    });
  }

  const transports: readonly (readonly [string, number, number])[] = [
    ['RTP/AVP/TCP;unicast;interleaved=8-9', 8, 9],
    ['RTP/AVP/TCP;unicast;interleaved=0', 0, 1],
    ['RTP/AVP;unicast;interleaved=2-3', 2, 3],
    ['RTP/AVP/TCP;ssrc=4cacc3d1;interleaved=0-1', 0, 1],
    ['RTP/AVP/TCP;unicast;interleaved=0-1;ssrc= 7', 0, 1],
  ];
  for (const [transport, rtp, rtcp] of transports) {
    it(`Transport: ${transport}`, () => {
      const camera = answering((request, asked) =>
        request.method === 'SETUP'
          ? respond(request, '200 OK', [`Transport: ${transport}`, 'Session: 1'])
          : plainAnswer(request, asked),
      );
      assert.deepEqual(
        camera.of('tracks')[0]?.tracks.map(({ delivery }) => delivery),
        [{ kind: 'interleaved', rtpChannel: rtp, rtcpChannel: rtcp }],
      );
    });
  }

  it('media before the reply to PLAY comes out after it; of other channels never', () => {
    const camera = answering((request, asked) => {
      if (request.method !== 'PLAY') return plainAnswer(request, asked);
      return Uint8Array.from([
        ...rtpFrame(0),
        ...rtpFrame(6),
        ...new TextEncoder().encode(text(plainAnswer(request, asked))),
      ]);
    });
    assert.equal(camera.outputs.filter((output) => output.kind === 'rtp').length, 1);
    assert.equal(camera.machine.faults.unknownChannelFrames, 1);
  });

  it('a request of the camera is answered with its CSeq: 200 for what harms nothing, 501 for the rest', () => {
    const camera = answering(plainAnswer);
    for (const [method, cseq, status] of [
      ['OPTIONS', '4711', 200],
      ['FLY', '4712', 501],
    ] as const) {
      camera.say(`${method} * RTSP/1.0\r\nCSeq: ${cseq}\r\n\r\n`);
      const response = camera.response();
      assert.deepEqual([response.status, response.headers.get('CSeq')], [status, cseq]);
    }
    assert.equal(camera.machine.state, 'playing');
  });

  it('garbage between frames is skipped and counted', () => {
    const camera = answering(plainAnswer);
    camera.say(Uint8Array.from([...rtpFrame(0), 1, 2, 3, 0x24, 0x77, ...rtpFrame(0)]));
    assert.equal(camera.outputs.filter((output) => output.kind === 'rtp').length, 2);
    assert.equal(camera.machine.faults.resyncs, 1);
    assert.equal(camera.machine.faults.garbageBytes, 5);
  });

  it('a back-channel is never set up', () => {
    const sdp = `${VIDEO_SDP}m=audio 0 RTP/AVP 0\r\na=sendonly\r\na=control:back\r\n`;
    const camera = answering((request, asked) =>
      request.method === 'DESCRIBE' ? respond(request, '200 OK', [], sdp) : plainAnswer(request, asked),
    );
    assert.ok(!camera.asked.some((line) => line.includes('back')));
    assert.equal(camera.of('tracks')[0]?.skipped.length, 1);
  });
});

describe('time', () => {
  it('keep-alives come at half of the time-out', () => {
    const periods: readonly (readonly [string, number])[] = [
      ['77;timeout=60', 30_000],
      ['77', 30_000],
      ['77;timeout=', 30_000],
      ['77;timeout=0', 30_000],
      ['77;timeout=20', 10_000],
      ['77;timeout=4', 2_000],
      ['77;timeout=3600', 30_000],
    ];
    for (const [session, periodMs] of periods) {
      const camera = answering((request, asked) =>
        request.method === 'SETUP'
          ? respond(request, '200 OK', ['Transport: RTP/AVP/TCP;interleaved=0-1', `Session: ${session}`])
          : plainAnswer(request, asked),
      );
      const before = camera.asked.length;
      keepMediaComing(camera, periodMs - 10);
      assert.equal(camera.asked.length, before, `${session}: not sooner`);
      keepMediaComing(camera, 20);
      assert.equal(camera.asked.length, before + 1, `${session}: after ${periodMs} ms`);
      assert.equal(camera.requests.at(-1)?.headers.get('Session'), '77');
    }
  });

  it('an error to a keep-alive is harmless', () => {
    const camera = answering(plainAnswer);
    camera.answerWith((request) => respond(request, '500 Internal Server Error'));
    keepMediaComing(camera, 100_000);
    assert.equal(camera.machine.state, 'playing');
  });

  const silences: readonly (readonly [string, Answer, number, ErrorCode])[] = [
    [
      'an answer that does not come',
      (request, asked) => (request.method === 'DESCRIBE' ? undefined : plainAnswer(request, asked)),
      TIMEOUTS.responseMs,
      'source-timeout',
    ],
    ['no media after PLAY', plainAnswer, TIMEOUTS.firstByteMs, 'source-silent'],
  ];
  for (const [name, answer, afterMs, code] of silences) {
    it(`${name} is ${code}`, () => {
      const camera = answering(answer);
      camera.advance(afterMs - 10);
      assert.notEqual(camera.machine.state, 'ended');
      camera.advance(20 + TEARDOWN_WAIT_MS);
      assert.equal(camera.error?.code, code);
    });
  }

  it('media that stops is source-silent', () => {
    const camera = answering(plainAnswer);
    camera.say(rtpFrame(0));
    camera.advance(TIMEOUTS.idleMs - 10);
    assert.equal(camera.machine.state, 'playing');
    camera.advance(20);
    assert.equal(camera.error?.code, 'source-silent');
    assert.equal(camera.asked.at(-1), `TEARDOWN ${MAIN}`);
  });

  it('a TEARDOWN that is not answered is not waited for', () => {
    const camera = answering(plainAnswer);
    camera.answerWith(() => undefined);
    camera.push({ kind: 'stop' });
    assert.equal(camera.machine.state, 'leaving');
    camera.advance(TEARDOWN_WAIT_MS);
    assert.equal(camera.machine.state, 'ended');
  });
});

/** Lets time pass with a packet each second, so that silence is not what ends it. */
function keepMediaComing(camera: FakeCamera, ms: number): void {
  for (let left = ms; left > 0; left -= 1000) {
    camera.say(rtpFrame(0));
    camera.advance(Math.min(left, 1000));
  }
}

function text(answer: string | Uint8Array | undefined): string {
  return typeof answer === 'string' ? answer : new TextDecoder('latin1').decode(answer ?? new Uint8Array());
}
