import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { formatFor } from '../../core/codec/registry.ts';
import { WeirError } from '../../core/errors.ts';
import { AUDIO } from '../../core/mp4/film.table.ts';
import { TEARDOWN_WAIT_MS } from '../../core/rtsp/client/dialogue.ts';
import { keepAlivePeriodMs } from '../../core/rtsp/client/keep-alive.ts';
import { MAX_UNANSWERED_KEEP_ALIVES } from '../../core/rtsp/client/publish-machine.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import { parseRtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import { FakeUdpPair } from '../../net/fake-udp-pair.ts';
import type { UdpPair } from '../../net/udp.ts';
import { StuckPipe } from '../../net/fake-stuck-pipe.ts';
import { CLOSE_WAIT_MS, MAX_BACKLOG_BYTES } from '../../sources/rtsp/dialogue-carrier.ts';
import { PushSession, type PushSessionOptions } from './push-session.ts';

const QUESTION = Buffer.from(`OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nSession: ${'1'.repeat(200)}\r\n\r\n`);
const QUESTIONS = Buffer.concat(Array.from({ length: 1000 }, () => QUESTION));

/** Answers as a server does, and takes what it is sent as long as it is told to. */
class ServerPipe extends StuckPipe {
  takes = true;
  answers = true;
  heardFrame = false;
  readonly #framer = new RtspFramer();

  override write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    super.write(bytes);
    if (!this.takes) return false;
    this.bufferedBytes = 0;
    for (const part of bytes instanceof Uint8Array ? [bytes] : bytes)
      for (const unit of this.#framer.push(part))
        if (unit.kind === 'frame') this.heardFrame = true;
        else if (unit.kind === 'message' && unit.message.kind === 'request' && this.answers)
          this.#answer(unit.message.headers);
    return true;
  }

  #answer(headers: { get(name: string): string | undefined }): void {
    const asked = headers.get('Transport');
    const transport = asked?.includes('client_port') === true ? `${asked};server_port=7000-7001` : asked;
    const lines = [
      'RTSP/1.0 200 OK',
      `CSeq: ${headers.get('CSeq')}`,
      'Session: 7',
      transport && `Transport: ${transport}`,
    ];
    const text = `${lines.filter((line) => line !== undefined).join('\r\n')}\r\n\r\n`;
    void this.handling.promise.then((handler) => handler.data(Buffer.from(text)));
  }
}

function bindPair(): Promise<UdpPair> {
  return Promise.resolve(new FakeUdpPair(6000));
}

function optionsFor(pipe: StuckPipe): PushSessionOptions {
  const url = parseRtspUrl('rtsp://192.0.2.1/live');
  assert.ok(!(url instanceof WeirError));
  const connect = (): Promise<StuckPipe> => Promise.resolve(pipe);
  const { signal } = new AbortController();
  const common = { clock: new ManualClock(), hash: () => 'h', nonce: () => 'n', signal };
  return { url, tracks: [formatFor(AUDIO, 96)], transport: 'tcp', connect, bindPair, timeoutMs: 10_000, ...common };
}

async function endsAsFailed(session: PushSession): Promise<void> {
  const error = await session.ended;
  assert.ok(error instanceof WeirError && error.code === 'push-failed', String(error));
}

test('a server that asks without end and reads nothing is left before it records', async () => {
  const pipe = new StuckPipe();
  const refused = assert.rejects(PushSession.open(optionsFor(pipe)), { code: 'push-failed', message: /does not read/ });
  const handler = await pipe.handling.promise;
  handler.data(QUESTIONS);
  await refused;
  assert.ok(pipe.closed);
  assert.ok(pipe.bufferedBytes < MAX_BACKLOG_BYTES + 1024, `${pipe.bufferedBytes} bytes wait`);
});

test('… and while it records, however much media waits beside', async () => {
  const pipe = new ServerPipe();
  const session = await PushSession.open(optionsFor(pipe));
  const handler = await pipe.handling.promise;
  handler.data(QUESTIONS);
  assert.ok(!pipe.closed, 'one that reads may ask');
  pipe.takes = false;
  for (let i = 0; i < 100; i++) session.send(0, 'rtp', new Uint8Array(10_000));
  assert.ok(!pipe.closed, 'media may wait');
  const mediaBytes = pipe.bufferedBytes;
  handler.data(QUESTIONS);
  await endsAsFailed(session);
  assert.ok(pipe.bufferedBytes < mediaBytes + MAX_BACKLOG_BYTES + 1024);
});

test('while a redirect of the server is followed nothing is sent, then all of it there', async () => {
  const pipes = [new ServerPipe(), new ServerPipe()] as const;
  const asked: string[] = [];
  const second = Promise.withResolvers<ServerPipe>();
  const connect: PushSessionOptions['connect'] = (url) => {
    asked.push(url.requestUrl);
    return asked.length === 1 ? Promise.resolve(pipes[0]) : second.promise;
  };
  const session = await PushSession.open({ ...optionsFor(pipes[0]), connect });
  const handler = await pipes[0].handling.promise;
  handler.data(Buffer.from('REDIRECT * RTSP/1.0\r\nCSeq: 1\r\nLocation: rtsp://192.0.2.1/other\r\n\r\n'));
  assert.deepEqual([session.recording, asked.at(-1)], [false, 'rtsp://192.0.2.1/other']);
  session.send(0, 'rtp', new Uint8Array(100));
  second.resolve(pipes[1]);
  for (let turns = 0; turns < 100 && !session.recording; turns++) await new Promise(setImmediate);
  assert.ok(session.recording);
  assert.ok(!pipes[1].heardFrame);
  session.send(0, 'rtp', new Uint8Array(100));
  assert.ok(pipes[1].heardFrame);
  pipes[1].takes = false;
  pipes[1].destroy();
  await endsAsFailed(session);
});

test('a server that says nothing is not waited for once the person wants no more', async () => {
  for (const before of [true, false]) {
    const pipe = new StuckPipe();
    const stop = new AbortController();
    if (before) stop.abort();
    const opening = PushSession.open({ ...optionsFor(pipe), signal: stop.signal });
    if (!before) {
      await pipe.handling.promise;
      stop.abort();
    }
    const session = await opening;
    assert.deepEqual([session.recording, await session.ended, pipe.closed], [false, undefined, !before]);
  }
});

test('what goes wrong here and not there is thrown as what it is', async () => {
  const fault = new TypeError('ours');
  const connect = (): Promise<never> => Promise.reject(fault);
  await assert.rejects(PushSession.open({ ...optionsFor(new StuckPipe()), connect }), fault);
});

test('the end waits for the connection, which is cut once it has had its time', async () => {
  const pipe = new LingeringPipe();
  const { clock, ...options } = optionsFor(pipe);
  assert.ok(clock instanceof ManualClock);
  const session = await PushSession.open({ ...options, clock });
  const done: string[] = [];
  const closing = session.close().then(() => done.push('ended'));
  await pipe.asked.promise;
  assert.deepEqual([done, pipe.closed], [[], false]);
  clock.advance(CLOSE_WAIT_MS);
  assert.ok(pipe.closed);
  await closing;
});

/** Its `close` takes for ever: the other end reads nothing more. */
class LingeringPipe extends ServerPipe {
  readonly asked = Promise.withResolvers<void>();

  override close(): void {
    this.asked.resolve();
  }
}

test('over UDP the reports of the server show life, and of no other host', async () => {
  for (const [host, lives] of [
    ['192.0.2.1', true],
    ['192.0.2.9', false],
  ] as const) {
    const pipe = new ServerPipe();
    const pair = new FakeUdpPair(6000);
    const clock = new ManualClock();
    const bindThis = (): Promise<UdpPair> => Promise.resolve(pair);
    const session = await PushSession.open({ ...optionsFor(pipe), clock, bindPair: bindThis, transport: 'udp' });
    pipe.answers = false;
    for (let i = 0; i < 2 * MAX_UNANSWERED_KEEP_ALIVES; i++) {
      clock.advance(PERIOD_MS);
      pair.rtcp.come(Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1), { host, port: 7001 });
    }
    assert.equal(session.recording, lives, host);
    if (lives) void session.close();
    clock.advance(TEARDOWN_WAIT_MS);
    assert.equal((await session.ended) === undefined, lives);
  }
});

const PERIOD_MS = keepAlivePeriodMs(undefined);
