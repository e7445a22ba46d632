import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { WeirError } from '../core/errors.ts';
import type { BytePipe } from './byte-pipe.ts';
import { connectTcp, hostPort, listenTcp } from './tcp.ts';

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

test('refused, timed out, aborted: each its own error, without a socket left', async () => {
  const refused = await connectTo(9).catch((error: unknown) => error);
  assert.ok(refused instanceof WeirError && refused.code === 'source-unreachable');
  const reason = new WeirError('shutting-down', 'enough');
  const aborted = await connectTo(9, AbortSignal.abort(reason)).catch((error: unknown) => error);
  assert.equal(aborted, reason);
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
  pipe.close();
  let bytes = 0;
  peer.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(peer, 'end');
  assert.equal(bytes, large.length);
});

test('two connections that are read at the same time do not mix', async () => {
  const accepted: BytePipe[] = [];
  const both = Promise.withResolvers<void>();
  const accept = (pipe: BytePipe): void => {
    if (accepted.push(pipe) === 2) both.resolve();
  };
  const listener = await listenTcp({ host: '127.0.0.1', port: 0, accept });
  const said = [collect(await connectTo(listener.port)), collect(await connectTo(listener.port))];
  await both.promise;
  for (let i = 0; i < 50; i++)
    for (const [index, pipe] of accepted.entries()) pipe.write(Buffer.alloc(5000, 65 + index));
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

function collect(pipe: BytePipe): { readonly until: (text: string) => Promise<string> } {
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
  return {
    until: (text) =>
      new Promise((resolve) => {
        heard = () => {
          if (said.length >= text.length) resolve(said);
        };
        heard();
      }),
  };
}
