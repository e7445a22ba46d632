import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { WeirError } from '../core/errors.ts';
import type { BytePipe } from './byte-pipe.ts';
import { hostPort } from './host-port.ts';
import { connectTcp, listenTcp, type TcpListener } from './tcp.ts';

const clock = new ManualClock();
const connectTo = (port: number, signal = new AbortController().signal): Promise<BytePipe> =>
  connectTcp({ host: '127.0.0.1', port, timeoutMs: 1000, clock, signal });

test('both ends carry bytes; what came before there was a handler waits for it', async (context) => {
  const { port, accepted } = await server(context);
  const pipe = await connectTo(port);
  const peer = await accepted;
  peer.write('early ');
  const said = collect(pipe);
  peer.write('late');
  assert.equal(await said.until('early late'), 'early late');
  assert.equal(pipe.write([Buffer.from('a'), Buffer.from('b')]), true);
  assert.equal(String((await once(peer, 'data'))[0]), 'ab');
  assert.match(pipe.remote, /^127\.0\.0\.1:\d+$/);
  pipe.destroy();
});

test('connections are read into one buffer: what is kept is a copy, or it changes', async (context) => {
  const { port, accepted } = await server(context);
  const pipe = await connectTo(port);
  const peer = await accepted;
  const views: Uint8Array[] = [];
  const copies: string[] = [];
  let heard = Promise.withResolvers<void>();
  pipe.handle({
    data: (chunk) => {
      views.push(chunk);
      copies.push(new TextDecoder().decode(chunk));
      heard.resolve();
    },
    drain: () => {},
    close: () => {},
  });
  peer.write('first');
  await heard.promise;
  heard = Promise.withResolvers();
  peer.write('other');
  await heard.promise;
  assert.equal(copies.join(''), 'firstother');
  assert.equal(views[0]?.buffer, views[1]?.buffer);
  pipe.destroy();
});

test('what comes before there is a handler is kept as a copy: the buffer is read into again', async () => {
  const { listener, accepted } = await listen(3);
  const early = [await connectTo(listener.port), await connectTo(listener.port)];
  const asked = collect(await connectTo(listener.port));
  const [first, second, third] = await accepted;
  first?.write(Buffer.from('AAAA'));
  second?.write(Buffer.from('BBBB'));
  await everythingRead(third, asked);
  const said = early.map((pipe) => collect(pipe));
  assert.deepEqual(await Promise.all(said.map((ear) => ear.until('....'))), ['AAAA', 'BBBB']);
  await listener.close();
});

test('a peer that says too much before it is listened to is cut off', async (context) => {
  const { port, accepted } = await server(context);
  const pipe = await connectTo(port);
  const peer = await accepted;
  const cut = closeOf(peer);
  peer.write(Buffer.alloc(1024 * 1024));
  await cut;
  const ended = Promise.withResolvers<unknown>();
  pipe.handle({ data: () => assert.fail('nothing is told of it'), drain: () => {}, close: ended.resolve });
  await ended.promise;
  assert.equal(pipe.closed, true);
});

test('refused is source-unreachable; aborted before it began ends with the reason', async () => {
  const gone = await listenTcp({ host: '127.0.0.1', port: 0, accept: () => {} });
  await gone.close();
  await assert.rejects(connectTo(gone.port), {
    code: 'source-unreachable',
    message: 'No connection: nothing listens there',
    place: `127.0.0.1:${gone.port}`,
  });
  const reason = new WeirError('shutting-down', 'enough');
  await assert.rejects(connectTo(gone.port, AbortSignal.abort(reason)), (error) => error === reason);
});

test('a host name that is not known is source-host-unknown', async () => {
  // Longer than a label may be, so that no name server is asked.
  const host = `${'x'.repeat(64)}.invalid`;
  const { signal } = new AbortController();
  await assert.rejects(connectTcp({ host, port: 554, timeoutMs: 1000, clock, signal }), {
    code: 'source-host-unknown',
    message: 'No connection: the host name is not known',
  });
});

test('a connection that is open takes no notice of the time-out and signal it was opened with', async (context) => {
  const own = new ManualClock();
  const abort = new AbortController();
  const { port, accepted } = await server(context);
  const pipe = await connectTcp({ host: '127.0.0.1', port, timeoutMs: 1000, clock: own, signal: abort.signal });
  own.advance(10_000);
  abort.abort();
  const said = collect(pipe);
  (await accepted).write('still here');
  assert.equal(await said.until('still here'), 'still here');
  pipe.destroy();
});

test('what a peer does not read waits; once it is sent the sender is told', async (context) => {
  const { port, accepted } = await server(context);
  const pipe = await connectTo(port);
  const peer = await accepted;
  // More than the system's own buffers take.
  const large = Buffer.alloc(16 * 1024 * 1024, 98);
  let told = false;
  const drained = drain(pipe).then(() => (told = true));
  assert.equal(pipe.write(large), false);
  assert.equal(pipe.write(Buffer.from('z')), false);
  assert.ok(pipe.bufferedBytes > 0);
  let read = 0;
  peer.on('data', (chunk) => {
    if (read === 0) assert.deepEqual([told, pipe.bufferedBytes > 0], [false, true]);
    read += chunk.length;
  });
  await drained;
  assert.equal(pipe.bufferedBytes, 0);
  while (read < large.length + 1) await once(peer, 'data');
  pipe.destroy();
});

test('destroyed it throws away what waits; twice is once', async (context) => {
  const { port, accepted } = await server(context);
  const pipe = await connectTo(port);
  const peer = await accepted;
  const large = Buffer.alloc(16 * 1024 * 1024, 1);
  let closes = 0;
  const closed = Promise.withResolvers<Error | undefined>();
  const close = (error: Error | undefined): void => {
    closes += 1;
    closed.resolve(error);
  };
  pipe.handle({ data: () => {}, drain: () => {}, close });
  pipe.write(large);
  pipe.destroy();
  pipe.destroy();
  pipe.close();
  assert.equal(pipe.closed, true);
  assert.equal(pipe.write(Buffer.from('x')), false);
  assert.equal(await closed.promise, undefined);
  let bytes = 0;
  peer.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await closeOf(peer);
  assert.ok(bytes < large.length);
  assert.equal(closes, 1);
});

test('a port in use is said; a closed listener accepts no more and drops what is open', async () => {
  const accepted = Promise.withResolvers<BytePipe>();
  const listener = await listenTcp({ host: '127.0.0.1', port: 0, accept: (pipe) => accepted.resolve(pipe) });
  const second = await listenTcp({ host: '127.0.0.1', port: listener.port, accept: () => {} }).catch(
    (error: unknown) => error,
  );
  assert.ok(second instanceof WeirError && second.code === 'port-in-use');
  const client = await connectTo(listener.port);
  const closed = new Promise<void>((resolve) =>
    client.handle({ data: () => {}, drain: () => {}, close: () => resolve() }),
  );
  await accepted.promise;
  await listener.close();
  await closed;
  assert.equal(client.closed, true);
  assert.equal(client.write(Buffer.from('x')), false);
});

test('what waits is sent before it closes, and is said to wait', async (context) => {
  const { port, accepted } = await server(context);
  const pipe = await connectTo(port);
  const peer = await accepted;
  // More than the system's own buffers take.
  const large = Buffer.alloc(16 * 1024 * 1024, 1);
  assert.equal(pipe.write(large), false);
  assert.ok(pipe.bufferedBytes > 0);
  const ended = new Promise<Error | undefined>((resolve) =>
    pipe.handle({ data: () => {}, drain: () => {}, close: resolve }),
  );
  pipe.close();
  assert.equal(pipe.closed, true);
  assert.equal(pipe.write(Buffer.from('too late')), false);
  let bytes = 0;
  peer.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(peer, 'end');
  assert.equal(bytes, large.length);
  assert.equal(await ended, undefined);
});

test('two connections that are read at the same time do not mix', async () => {
  const { listener, accepted } = await listen(2);
  const said = [collect(await connectTo(listener.port)), collect(await connectTo(listener.port))];
  const peers = await accepted;
  for (let i = 0; i < 50; i++) for (const [index, pipe] of peers.entries()) pipe.write(Buffer.alloc(5000, 65 + index));
  const texts = await Promise.all(said.map((ear) => ear.until('x'.repeat(250_000))));
  assert.deepEqual(
    texts.map((text) => [...new Set(text)]),
    [['A'], ['B']],
  );
  await listener.close();
});

test('a connection that breaks is told with its error', async () => {
  const accepted = Promise.withResolvers<BytePipe>();
  const listener = await listenTcp({ host: '127.0.0.1', port: 0, accept: (pipe) => accepted.resolve(pipe) });
  const socket = connect(listener.port, '127.0.0.1');
  await once(socket, 'connect');
  const pipe = await accepted.promise;
  const error = new Promise<Error | undefined>((resolve) =>
    pipe.handle({ data: () => {}, drain: () => {}, close: resolve }),
  );
  socket.resetAndDestroy();
  assert.match(String(await error), /ECONNRESET/);
  await listener.close();
});

test('a connection that takes too long is source-timeout; one that is given up ends with the reason', async () => {
  const own = new ManualClock();
  const abort = new AbortController();
  // A documentation address (RFC 5737), from which no answer comes.
  const options = { host: '192.0.2.1', port: 554, timeoutMs: 5000, clock: own, signal: abort.signal };
  const slow = connectTcp(options);
  own.advance(5000);
  await assert.rejects(slow, { code: 'source-timeout', place: '192.0.2.1:554' });
  const givenUp = connectTcp(options);
  const reason = new WeirError('shutting-down', 'enough');
  abort.abort(reason);
  await assert.rejects(givenUp, (error) => error === reason);
});

test('an address of another machine cannot be listened on', async () => {
  await assert.rejects(listenTcp({ host: '192.0.2.1', port: 0, accept: () => {} }), { code: 'listen-refused' });
});

test('hosts and ports are written as URLs hold them', () => {
  assert.equal(hostPort('192.0.2.1', 554), '192.0.2.1:554');
  assert.equal(hostPort('2001:db8::1', 554), '[2001:db8::1]:554');
  assert.equal(hostPort('[::1]', 1), '[::1]:1');
});

async function server(context: TestContext): Promise<{ readonly port: number; readonly accepted: Promise<Socket> }> {
  const listening = createServer().listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const accepted = once(listening, 'connection').then(([socket]) => {
    context.after(() => (socket as Socket).destroy());
    return socket as Socket;
  });
  context.after(() => listening.close());
  const address = listening.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, accepted };
}

/** `accepted`: in the order of connecting, once there are so many. */
async function listen(
  connections: number,
): Promise<{ readonly listener: TcpListener; readonly accepted: Promise<readonly BytePipe[]> }> {
  const pipes: BytePipe[] = [];
  const { promise, resolve } = Promise.withResolvers<readonly BytePipe[]>();
  const accept = (pipe: BytePipe): void => {
    if (pipes.push(pipe) === connections) resolve(pipes);
  };
  return { listener: await listenTcp({ host: '127.0.0.1', port: 0, accept }), accepted: promise };
}

/**
 * Resolves when what was written before, on other connections of this process, was read where it is read at all. Loopback delivers before
 * `write` returns, and between two answers on one connection every other one that has something was looked at.
 */
async function everythingRead(peer: BytePipe | undefined, ear: Ear): Promise<void> {
  for (const text of ['once', 'once more']) {
    peer?.write(Buffer.from(text));
    await ear.untilLength(ear.length() + text.length);
  }
}

/** Also where it was an error that closed it. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('error', () => {}).once('close', () => resolve()));
}

/** Resolves once what waits is sent. */
function drain(pipe: BytePipe): Promise<void> {
  return new Promise((resolve) => pipe.handle({ data: () => {}, drain: resolve, close: () => {} }));
}

interface Ear {
  /** Resolves with all that was said, once it is as long as `text`. */
  readonly until: (text: string) => Promise<string>;
  readonly untilLength: (length: number) => Promise<string>;
  readonly length: () => number;
}

function collect(pipe: BytePipe): Ear {
  let said = '';
  let heard: (() => void) | undefined;
  pipe.handle({
    data: (chunk) => {
      said += new TextDecoder().decode(chunk);
      heard?.();
    },
    drain: () => {},
    close: () => {},
  });
  const untilLength = (length: number): Promise<string> =>
    new Promise((resolve) => {
      heard = () => {
        if (said.length >= length) resolve(said);
      };
      heard();
    });
  return { until: (text) => untilLength(text.length), untilLength, length: () => said.length };
}
