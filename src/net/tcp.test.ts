import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import type { BytePipe } from './byte-pipe.ts';
import { connectTcp, hostPort, listenTcp, type TcpListener } from './tcp.ts';

const HOST = '127.0.0.1';
const NEVER = new AbortController().signal;

/** What came out of a pipe, and a promise of its end. */
class Ear {
  readonly chunks: Buffer[] = [];
  readonly closed = Promise.withResolvers<Error | undefined>();
  readonly #waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];

  constructor(pipe: BytePipe) {
    pipe.handle({
      data: (chunk) => {
        this.chunks.push(Buffer.from(chunk));
        for (const { bytes, resolve } of this.#waiting) if (this.bytes >= bytes) resolve();
      },
      drain: () => {},
      close: (error) => this.closed.resolve(error),
    });
  }

  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  async heard(bytes: number): Promise<void> {
    if (this.bytes >= bytes) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ bytes, resolve });
    await promise;
  }
}

async function listen(context: TestContext, accept: (pipe: BytePipe) => void): Promise<TcpListener> {
  const listener = await listenTcp({ host: HOST, port: 0, accept });
  context.after(() => listener.close());
  return listener;
}

function open(port: number): Promise<BytePipe> {
  return connectTcp({ host: HOST, port, timeoutMs: 5000, clock: new ManualClock(), signal: NEVER });
}

describe('a TCP pipe', () => {
  it('carries bytes both ways, lists in order as one, and says who is there', async (context) => {
    const accepted = Promise.withResolvers<BytePipe>();
    const listener = await listen(context, accepted.resolve);
    const client = await open(listener.port);
    const server = await accepted.promise;
    assert.equal(client.remote, hostPort(HOST, listener.port));
    assert.equal(server.remoteAddress, HOST);
    const [atClient, atServer] = [new Ear(client), new Ear(server)];
    client.write([Buffer.from('one '), Buffer.from('two '), Buffer.from('three')]);
    await atServer.heard(13);
    assert.equal(atServer.text, 'one two three');
    server.write(Buffer.from('back'));
    await atClient.heard(4);
    assert.equal(atClient.text, 'back');
    client.close();
    assert.equal(await atClient.closed.promise, undefined);
    assert.equal(await atServer.closed.promise, undefined);
    assert.ok(client.closed && server.closed);
    assert.equal(client.write(Buffer.from('x')), false);
  });

  it('keeps what comes before it is listened to, and tells of an end that came before', async (context) => {
    const listener = await listen(context, (pipe) => {
      pipe.write(Buffer.from('hello'));
      pipe.close();
    });
    const client = await open(listener.port);
    const ear = new Ear(client);
    assert.equal(await ear.closed.promise, undefined);
    assert.equal(ear.text, 'hello');
    const late = new Ear(client);
    assert.equal(await late.closed.promise, undefined);
  });

  it('sends what waits before it closes, and says how much that is', async (context) => {
    const accepted = Promise.withResolvers<BytePipe>();
    const listener = await listen(context, accepted.resolve);
    const client = await open(listener.port);
    const ear = new Ear(await accepted.promise);
    // More than the system's own buffers take.
    const large = Buffer.alloc(16 * 1024 * 1024, 1);
    assert.equal(client.write(large), false);
    assert.ok(client.bufferedBytes > 0);
    client.close();
    await ear.closed.promise;
    assert.equal(ear.bytes, large.length);
  });

  it('two connections read at the same time do not mix', async (context) => {
    const accepted: BytePipe[] = [];
    const listener = await listen(context, (pipe) => void accepted.push(pipe));
    const clients = [await open(listener.port), await open(listener.port)];
    const ears = clients.map((client) => new Ear(client));
    for (const [index, pipe] of accepted.entries())
      for (let i = 0; i < 50; i++) pipe.write(Buffer.alloc(5000, index + 1));
    for (const [index, ear] of ears.entries()) {
      await ear.heard(250_000);
      assert.ok(Buffer.concat(ear.chunks).every((byte) => byte === index + 1));
    }
    for (const client of clients) client.destroy();
  });

  it('tells of a connection that broke', async (context) => {
    const accepted = Promise.withResolvers<BytePipe>();
    const listener = await listen(context, accepted.resolve);
    const socket = connect(listener.port, HOST);
    await once(socket, 'connect');
    const ear = new Ear(await accepted.promise);
    socket.resetAndDestroy();
    assert.match(String(await ear.closed.promise), /ECONNRESET/);
  });
});

describe('connecting', () => {
  it('to where nobody listens: source-unreachable', async (context) => {
    const listener = await listen(context, () => {});
    await listener.close();
    await assert.rejects(open(listener.port), {
      code: 'source-unreachable',
      message: 'No connection: nothing listens there',
    });
  });

  it('that takes too long: source-timeout', async () => {
    const clock = new ManualClock();
    // A documentation address (RFC 5737): no answer comes; if the network says so at once, the end is the other one.
    const connecting = connectTcp({ host: '192.0.2.1', port: 554, timeoutMs: 5000, clock, signal: NEVER });
    clock.advance(5000);
    await assert.rejects(connecting, { code: 'source-timeout', place: '192.0.2.1:554' });
  });

  it('ends with the reason of an abort, before and meanwhile', async () => {
    const reason = { why: 'stop' };
    const during = new AbortController();
    const options = { host: '192.0.2.1', port: 554, timeoutMs: 5000, clock: new ManualClock() };
    const connecting = connectTcp({ ...options, signal: during.signal });
    during.abort(reason);
    await assert.rejects(connecting, (error) => error === reason);
    await assert.rejects(connectTcp({ ...options, signal: during.signal }), (error) => error === reason);
  });
});

describe('listening', () => {
  it('where somebody does: port-in-use', async (context) => {
    const listener = await listen(context, () => {});
    await assert.rejects(listenTcp({ host: HOST, port: listener.port, accept: () => {} }), { code: 'port-in-use' });
  });

  it('on an address of another machine: listen-refused', async () => {
    await assert.rejects(listenTcp({ host: '192.0.2.1', port: 0, accept: () => {} }), { code: 'listen-refused' });
  });

  it('ends twice the same, and takes its connections along', async (context) => {
    const accepted = Promise.withResolvers<BytePipe>();
    const listener = await listen(context, accepted.resolve);
    const ear = new Ear(await open(listener.port));
    await accepted.promise;
    await Promise.all([listener.close(), listener.close()]);
    await ear.closed.promise;
  });
});

it('hosts and ports are written as URLs hold them', () => {
  assert.equal(hostPort('192.0.2.1', 554), '192.0.2.1:554');
  assert.equal(hostPort('2001:db8::1', 554), '[2001:db8::1]:554');
  assert.equal(hostPort('[::1]', 1), '[::1]:1');
});
