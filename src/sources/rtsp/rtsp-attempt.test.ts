import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { MemoryLog } from '../../base/memory-log.ts';
import { WeirError } from '../../core/errors.ts';
import { ClientMachine } from '../../core/rtsp/client/client-machine.ts';
import { parseRtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import type { BytePipe, PipeHandler } from '../../net/byte-pipe.ts';
import type { ConnectOptions } from '../../net/open-socket.ts';
import { connectTcp } from '../../net/tcp.ts';
import { noIngestFaults } from '../../stream/rtp-ingest.ts';
import type { SourceSink } from '../../stream/source.ts';
import { STOP_MS_MAX } from '../../stream/source-runner.ts';
import type { Dial } from './dial.ts';
import { FakeCamera, hash, type CameraScript } from './fake-camera.ts';
import { CLOSE_WAIT_MS, RTSP_STOP_MS_MAX } from './dialogue-carrier.ts';
import { RtspAttempt } from './rtsp-attempt.ts';

const DAHUA: CameraScript = { describe: 'dahua_describe_h265_pcma', setup: ['dahua_setup'], play: 'dahua_play' };

/** A connection that never finishes closing, as one whose peer takes nothing; only destroying ends it. */
class StubbornPipe implements BytePipe {
  readonly #pipe: BytePipe;
  readonly #closing = Promise.withResolvers<void>();
  closing = false;

  constructor(pipe: BytePipe) {
    this.#pipe = pipe;
  }

  get toClose(): Promise<void> {
    return this.#closing.promise;
  }

  get remote(): string {
    return this.#pipe.remote;
  }

  get remoteAddress(): string {
    return this.#pipe.remoteAddress;
  }

  get localAddress(): string | undefined {
    return this.#pipe.localAddress;
  }

  get bufferedBytes(): number {
    return this.#pipe.bufferedBytes;
  }

  get closed(): boolean {
    return this.#pipe.closed;
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    return this.#pipe.write(bytes);
  }

  handle(handler: PipeHandler): void {
    this.#pipe.handle(handler);
  }

  close(): void {
    this.closing = true;
    this.#closing.resolve();
  }

  destroy(): void {
    this.#pipe.destroy();
  }
}

/** A connection whose first word is a fault of the program. */
class FaultyPipe implements BytePipe {
  readonly remote = '192.0.2.1:554';
  readonly remoteAddress = '192.0.2.1';
  readonly localAddress = undefined;
  readonly bufferedBytes = 0;
  closed = false;
  readonly #fault: Error;
  #handler: PipeHandler | undefined;

  constructor(fault: Error) {
    this.#fault = fault;
  }

  write(): boolean {
    throw this.#fault;
  }

  handle(handler: PipeHandler): void {
    this.#handler = handler;
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    this.closed = true;
    queueMicrotask(() => this.#handler?.close(undefined));
  }
}

class Bench {
  readonly clock = new ManualClock();
  readonly stop = new AbortController();
  readonly pipes: StubbornPipe[] = [];
  readonly #playing = Promise.withResolvers<void>();
  readonly #attempt: RtspAttempt;

  constructor(url: string, connect?: Dial) {
    const { clock } = this;
    const parsed = parseRtspUrl(url);
    assert.ok(!(parsed instanceof WeirError));
    const timeouts = { responseMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 };
    const who = {
      label: 'camera',
      userAgent: 'weir',
      ways: ['tcp'],
      keepAlive: 'OPTIONS',
      hash,
      nonce: () => 'n',
    } as const;
    const sink: SourceSink = {
      announce: () => {
        this.#playing.resolve();
        return [];
      },
    };
    this.#attempt = new RtspAttempt({
      machine: new ClientMachine({ url: parsed, timeouts, ...who }),
      sink,
      connect: connect ?? ((url, options) => this.#connect({ host: url.host, port: url.port, ...options })),
      connectMs: 10_000,
      clock,
      log: new MemoryLog(),
      ssrc: 1,
      cname: 'c',
      faults: { ...noIngestFaults(), strayDatagrams: 0 },
      announced: () => undefined,
    });
  }

  run(): Promise<void> {
    return this.#attempt.run(this.stop.signal);
  }

  get playing(): Promise<void> {
    return this.#playing.promise;
  }

  async #connect(options: ConnectOptions): Promise<BytePipe> {
    const pipe = new StubbornPipe(await connectTcp(options));
    this.pipes.push(pipe);
    return pipe;
  }
}

describe('RtspAttempt', () => {
  it('is over within 500 ms of being told, though TEARDOWN is not answered and the connection does not close', async () => {
    await using camera = await FakeCamera.open({ ...DAHUA, ignores: 'TEARDOWN' });
    const bench = new Bench(camera.url());
    const ended = bench.run();
    await bench.playing;
    bench.stop.abort();
    await camera.askedFor('TEARDOWN');
    bench.clock.advance(RTSP_STOP_MS_MAX);
    await ended;
    assert.ok(RTSP_STOP_MS_MAX <= 500 && RTSP_STOP_MS_MAX < STOP_MS_MAX, 'before it is left behind');
  });

  it('waits a little for what the connection has to send, once TEARDOWN is answered', async () => {
    await using camera = await FakeCamera.open(DAHUA);
    const bench = new Bench(camera.url());
    const ended = bench.run();
    await bench.playing;
    bench.stop.abort();
    const [pipe] = bench.pipes;
    await pipe?.toClose;
    assert.equal(pipe?.closed, false);
    bench.clock.advance(CLOSE_WAIT_MS);
    await ended;
    assert.equal(pipe?.closed, true);
  });

  it('destroys the connection that a redirect leaves, if it does not close, and ends only when it is closed', async () => {
    await using target = await FakeCamera.open(DAHUA);
    await using camera = await FakeCamera.open({ ...DAHUA, redirectTo: target.url('', '/other') });
    const bench = new Bench(camera.url());
    const ended = bench.run();
    await bench.playing;
    const [left, used] = bench.pipes;
    assert.deepEqual([left?.closing, left?.closed, used?.closing], [true, false, false]);
    bench.clock.advance(CLOSE_WAIT_MS);
    assert.deepEqual([left?.closed, used?.closed], [true, false]);
    bench.stop.abort();
    await target.askedFor('TEARDOWN');
    bench.clock.advance(RTSP_STOP_MS_MAX);
    await ended;
  });

  const faults: readonly (readonly [string, (fault: Error) => Promise<BytePipe>])[] = [
    ['in connecting', (fault) => Promise.reject(fault)],
    ['in what follows on it', (fault) => Promise.resolve(new FaultyPipe(fault))],
  ];
  for (const [where, connect] of faults) {
    it(`a fault of the program ${where} is not called a camera that cannot be reached`, async () => {
      const fault = new TypeError('not a function');
      const bench = new Bench('rtsp://192.0.2.1/', () => connect(fault));
      await assert.rejects(bench.run(), fault);
    });
  }

  it('destroys a connection that opens when it is over already', async () => {
    await using camera = await FakeCamera.open(DAHUA);
    const opened = Promise.withResolvers<BytePipe>();
    const bench = new Bench(camera.url(), () => opened.promise);
    const ended = bench.run();
    bench.stop.abort();
    await ended;
    const { clock } = bench;
    const port = Number(new URL(camera.url()).port);
    const { signal } = new AbortController();
    const pipe = await connectTcp({ host: '127.0.0.1', port, timeoutMs: 1000, clock, signal });
    opened.resolve(pipe);
    await opened.promise;
    await Promise.resolve();
    assert.equal(pipe.closed, true);
    assert.deepEqual(camera.methods, []);
  });
});
