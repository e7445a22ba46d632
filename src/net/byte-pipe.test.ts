/** What BytePipe promises, of everything that is one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ManualClock } from '../base/manual-clock.ts';
import { ClientLogin } from '../core/rtsp/client/client-login.ts';
import type { BytePipe } from './byte-pipe.ts';
import { readCertificate } from './certificate.ts';
import { connectHttpTunnel } from './http-tunnel.ts';
import { TunnelDoor } from './http-tunnel-door.ts';
import { EARLY_BYTES_MAX } from './pipe-ear.ts';
import { connectTcp, listenTcp, type TcpListener } from './tcp.ts';
import { connectTls, listenTls } from './tls.ts';
import { RTSP_SUBPROTOCOL, WebSocketDoor } from './websocket-door.ts';

const HOST = '127.0.0.1';
const FIXTURES = join(import.meta.dirname, '../../test/fixtures/tls');

/** The pipe that is looked at, on which nobody listens yet, and what its peer does. */
interface Ends {
  readonly pipe: BytePipe;
  readonly say: (text: string) => void;
  readonly end: () => void;
}

const PIPES: Readonly<Record<string, (context: TestContext) => Promise<Ends>>> = {
  'TCP, who connects': async (context) => first(await tcp(context)),
  'TCP, who listens': async (context) => second(await tcp(context)),
  'TLS, who connects': async (context) => first(await tls(context)),
  'TLS, who listens': async (context) => second(await tls(context)),
  'HTTP tunnel, the client': async (context) => first(await tunnel(context)),
  'HTTP tunnel, the server': async (context) => second(await tunnel(context)),
  'WebSocket, the server': webSocket,
};

for (const [name, open] of Object.entries(PIPES)) {
  describe(name, () => {
    it('keeps what comes before there is a handler, for whoever is it then', async (context) => {
      const { pipe, say } = await open(context);
      say('one ');
      await arrived();
      const former = listenTo(pipe);
      const ear = listenTo(pipe);
      say('two');
      await ear.until((said) => (former.said.join('') + said.join('')).endsWith('one two'));
      assert.equal(pipe.closed, false);
      assert.equal(pipe.remoteAddress, HOST);
      assert.equal(pipe.localAddress, HOST);
    });

    it('tells the end once and last', async (context) => {
      const { pipe, say, end } = await open(context);
      const former = listenTo(pipe);
      const ear = listenTo(pipe);
      say('one');
      await ear.until((said) => said.join('') === 'one');
      end();
      await ear.until((said) => said.includes(CLOSED));
      await arrived();
      assert.deepEqual(ear.said, ['one', CLOSED]);
      assert.deepEqual(former.said, []);
      assert.equal(pipe.closed, true);
      assert.equal(pipe.write(Buffer.from('more')), false);
    });

    for (const who of ['the peer', 'its owner'] as const) {
      it(`tells the end to who listens late, where ${who} ended it`, async (context) => {
        const { pipe, end } = await open(context);
        if (who === 'the peer') end();
        else pipe.destroy();
        await arrived();
        const ear = listenTo(pipe);
        assert.deepEqual(ear.said, [], 'not from inside the call');
        await ear.until((said) => said.includes(CLOSED));
        await arrived();
        assert.deepEqual(ear.said, [CLOSED]);
      });
    }

    for (const how of ['close', 'destroy'] as const) {
      it(`takes nothing after ${how}, which may be called again`, async (context) => {
        const { pipe } = await open(context);
        const ear = listenTo(pipe);
        pipe[how]();
        pipe[how]();
        assert.equal(pipe.closed, true);
        assert.equal(pipe.write(Buffer.from('more')), false);
        assert.equal(pipe.write([Buffer.from('more')]), false);
        await ear.until((said) => said.includes(CLOSED));
        assert.deepEqual(ear.said, [CLOSED]);
      });
    }
  });
}

it('a peer that says too much before anybody listens is closed', async (context) => {
  const { pipe, say } = await webSocket(context);
  say('x'.repeat(EARLY_BYTES_MAX + 1));
  for (let turn = 0; turn < 1000 && !pipe.closed; turn++) await setImmediate();
  const ear = listenTo(pipe);
  await ear.until((said) => said.includes(CLOSED));
  assert.deepEqual(ear.said, [CLOSED]);
});

const CLOSED = '(closed)';

interface Ear {
  readonly said: readonly string[];
  until(found: (said: readonly string[]) => boolean): Promise<void>;
}

function listenTo(pipe: BytePipe): Ear {
  const said: string[] = [];
  let more = Promise.withResolvers<void>();
  const hear = (text: string): void => {
    said.push(text);
    more.resolve();
    more = Promise.withResolvers();
  };
  pipe.handle({
    data: (chunk) => hear(Buffer.from(chunk).toString()),
    drain: () => {},
    close: () => hear(CLOSED),
  });
  return {
    said,
    until: async (found) => {
      while (!found(said)) await more.promise;
    },
  };
}

/** What was sent before this is there after it: a marker goes to another connection of this machine and back. */
async function arrived(): Promise<void> {
  const listener = await listenTcp({
    host: HOST,
    port: 0,
    accept: (pipe) =>
      pipe.handle({ data: (chunk) => pipe.write(new Uint8Array(chunk)), drain: () => {}, close: () => {} }),
  });
  const marker = await connectTcp(connectOptions(listener.port));
  const ear = listenTo(marker);
  marker.write(Buffer.from('marker'));
  await ear.until((said) => said.join('') === 'marker');
  marker.destroy();
  await ear.until((said) => said.includes(CLOSED));
  await listener.close();
}

type Pair = readonly [client: BytePipe, server: BytePipe];

/** The peer hears nothing and is not deaf either: it notices the end. */
function ends(pipe: BytePipe, peer: BytePipe): Ends {
  peer.handle({ data: () => {}, drain: () => {}, close: () => {} });
  return { pipe, say: (text) => peer.write(Buffer.from(text)), end: () => peer.close() };
}

function first([client, server]: Pair): Ends {
  return ends(client, server);
}

function second([client, server]: Pair): Ends {
  return ends(server, client);
}

function connectOptions(port: number): Parameters<typeof connectTcp>[0] {
  return { host: HOST, port, timeoutMs: 1000, clock: new ManualClock(), signal: new AbortController().signal };
}

function closing<T extends TcpListener>(context: TestContext, listener: T): T {
  context.after(() => listener.close());
  return listener;
}

async function tcp(context: TestContext): Promise<Pair> {
  const { promise, resolve } = Promise.withResolvers<BytePipe>();
  const { port } = closing(context, await listenTcp({ host: HOST, port: 0, accept: resolve }));
  return [await connectTcp(connectOptions(port)), await promise];
}

async function tls(context: TestContext): Promise<Pair> {
  const { promise, resolve, reject } = Promise.withResolvers<BytePipe>();
  const certificate = await readCertificate({
    certFile: join(FIXTURES, 'cert.pem'),
    keyFile: join(FIXTURES, 'key.pem'),
  });
  const failed = (_remote: string, reason: string): void => reject(reason);
  const { port } = closing(context, await listenTls({ host: HOST, port: 0, certificate, failed, accept: resolve }));
  return [await connectTls({ ...connectOptions(port), fingerprint: certificate.fingerprint }), await promise];
}

async function tunnel(context: TestContext): Promise<Pair> {
  const { promise, resolve } = Promise.withResolvers<BytePipe>();
  const door = new TunnelDoor({ clock: new ManualClock(), accept: resolve });
  const accept = (pipe: BytePipe): void => door.take(pipe, new Uint8Array(0));
  const { port } = closing(context, await listenTcp({ host: HOST, port: 0, accept }));
  const options = connectOptions(port);
  const client = await connectHttpTunnel({
    ...options,
    connect: () => connectTcp(options),
    path: '/yard',
    userAgent: 'weir-test',
    cookie: 'c0ffee',
    login: new ClientLogin({ hash: () => '', nonce: () => 'c' }, undefined),
  });
  return [client, await promise];
}

async function webSocket(context: TestContext): Promise<Ends> {
  const { promise, resolve } = Promise.withResolvers<BytePipe>();
  const door = new WebSocketDoor(resolve);
  const server = createServer().on('upgrade', (request, socket, head) => door.upgrade(request, socket, head));
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://${HOST}:${port}/yard`, RTSP_SUBPROTOCOL);
  const pipe = await promise;
  context.after(() => {
    pipe.destroy();
    server.close();
  });
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
  return { pipe, say: (text) => client.send(text), end: () => client.close() };
}
