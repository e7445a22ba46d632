import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TrackFormat } from '../../codec/track-format.ts';
import { WeirError } from '../../errors.ts';
import { parseAuthorization } from '../digest/authorization.ts';
import { RtspFramer, type RtspUnit } from '../wire/framer.ts';
import type { RtspRequest } from '../wire/message.ts';
import { parseRtspUrl } from '../wire/rtsp-url.ts';
import { TEARDOWN_WAIT_MS } from './dialogue.ts';
import { hash, respond } from './fake-camera.ts';
import type { PublishInput, PublishOptions, PublishOutput } from './publish-io.ts';
import { MAX_UNANSWERED_KEEP_ALIVES, PublishMachine } from './publish-machine.ts';

const PCMA: TrackFormat = {
  media: 'audio',
  encoding: 'PCMA',
  clockRate: 8000,
  channels: 1,
  payloadType: 8,
  fmtp: new Map(),
  parameters: undefined,
};
const VIDEO: TrackFormat = { ...PCMA, media: 'video', encoding: 'H264', clockRate: 90_000, payloadType: 96 };
const MAIN = 'rtsp://192.0.2.1/in';

type Answer = (request: RtspRequest, asked: number) => string | undefined;

/** What a server without quirks answers. */
const plain: Answer = (request) => {
  const asked = request.headers.get('Transport') ?? '';
  const ports = asked.includes('client_port') ? ';server_port=7000-7001' : '';
  const setup = request.method === 'SETUP' ? [`Transport: ${asked}${ports}`] : [];
  return respond(request, '200 OK', request.method === 'OPTIONS' ? [] : [...setup, 'Session: 9;timeout=30']);
};

/** `plain`, over UDP with other ports of the server. */
const named =
  (ports: string): Answer =>
  (request, asked) =>
    plain(request, asked)?.replace('7000-7001', ports);

/** The machine and the server at its other end: no clock, no socket. */
class Server {
  readonly requests: RtspRequest[] = [];
  readonly outputs: PublishOutput[] = [];
  readonly machine: PublishMachine;
  nowMs = 0;
  wakeMs: number | undefined;
  readonly #answer: Answer;
  readonly #framer = new RtspFramer();

  constructor(answer: Answer = plain, options: Partial<PublishOptions> = {}) {
    const url = parseRtspUrl('rtsp://user:pass@192.0.2.1/in');
    assert.ok(!(url instanceof WeirError));
    this.#answer = answer;
    this.machine = new PublishMachine({
      url,
      label: MAIN,
      userAgent: 'weir',
      tracks: [VIDEO, PCMA],
      ports: undefined,
      responseMs: 10_000,
      hash,
      nonce: () => 'c',
      ...options,
    });
    this.push({ kind: 'start' });
  }

  push(input: PublishInput): void {
    const inputs: PublishInput[] = [];
    for (const output of this.machine.push(input, this.nowMs)) {
      if (output.kind === 'wake') this.wakeMs = output.atMs;
      else if (output.kind !== 'send') this.outputs.push(output);
      if (output.kind === 'connect') inputs.push({ kind: 'connected' });
      if (output.kind === 'send') inputs.push(...this.#asked(output.bytes));
    }
    for (const next of inputs) this.push(next);
  }

  advance(ms: number): void {
    this.nowMs += ms;
    if (this.wakeMs !== undefined && this.wakeMs <= this.nowMs) {
      this.wakeMs = undefined;
      this.push({ kind: 'tick' });
    }
  }

  get asked(): readonly string[] {
    return this.requests.map(({ method }) => method);
  }

  get ended(): string | undefined {
    const end = this.outputs.find((output) => output.kind === 'end');
    return end === undefined ? undefined : (end.error?.code ?? 'done');
  }

  #asked(bytes: Uint8Array): readonly PublishInput[] {
    return this.#framer.push(bytes).flatMap((unit): PublishInput[] => {
      if (unit.kind !== 'message' || unit.message.kind !== 'request') return [];
      const request = unit.message;
      this.requests.push(request);
      const answer = this.#answer(request, this.requests.filter(({ method }) => method === request.method).length - 1);
      return answer === undefined ? [] : [{ kind: 'units', units: unitsOf(answer) }];
    });
  }
}

function unitsOf(text: string): readonly RtspUnit[] {
  return new RtspFramer().push(new TextEncoder().encode(text));
}

function refuse(method: string, status: string): Answer {
  return (request, asked) => (request.method === method ? respond(request, status) : plain(request, asked));
}

/** Of a session only. */
function refuseInSession(method: string, status = '501 Not Implemented'): Answer {
  return (request, asked) =>
    request.method === method && request.headers.get('Session') !== undefined
      ? respond(request, status)
      : plain(request, asked);
}

function mute(method: string): Server {
  return new Server((request, asked) => (request.method === method ? undefined : plain(request, asked)));
}

describe('PublishMachine', () => {
  it('OPTIONS, ANNOUNCE, SETUP of each track, RECORD, TEARDOWN', () => {
    const server = new Server();
    assert.deepEqual(
      server.requests.map(({ method, uri }) => `${method} ${uri}`),
      [`OPTIONS ${MAIN}`, `ANNOUNCE ${MAIN}`, `SETUP ${MAIN}/streamid=0`, `SETUP ${MAIN}/streamid=1`, `RECORD ${MAIN}`],
    );
    const [, announce, first, second, record] = server.requests;
    assert.equal(announce?.headers.get('Content-Type'), 'application/sdp');
    assert.match(new TextDecoder().decode(announce?.body), /a=rtpmap:96 H264\/90000[^]*a=rtpmap:8 PCMA\/8000/);
    assert.deepEqual(
      [first, second].map((setup) => setup?.headers.get('Transport')),
      ['RTP/AVP/TCP;unicast;interleaved=0-1;mode=record', 'RTP/AVP/TCP;unicast;interleaved=2-3;mode=record'],
    );
    assert.equal(record?.headers.get('Session'), '9');
    assert.deepEqual(server.outputs.at(-1), {
      kind: 'recording',
      ways: [
        { kind: 'interleaved', rtpChannel: 0, rtcpChannel: 1 },
        { kind: 'interleaved', rtpChannel: 2, rtcpChannel: 3 },
      ],
    });
    server.push({ kind: 'stop' });
    assert.deepEqual([server.asked.at(-1), server.ended], ['TEARDOWN', 'done']);
  });

  it('over UDP: its own ports are offered, the ports of the server are sent to', () => {
    const server = new Server(plain, { tracks: [VIDEO], ports: [[6000, 6001]] });
    const setup = server.requests.find(({ method }) => method === 'SETUP');
    assert.equal(setup?.headers.get('Transport'), 'RTP/AVP;unicast;client_port=6000-6001;mode=record');
    assert.deepEqual(server.outputs.at(-1), {
      kind: 'recording',
      ways: [{ kind: 'udp', rtpPort: 7000, rtcpPort: 7001 }],
    });
  });

  it('over UDP to a server that names no port for media: nothing can be sent', () => {
    const options = { tracks: [VIDEO], ports: [[6000, 6001]] } as const;
    assert.equal(new Server(named('0-0'), options).ended, 'push-failed');
    const server = new Server(named('5000-0'), options);
    assert.deepEqual(server.outputs.at(-1), {
      kind: 'recording',
      ways: [{ kind: 'udp', rtpPort: 5000, rtcpPort: 0 }],
    });
  });

  it('answers a challenge, with the body of ANNOUNCE sent again', () => {
    const server = new Server((request, asked) =>
      request.method === 'ANNOUNCE' && asked === 0
        ? respond(request, '401 Unauthorized', ['WWW-Authenticate: Digest realm="r", nonce="n"'])
        : plain(request, asked),
    );
    const announces = server.requests.filter(({ method }) => method === 'ANNOUNCE');
    assert.equal(announces.length, 2);
    assert.deepEqual(announces[0]?.body, announces[1]?.body);
    const answer = parseAuthorization(announces[1]?.headers.get('Authorization') ?? '');
    assert.ok(answer?.scheme === 'digest' && answer.uri === MAIN && answer.username === 'user');
    assert.equal(server.machine.state, 'recording');
  });

  it('keeps the session alive in turn: what is refused makes room for the next', () => {
    const rows: readonly (readonly [Answer, readonly string[]])[] = [
      [plain, ['OPTIONS', 'OPTIONS', 'OPTIONS']],
      [refuseInSession('OPTIONS'), ['OPTIONS', 'GET_PARAMETER', 'GET_PARAMETER']],
      [refuse('GET_PARAMETER', '501 Not Implemented'), ['OPTIONS', 'OPTIONS', 'OPTIONS']],
    ];
    for (const [answer, asked] of rows) {
      const server = new Server(answer);
      for (const _ of asked) server.advance(15_000);
      assert.deepEqual(server.asked.slice(-asked.length), asked);
      assert.equal(server.requests.at(-1)?.headers.get('Session'), '9');
      assert.equal(server.machine.state, 'recording');
    }
  });

  it('a server that answers no keep-alive is left, after TEARDOWN; one that sends reports all the same is not', () => {
    const report: RtspUnit = { kind: 'frame', channel: 1, payload: Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1) };
    for (const input of [{ kind: 'units', units: [report] }, { kind: 'heard' }] as const) {
      const server = new Server((request, asked) =>
        request.method === 'OPTIONS' && asked > 0 ? undefined : plain(request, asked),
      );
      for (let i = 0; i < MAX_UNANSWERED_KEEP_ALIVES; i++) server.advance(15_000);
      server.push(input);
      for (let i = 0; i < MAX_UNANSWERED_KEEP_ALIVES; i++) server.advance(15_000);
      assert.equal(server.machine.state, 'recording');
      server.advance(15_000);
      assert.deepEqual([server.ended, server.asked.at(-1)], ['push-failed', 'TEARDOWN']);
    }
  });

  it('a report before the server records is nothing', () => {
    const server = mute('ANNOUNCE');
    server.push({ kind: 'heard' });
    assert.deepEqual([server.machine.state, server.ended], ['announcing', undefined]);
  });

  it('one that answers every second keep-alive is not left', () => {
    const server = new Server((request, asked) =>
      request.method === 'OPTIONS' && asked % 2 === 1 ? undefined : plain(request, asked),
    );
    for (let i = 0; i < 20; i++) server.advance(15_000);
    assert.equal(server.machine.state, 'recording');
  });

  it('a 401 to a keep-alive that cannot be answered ends nothing: media goes on', () => {
    const server = new Server(refuseInSession('OPTIONS', '401 Unauthorized'));
    server.advance(15_000);
    assert.equal(server.machine.state, 'recording');
  });

  it('follows a REDIRECT of the server, and announces all there', () => {
    const server = new Server();
    const redirect = 'REDIRECT * RTSP/1.0\r\nCSeq: 5\r\nLocation: rtsp://192.0.2.2/other\r\n\r\n';
    server.push({ kind: 'units', units: unitsOf(redirect) });
    assert.deepEqual(server.asked.slice(5), ['TEARDOWN', 'OPTIONS', 'ANNOUNCE', 'SETUP', 'SETUP', 'RECORD']);
    assert.equal(server.requests.at(-1)?.uri, 'rtsp://192.0.2.2/other');
    assert.equal(server.machine.state, 'recording');
  });

  it('follows a redirect', () => {
    const server = new Server((request, asked) =>
      request.method === 'ANNOUNCE' && asked === 0
        ? respond(request, '302 Found', ['Location: rtsp://192.0.2.2/other'])
        : plain(request, asked),
    );
    assert.equal(server.requests.at(-1)?.uri, 'rtsp://192.0.2.2/other');
    assert.equal(server.machine.state, 'recording');
  });

  it('refusals and losses end it with a code, after TEARDOWN where there is a session', () => {
    const rows: readonly (readonly [Answer, string, string])[] = [
      [refuse('ANNOUNCE', '403 Forbidden'), 'push-unauthorized', 'ANNOUNCE'],
      [refuse('ANNOUNCE', '453 Not Enough Bandwidth'), 'push-refused', 'ANNOUNCE'],
      [refuse('ANNOUNCE', '302 Found'), 'push-refused', 'ANNOUNCE'],
      [refuse('SETUP', '461 Unsupported transport'), 'push-refused', 'TEARDOWN'],
      [refuse('RECORD', '455 Method Not Valid in This State'), 'push-refused', 'TEARDOWN'],
    ];
    for (const [answer, code, last] of rows) {
      const server = new Server(answer);
      assert.deepEqual([server.ended, server.asked.at(-1)], [code, last], code);
    }
    const closed = new Server();
    closed.push({ kind: 'closed' });
    assert.equal(closed.ended, 'push-failed');
  });

  it('no answer ends it, of TEARDOWN too', () => {
    const announcing = mute('ANNOUNCE');
    announcing.advance(10_000);
    assert.equal(announcing.ended, 'push-failed');
    const leaving = mute('TEARDOWN');
    leaving.push({ kind: 'stop' });
    assert.equal(leaving.ended, undefined);
    leaving.advance(TEARDOWN_WAIT_MS);
    assert.equal(leaving.ended, 'done');
  });

  it('a server that closes after its challenge is connected to again, once', () => {
    const server = new Server((request, asked) => {
      if (request.method !== 'ANNOUNCE') return plain(request, asked);
      if (asked === 0) return respond(request, '401 Unauthorized', ['WWW-Authenticate: Basic realm="r"']);
      return asked === 1 ? undefined : plain(request, asked);
    });
    server.push({ kind: 'closed' });
    assert.equal(server.outputs.filter(({ kind }) => kind === 'connect').length, 2);
    assert.equal(server.machine.state, 'recording');
  });

  it('a connection that opens after the end is nobody’s', () => {
    const server = mute('OPTIONS');
    server.push({ kind: 'stop' });
    assert.deepEqual([server.asked, server.ended], [['OPTIONS'], 'done']);
    for (const kind of ['connected', 'start'] as const)
      assert.deepEqual(server.machine.push({ kind }, server.nowMs), [], kind);
    assert.equal(server.machine.state, 'ended');
  });

  it('answers what the server asks in between', () => {
    const server = new Server();
    const sent = server.machine.push(
      { kind: 'units', units: unitsOf('OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n') },
      server.nowMs,
    );
    const [answer] = sent;
    assert.ok(answer?.kind === 'send');
    assert.match(new TextDecoder().decode(answer.bytes), /^RTSP\/1\.0 200 OK\r\nCSeq: 5\r\n/);
  });
});
