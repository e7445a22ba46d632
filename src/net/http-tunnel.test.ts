import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { parseAuthorization } from '../core/rtsp/digest/authorization.ts';
import type { Hash } from '../core/rtsp/digest/challenge.ts';
import { ClientLogin } from '../core/rtsp/client/client-login.ts';
import type { BytePipe } from './byte-pipe.ts';
import { connectHttpTunnel, type TunnelOptions } from './http-tunnel.ts';
import { MAX_UNFINISHED, TUNNEL_WAIT_MS, TunnelDoor } from './http-tunnel-door.ts';
import { connectTcp, listenTcp } from './tcp.ts';

const HOST = '127.0.0.1';
const COOKIE = 'c0ffee';

test('both ends carry bytes, each write padded by itself; the end of one is the end of the other', async (context) => {
  const place = await door(context);
  const client = await connectHttpTunnel(tunnelTo(place));
  const said = collect(client);
  client.write(Buffer.from('OPTIONS '));
  client.write([Buffer.from('* '), Buffer.from('RTSP/1.0')]);
  const { pipe: server, ear: heard } = await place.accepted(0);
  await heard.until('OPTIONS * RTSP/1.0');
  server.write(Buffer.from('RTSP/1.0 200 OK'));
  await said.until('RTSP/1.0 200 OK');
  assert.equal(server.remoteAddress, HOST);
  client.close();
  await heard.closed;
  await said.closed;
  assert.ok(client.closed && server.closed);
});

test('a POST that is closed and made anew goes on; the tunnel lasts as long as its GET', async (context) => {
  const place = await door(context);
  const get = await raw(place.port, head('GET'));
  await get.ear.until('tunnelled\r\n\r\n');
  const first = await raw(place.port, `${head('POST')}${btoa('one ')}`);
  const { ear: heard } = await place.accepted(0);
  await heard.until('one ');
  first.pipe.destroy();
  await raw(place.port, `${head('POST')}${btoa('two')}`);
  await heard.until('one two');
  assert.equal(place.count(), 1);
  get.pipe.destroy();
  await heard.closed;
});

test('what is no half of a tunnel is refused', async (context) => {
  const place = await door(context);
  const table: [string, string][] = [
    [head('POST'), 'HTTP/1.0 404 Not Found'],
    ['GET / HTTP/1.1\r\nHost: weir\r\n\r\n', 'HTTP/1.0 400 Bad Request'],
    ['POST rubbish\r\n\r\n', 'HTTP/1.0 400 Bad Request'],
    [head('GET').replace(COOKIE, 'x'.repeat(300)), 'HTTP/1.0 400 Bad Request'],
    [head('PUT'), 'HTTP/1.0 405 Method Not Allowed'],
    [`GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(5000)}`, 'HTTP/1.0 400 Bad Request'],
  ];
  for (const [request, expected] of table) {
    const { ear } = await raw(place.port, request);
    await ear.closed;
    assert.equal(ear.text().split('\r\n')[0], expected);
  }
  const get = await raw(place.port, head('GET'));
  await get.ear.until('tunnelled\r\n\r\n');
  const twin = await raw(place.port, head('GET'));
  await twin.ear.closed;
  assert.match(twin.ear.text(), /^HTTP\/1.0 409/);
  assert.equal(place.count(), 0);
});

test('a head without an end, and a GET without its POST, are closed in time', async (context) => {
  const place = await door(context);
  const dribble = await raw(place.port, 'GET / HT');
  const lonely = await raw(place.port, head('GET'));
  await lonely.ear.until('tunnelled\r\n\r\n');
  place.clock.advance(TUNNEL_WAIT_MS);
  await dribble.ear.closed;
  await lonely.ear.closed;
  // The cookie is free again.
  await (await raw(place.port, head('GET'))).ear.until('tunnelled\r\n\r\n');
});

test('what waits for its other half makes room for others; a whole tunnel stays', async (context) => {
  const place = await door(context);
  const whole = await raw(place.port, head('GET'));
  await whole.ear.until('tunnelled\r\n\r\n');
  await raw(place.port, head('POST'));
  await place.accepted(0);
  const first = await raw(place.port, 'GET / HT');
  for (let i = 0; i < MAX_UNFINISHED; i++) {
    const waiting = await raw(place.port, head('GET').replace(COOKIE, `c${i}`));
    await waiting.ear.until('tunnelled\r\n\r\n');
  }
  await first.ear.closed;
  assert.equal(whole.pipe.closed, false);
});

const CREDENTIALS = { user: 'u', password: 'p' };
const hash: Hash = (algorithm, text) => `${algorithm}(${text.length})`;

const md5 = (nonce: string, more = ''): string => `Digest realm="r", nonce="${nonce}", qop="auth"${more}`;

test('the camera asks for a password before it opens the tunnel: each challenge that there is an answer to is answered', async (context) => {
  const basic = 'Basic realm="r"';
  const sha = 'Digest realm="r", nonce="s", qop="auth", algorithm=SHA-256';
  const rows: readonly {
    readonly name: string;
    /** The challenges of each GET in turn; then it opens. */
    readonly asked: readonly (readonly string[])[];
    /** What the GETs and the POST say. */
    readonly said: readonly string[];
    readonly credentials?: undefined;
    readonly code?: string;
  }[] = [
    { name: 'Basic', asked: [[basic]], said: ['GET none', 'GET Basic', 'POST Basic'] },
    {
      name: 'nobody to answer with',
      asked: [[basic]],
      said: ['GET none'],
      credentials: undefined,
      code: 'source-unauthorized',
    },
    {
      name: 'Digest SHA-256 before all',
      asked: [[basic, md5('n'), sha]],
      said: ['GET none', 'GET s SHA-256 1', 'POST s SHA-256 2'],
    },
    {
      name: 'one that offers SHA-256 and takes MD5 alone',
      asked: [
        [sha, md5('1')],
        [sha, md5('2')],
      ],
      said: ['GET none', 'GET s SHA-256 1', 'GET 2 MD5 1', 'POST 2 MD5 2'],
    },
    {
      name: 'nonces that are too old',
      asked: [[md5('1')], [md5('2', ', stale=true')]],
      said: ['GET none', 'GET 1 MD5 1', 'GET 2 MD5 1', 'POST 2 MD5 2'],
    },
    {
      name: 'nonces that are always too old',
      asked: Array.from({ length: 9 }, () => [md5('1', ', stale=true')]),
      said: ['GET none', 'GET 1 MD5 1', 'GET 1 MD5 1', 'GET 1 MD5 1'],
      code: 'source-unauthorized',
    },
    {
      name: 'a wrong password, which is then not disclosed',
      asked: [[md5('1'), basic], [md5('2'), basic], [basic]],
      said: ['GET none', 'GET 1 MD5 1'],
      code: 'source-unauthorized',
    },
    { name: 'what nobody knows', asked: [['Negotiate']], said: ['GET none'], code: 'source-unauthorized' },
  ];
  for (const row of rows) {
    const camera = await askingCamera(context, row.asked);
    const login = new ClientLogin({ hash, nonce: () => 'c' }, 'credentials' in row ? row.credentials : CREDENTIALS);
    const opening = connectHttpTunnel({ ...tunnelTo({ port: camera.port, clock: new ManualClock() }), login });
    if (row.code === undefined) {
      const client = await opening;
      await camera.until(row.said.length);
      client.destroy();
    } else await assert.rejects(opening, { code: row.code }, row.name);
    assert.deepEqual(camera.said, row.said, row.name);
  }
});

test('a GET that ends while the POST is being opened ends the tunnel', async (context) => {
  const place = await door(context);
  const options = tunnelTo(place);
  const pipes: BytePipe[] = [];
  const told = Promise.withResolvers<void>();
  const connect = async (): Promise<BytePipe> => {
    const pipe = await options.connect();
    pipes.push(pipe);
    const [get] = pipes;
    if (get === pipe) return toldOfClose(pipe, () => told.resolve());
    get?.destroy();
    await told.promise;
    return pipe;
  };
  const client = await connectHttpTunnel({ ...options, connect });
  await collect(client).closed;
  assert.equal(client.closed, true);
  assert.equal(client.write(Buffer.from('more')), false);
});

/** The same pipe; `told`: whoever it was handed to knows of its end. */
function toldOfClose(pipe: BytePipe, told: () => void): BytePipe {
  const handle = pipe.handle.bind(pipe);
  pipe.handle = (handler) =>
    handle({
      ...handler,
      close: (error) => {
        handler.close(error);
        told();
      },
    });
  return pipe;
}

test('a camera that answers something else, or nothing', async (context) => {
  for (const [answer, code] of [
    ['HTTP/1.0 503 Busy\r\n\r\n', 'source-refused'],
    ['RTSP/1.0 400 Bad Request\r\n\r\n', 'source-protocol'],
    [undefined, 'source-timeout'],
  ] as const) {
    const asked = Promise.withResolvers<void>();
    const listener = await listenTcp({
      host: HOST,
      port: 0,
      accept: (pipe) =>
        pipe.handle({
          data: () => {
            if (answer !== undefined) pipe.write(Buffer.from(answer));
            asked.resolve();
          },
          drain: () => {},
          close: () => {},
        }),
    });
    context.after(() => listener.close());
    const clock = new ManualClock();
    const refused = assert.rejects(connectHttpTunnel(tunnelTo({ port: listener.port, clock })), { code });
    await asked.promise;
    if (answer === undefined) clock.advance(1000);
    await refused;
  }
});

interface Door {
  readonly port: number;
  readonly clock: ManualClock;
  readonly count: () => number;
  /** The tunnel that came as the nth. */
  accepted(index: number): Promise<Heard>;
}

/** Everything that comes is taken as HTTP. */
async function door(context: TestContext): Promise<Door> {
  const clock = new ManualClock();
  const tunnels: Heard[] = [];
  let came = Promise.withResolvers<void>();
  const taking = new TunnelDoor({
    clock,
    accept: (pipe) => {
      tunnels.push({ pipe, ear: collect(pipe) });
      came.resolve();
      came = Promise.withResolvers();
    },
  });
  const listener = await listenTcp({ host: HOST, port: 0, accept: (pipe) => taking.take(pipe, new Uint8Array(0)) });
  context.after(() => listener.close());
  return {
    port: listener.port,
    clock,
    count: () => tunnels.length,
    accepted: async (index) => {
      for (;;) {
        const tunnel = tunnels[index];
        if (tunnel !== undefined) return tunnel;
        await came.promise;
      }
    },
  };
}

interface AskingCamera {
  readonly port: number;
  /** 'GET nonce algorithm count' of each request. */
  readonly said: string[];
  until(count: number): Promise<void>;
}

/** Answers each GET with its challenges, and closes; with 200 once there are none left. */
async function askingCamera(context: TestContext, asked: readonly (readonly string[])[]): Promise<AskingCamera> {
  const said: string[] = [];
  let more = Promise.withResolvers<void>();
  let gets = 0;
  const answer = (pipe: BytePipe, text: string): void => {
    const given = parseAuthorization(/^Authorization: (.*)$/m.exec(text)?.[1]?.trim() ?? '');
    const how = given?.scheme === 'digest' ? `${given.nonce} ${given.algorithm} ${Number(given.nc)}` : given && 'Basic';
    said.push(`${text.split(' ')[0]} ${how ?? 'none'}`);
    more.resolve();
    more = Promise.withResolvers();
    if (!text.startsWith('GET')) return;
    const challenges = asked[gets++];
    const lines = challenges?.map((challenge) => `WWW-Authenticate: ${challenge}\r\n`) ?? [];
    pipe.write(
      Buffer.from(`HTTP/1.0 ${challenges === undefined ? '200 OK' : '401 Unauthorized'}\r\n${lines.join('')}\r\n`),
    );
    if (challenges !== undefined) pipe.close();
  };
  const accept = (pipe: BytePipe): void =>
    pipe.handle({ data: (chunk) => answer(pipe, new TextDecoder().decode(chunk)), drain: () => {}, close: () => {} });
  const listener = await listenTcp({ host: HOST, port: 0, accept });
  context.after(() => listener.close());
  const until = async (count: number): Promise<void> => {
    while (said.length < count) await more.promise;
  };
  return { port: listener.port, said, until };
}

function tunnelTo({ port, clock }: { readonly port: number; readonly clock: ManualClock }): TunnelOptions {
  const signal = new AbortController().signal;
  return {
    connect: () => connectTcp({ host: HOST, port, timeoutMs: 1000, clock, signal }),
    host: `${HOST}:${port}`,
    path: '/lobby',
    userAgent: 'weir-test',
    cookie: COOKIE,
    login: new ClientLogin({ hash, nonce: () => 'c' }, undefined),
    timeoutMs: 1000,
    clock,
    signal,
  };
}

function head(method: string): string {
  return `${method} /lobby HTTP/1.0\r\nx-sessioncookie: ${COOKIE}\r\n\r\n`;
}

interface Ear {
  readonly text: () => string;
  until(text: string): Promise<void>;
  readonly closed: Promise<void>;
}

interface Heard {
  readonly pipe: BytePipe;
  readonly ear: Ear;
}

async function raw(port: number, request: string): Promise<Heard> {
  const signal = new AbortController().signal;
  const pipe = await connectTcp({ host: HOST, port, timeoutMs: 1000, clock: new ManualClock(), signal });
  const ear = collect(pipe);
  pipe.write(Buffer.from(request));
  return { pipe, ear };
}

/** Everything that comes, as text. */
function collect(pipe: BytePipe): Ear {
  let text = '';
  const closed = Promise.withResolvers<void>();
  let more = Promise.withResolvers<void>();
  pipe.handle({
    data: (chunk) => {
      text += new TextDecoder().decode(chunk);
      more.resolve();
      more = Promise.withResolvers();
    },
    drain: () => {},
    close: () => closed.resolve(),
  });
  return {
    text: () => text,
    closed: closed.promise,
    until: async (wanted) => {
      while (!text.endsWith(wanted)) await more.promise;
    },
  };
}
