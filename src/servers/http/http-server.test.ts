import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Access } from '../../auth/access.ts';
import { WRONG_PASSWORDS_MAX, WrongPasswordLimiter } from '../../auth/wrong-password-limiter.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { MemoryLog } from '../../base/memory-log.ts';
import { Metrics } from '../../base/metrics.ts';
import type { AccessSettings, StreamSettings } from '../../config/settings.ts';
import { WeirError } from '../../core/errors.ts';
import type { SessionStatus } from './api/session-report.ts';
import { FakeArchive, FakeRegistry, FakeStream } from './fake-streams.ts';
import { HttpServer } from './http-server.ts';
import type { HttpServerOptions } from './http-server.ts';

const USERS: AccessSettings = {
  kind: 'users',
  users: [
    { name: 'ann', password: 'secret', may: ['read', 'publish', 'playback', 'manage'], streams: undefined },
    { name: 'bob', password: 'other', may: ['read'], streams: ['lobby'] },
    { name: 'eve', password: 'third', may: ['publish'], streams: undefined },
  ],
};

const LOBBY: StreamSettings = {
  name: 'lobby',
  source: {
    kind: 'rtsp',
    url: 'rtsp://admin:hunter2@192.0.2.10/main',
    transport: 'auto',
    timeouts: { connectMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 },
  },
  alternatives: [],
  record: true,
  onDemand: false,
  onDemandIdleMs: 10_000,
  storage: 'main',
  keep: { ageMs: 604_800_000, bytes: 500e9, free: undefined },
  declaredAt: 'weir.yml:3',
};

const SESSION: SessionStatus = {
  id: 'a1',
  kind: 'reader',
  transport: 'udp',
  stream: 'lobby',
  user: 'bob',
  peer: '192.0.2.7:51122',
  state: 'playing',
  sinceUtcMs: Date.UTC(2026, 0, 1, 10),
  tracks: [0, 1],
  bytes: 1000,
  droppedBatches: 2,
  droppedBytes: 300,
  reported: { loss: 0.25, lost: 7, jitterMs: 2.5, roundTripMs: undefined },
};
const SESSIONS = [SESSION, { ...SESSION, id: 'b2', stream: 'yard', user: undefined, reported: undefined }];

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

interface AskOptions {
  readonly user?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly host?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

interface Running {
  readonly server: HttpServer;
  readonly log: MemoryLog;
  readonly get: (path: string, options?: AskOptions) => Promise<Answer>;
}

const running = new Set<HttpServer>();
const folders: string[] = [];
after(async () => {
  for (const server of running) await server.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

async function start(access: AccessSettings, more: Partial<HttpServerOptions> = {}): Promise<Running> {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const server = await HttpServer.listen({
    listen: { host: '127.0.0.1', port: 0 },
    hosts: ['nvr.example.org'],
    access: new Access(access),
    accessKind: access.kind,
    limiter: new WrongPasswordLimiter(clock),
    log,
    clock,
    version: '1.2.3',
    upgrades: { wants: () => false, take: () => {} },
    filesFolder: '/files',
    registry: new FakeRegistry([new FakeStream('lobby'), new FakeStream('lobby/low'), new FakeStream('yard')]),
    archive: new FakeArchive(),
    settingsOf: (name) => ({ ...LOBBY, name }),
    recordingOf: () => ({ active: true, recordedUpToUtcMs: clock.utcMs(), error: undefined }),
    metrics: new Metrics(),
    sessions: { list: () => SESSIONS, end: () => true },
    redirects: { redirect: () => 2, drain: () => 3 },
    notReady: () => [],
    storageCounts: () => new Map([['main', { bytesWritten: 5, errors: 0, queuedBytes: 1, oldestMs: 1500 }]]),
    pageFolder: undefined,
    media: (_request, response, target) => {
      response.setHeader('Content-Type', 'text/plain');
      response.end(
        `${target.stream} ${target.view.kind} ${target.query.get('width') ?? ''} ${target.identity?.name ?? ''}`,
      );
    },
    ...more,
  });
  running.add(server);
  const { host, port } = server.address;
  return { server, log, get: (path, options = {}) => ask(host, port, path, options) };
}

async function ask(hostname: string, port: number, path: string, options: AskOptions): Promise<Answer> {
  const headers: Record<string, string> = { Host: options.host ?? `127.0.0.1:${port}`, ...options.headers };
  if (options.user !== undefined) headers['Authorization'] = `Basic ${Buffer.from(options.user).toString('base64')}`;
  const request = httpRequest({ hostname, port, path, method: options.method ?? 'GET', headers, agent: false });
  if (options.body !== undefined) request.setHeader('Content-Type', 'application/json');
  request.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const isJson = response.headers['content-type']?.includes('json') === true && text !== '';
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Answer['json']) : {},
  };
}

test('media goes to its handler, with what the URL said', async () => {
  const { get } = await start({ kind: 'local' });
  assert.equal((await get('/lobby/low/preview.jpg?width=320')).text, 'lobby/low preview 320 ');
  assert.equal((await get('/lobby%2Flow/seg-3.m4s')).text, 'lobby/low segment  ');
  const wrong = await get('/lobby/20261399T000000Z.jpg');
  assert.deepEqual([wrong.status, wrong.json['code']], [400, 'time-invalid']);
  const post = await get('/lobby/index.m3u8', { method: 'POST' });
  assert.deepEqual(
    [post.status, post.json['code'], post.headers['allow']],
    [405, 'method-unknown', 'GET, HEAD, OPTIONS'],
  );
});

test('an error of the handler is a problem document; a fault of ours is logged and tells nothing', async () => {
  let error: unknown = new WeirError('stream-offline', 'lobby is not live: rtsp://u:hunter2@h/x');
  const { get, log } = await start({ kind: 'local' }, { media: () => Promise.reject(error) });
  const offline = await get('/lobby/index.m3u8');
  assert.equal(offline.status, 503);
  assert.match(offline.headers['content-type'] ?? '', /^application\/problem\+json/);
  assert.equal(offline.headers['retry-after'], '2');
  assert.deepEqual(offline.json, {
    type: 'urn:weir:error:stream-offline',
    title: 'The stream is not live',
    status: 503,
    detail: 'lobby is not live: rtsp://***@h/x',
    code: 'stream-offline',
    remedy: 'See status.error of the stream for the reason; it comes back by itself.',
  });
  error = new TypeError('secret internals');
  const fault = await get('/lobby/index.m3u8');
  assert.deepEqual([fault.status, fault.json['code']], [500, 'internal']);
  assert.ok(!fault.text.includes('secret'));
  assert.equal(log.lines.at(-1)?.level, 'error');
});

test('an answer that breaks off is cut, not ended', async () => {
  const { get } = await start(
    { kind: 'local' },
    {
      media: (_request, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('half');
        throw new WeirError('segment-gone', 'gone');
      },
    },
  );
  await assert.rejects(get('/lobby/seg-1.m4s'));
});

test('host names: listed ones, loopback, addresses only where others may come', async () => {
  const local = await start({ kind: 'local' });
  const open = await start({ kind: 'open' });
  const rows: readonly (readonly [string, number, number])[] = [
    ['localhost', 200, 200],
    ['localhost:8080', 200, 200],
    ['LOCALHOST.', 200, 200],
    ['[::1]:8080', 200, 200],
    ['127.0.0.1', 200, 200],
    ['nvr.example.org:80', 200, 200],
    ['NVR.example.org', 200, 200],
    ['192.0.2.7', 421, 200],
    ['[2001:db8::7]', 421, 200],
    ['evil.example.com', 421, 421],
    ['nvr.example.org.evil.com', 421, 421],
    ['localhost.evil.com', 421, 421],
  ];
  for (const [host, localStatus, openStatus] of rows) {
    assert.equal((await local.get('/lobby/preview.jpg', { host })).status, localStatus, `local ${host}`);
    assert.equal((await open.get('/api/v1/streams', { host })).status, openStatus, `open ${host}`);
  }
  assert.equal((await local.get('/api/v1/streams', { host: 'evil.example.com' })).json['code'], 'host-unknown');
  local.server.setHosts(['new.example.org']);
  assert.equal((await local.get('/lobby/preview.jpg', { host: 'new.example.org' })).status, 200);
  assert.equal((await local.get('/lobby/preview.jpg', { host: 'nvr.example.org' })).status, 421);
  assert.equal((await local.get('/healthz', { host: 'weir.cluster' })).status, 200, 'probes do not know our names');
});

test('rights on media', async () => {
  const { get } = await start(USERS);
  const rows: readonly (readonly [string, string | undefined, number, string?])[] = [
    ['/lobby/preview.jpg', undefined, 401, 'unauthorized'],
    ['/lobby/preview.jpg', 'bob:other', 200],
    ['/lobby/preview.jpg', 'bob:wrong', 401, 'unauthorized'],
    ['/lobby/preview.jpg', 'nobody:x', 401, 'unauthorized'],
    ['/yard/preview.jpg', 'bob:other', 403, 'forbidden'],
    ['/lobby/archive-1-2.m3u8', 'bob:other', 403, 'forbidden'],
    ['/lobby/archive-1-2.m3u8', 'ann:secret', 200],
    ['/lobby/seg-7.m4s', 'bob:other', 200],
    ['/lobby/seg-8.m4s', 'bob:other', 404, 'segment-gone'],
    ['/lobby/seg-8.m4s', 'ann:secret', 200],
    ['/lobby/seg-7.m4s', 'eve:third', 403, 'forbidden'],
    ['/lobby/init-ab.mp4', 'bob:other', 200],
  ];
  for (const [path, user, status, code] of rows) {
    const answer = await get(path, user === undefined ? {} : { user });
    assert.deepEqual([answer.status, answer.json['code']], [status, code], `${path} ${user}`);
    assert.equal(
      answer.headers['www-authenticate'],
      status === 401 ? 'Basic realm="weir", charset="UTF-8"' : undefined,
    );
  }
  assert.equal((await get('/lobby/preview.jpg', { headers: { Authorization: 'Bearer x' } })).status, 401);
});

test('guessing passwords comes to an end', async () => {
  const { get } = await start(USERS);
  for (let count = 0; count < WRONG_PASSWORDS_MAX; count++)
    assert.equal((await get('/lobby/index.m3u8', { user: 'bob:x' })).status, 401);
  const refused = await get('/lobby/index.m3u8', { user: 'bob:other' });
  assert.deepEqual(
    [refused.status, refused.json['code'], refused.headers['retry-after']],
    [429, 'too-many-attempts', '60'],
  );
  assert.equal((await get('/lobby/index.m3u8', { user: 'ann:secret' })).status, 200, 'others go on');
});

test('CORS: media only, without credentials; on a local weir own pages only', async () => {
  const users = await start(USERS);
  const headers = { Origin: 'https://elsewhere.example' };
  const refused = await users.get('/lobby/index.m3u8', { headers });
  assert.deepEqual([refused.status, refused.headers['access-control-allow-origin']], [401, '*']);
  assert.equal(refused.headers['access-control-allow-credentials'], undefined);
  const preflight = await users.get('/lobby/index.m3u8', {
    method: 'OPTIONS',
    headers: { ...headers, 'Access-Control-Request-Method': 'GET' },
  });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers['access-control-allow-headers'] ?? '', /Authorization, Range/);
  const api = await users.get('/api/v1/streams', { user: 'ann:secret', headers });
  assert.deepEqual([api.status, api.headers['access-control-allow-origin']], [200, undefined]);
  const local = await start({ kind: 'local' });
  assert.equal((await local.get('/lobby/index.m3u8', { headers })).headers['access-control-allow-origin'], undefined);
  const own = { Origin: 'http://localhost:5173' };
  assert.equal(
    (await local.get('/lobby/index.m3u8', { headers: own })).headers['access-control-allow-origin'],
    'http://localhost:5173',
  );
});

test('the list of streams: what the user may see, without secrets', async () => {
  const { get } = await start(USERS);
  assert.equal((await get('/api/v1/streams')).status, 401);
  const names = async (user: string): Promise<unknown> => {
    const answer = await get('/api/v1/streams', { user });
    assert.ok(!answer.text.includes('hunter2'));
    return (answer.json['streams'] as readonly { name: string }[]).map((stream) => stream.name);
  };
  assert.deepEqual(await names('ann:secret'), ['lobby', 'lobby/low', 'yard']);
  assert.deepEqual(await names('bob:other'), ['lobby']);
  assert.deepEqual(await names('eve:third'), []);
});

test('one stream: the shape of the file, and its status', async () => {
  const { get } = await start(USERS);
  const { json, status } = await get('/api/v1/streams/lobby%2Flow', { user: 'ann:secret' });
  assert.equal(status, 200);
  const { status: state, ...settings } = json as { status: Record<string, unknown> };
  assert.deepEqual(settings, {
    name: 'lobby/low',
    source: 'rtsp://***@192.0.2.10/main',
    transport: 'auto',
    timeouts: { connect: '10s', firstByte: '15s', idle: '10s' },
    record: true,
    onDemand: false,
    storage: 'main',
    keep: { age: '7d', size: '500GB' },
    declaredAt: 'weir.yml:3',
  });
  assert.deepEqual(state, {
    state: 'connecting',
    since: '2026-01-01T09:59:00.000Z',
    error: {
      code: 'source-unreachable',
      message: 'No connection: nothing listens there at rtsp://***@192.0.2.10',
      remedy: 'Check its address, its power and the network.',
      retry: true,
    },
    warnings: [
      {
        code: 'key-frames-rare',
        message: 'Key frames are 60 s apart',
        remedy:
          'Set the key frame (I-frame) interval of the camera to one to four seconds, and switch H.264+ or H.265+ off.',
        retry: true,
      },
    ],
    source: {
      kind: 'rtsp',
      label: 'rtsp://***@192.0.2.10/main',
      attempts: 3,
      nextAttempt: '2026-01-01T10:00:05.000Z',
      faults: {},
      skipped: [{ media: 'audio', reason: 'it is a back-channel' }],
    },
    tracks: [
      {
        index: 0,
        media: 'video',
        encoding: 'H264',
        clockRate: 90_000,
        codecString: 'avc1.64001f',
        timeline: true,
        width: 1280,
        height: 720,
        frameRate: 25,
        framesPerSecond: 25,
        sampleRate: null,
        channels: null,
        bytes: 1000,
        packets: 10,
        frames: 5,
        lost: 1,
        faults: { 'bad-marker': 2 },
      },
      {
        index: 1,
        media: 'audio',
        encoding: 'PCMA',
        clockRate: 8000,
        codecString: null,
        timeline: false,
        width: null,
        height: null,
        frameRate: null,
        framesPerSecond: null,
        sampleRate: 8000,
        channels: 1,
        bytes: 100,
        packets: 1,
        frames: 1,
        lost: 0,
        faults: {},
      },
    ],
    received: { bytes: 1100, packets: 11, lost: 1 },
    readers: { rtsp: 2, hls: 1 },
    gopSeconds: 2,
    lastKeyFrame: '2026-01-01T09:59:30.000Z',
    memoryBytes: 4096,
    recording: { active: true, recordedUpTo: '2026-01-01T10:00:00.000Z', error: null },
  });
  const rows: readonly (readonly [string, string, number, string])[] = [
    ['/api/v1/streams/nothing', 'ann:secret', 404, 'stream-unknown'],
    ['/api/v1/streams/yard', 'bob:other', 403, 'forbidden'],
    ['/api/v1/streams/nothing', 'bob:other', 403, 'forbidden'],
    ['/api/v1/streams/a%20b', 'ann:secret', 400, 'name-invalid'],
    ['/api/v1/streams/%E0%A4%A', 'ann:secret', 400, 'request-malformed'],
    ['/api/v1/nothing', 'ann:secret', 404, 'path-unknown'],
    ['/api/v1/nothing.json', 'ann:secret', 404, 'path-unknown'],
    ['/lobby/other.html', 'ann:secret', 404, 'view-unknown'],
    ['/lobby/low/preview.webp?width=3', 'ann:secret', 404, 'view-unknown'],
    ['/lobby', 'ann:secret', 404, 'path-unknown'],
    ['/lobby/archive-1767261600-99999999999.m3u8', 'ann:secret', 400, 'time-invalid'],
  ];
  for (const [path, user, code, name] of rows) {
    const answer = await get(path, { user });
    assert.deepEqual([answer.status, answer.json['code']], [code, name], path);
  }
  const put = await get('/api/v1/streams/lobby', { user: 'ann:secret', method: 'PUT' });
  assert.deepEqual([put.status, put.json['code']], [405, 'method-unknown']);
});

test('recordings: spans and gaps, times in several forms', async () => {
  const { get } = await start(USERS);
  const user = 'ann:secret';
  const expected = {
    stream: 'lobby',
    from: '2026-01-01T09:00:00.000Z',
    to: '2026-01-01T10:00:00.000Z',
    spans: [{ id: 1, from: '2026-01-01T09:00:00.000Z', to: '2026-01-01T09:30:00.500Z' }],
    gaps: [{ from: '2026-01-01T09:30:00.500Z', to: null, reason: 'network' }],
  };
  for (const from of ['1767258000', '20260101T090000Z', '2026-01-01T09:00:00Z', '2026-01-01T10:00:00%2B01:00']) {
    assert.deepEqual((await get(`/api/v1/recordings?stream=lobby&from=${from}`, { user })).json, expected, from);
  }
  const rows: readonly (readonly [string, string, number, string])[] = [
    ['', user, 400, 'request-malformed'],
    ['?stream=lobby&from=yesterday', user, 400, 'time-invalid'],
    ['?stream=lobby&from=1767261600&to=1767258000', user, 400, 'time-invalid'],
    ['?stream=../x', user, 400, 'name-invalid'],
    ['?stream=lobby', 'bob:other', 403, 'forbidden'],
    ['?stream=unrecorded', user, 404, 'stream-unknown'],
  ];
  for (const [query, name, status, code] of rows) {
    const answer = await get(`/api/v1/recordings${query}`, { user: name });
    assert.deepEqual([answer.status, answer.json['code']], [status, code], query);
  }
  assert.equal((await get('/api/v1/recordings?stream=former', { user })).status, 200, 'recorded, no longer configured');
});

test('CORS: what tells the age of an answer may be read', async () => {
  const { get } = await start({ kind: 'open' });
  const { headers } = await get('/lobby/index.m3u8', { headers: { Origin: 'https://elsewhere.example' } });
  const exposed = headers['access-control-expose-headers']?.split(', ') ?? [];
  for (const name of ['Age', 'Date', 'ETag', 'X-Frame-Age', 'X-Frame-Time', 'Content-Range'])
    assert.ok(exposed.includes(name), name);
});

/** The parts of the document that the test looks at. */
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: unknown }>>;
}

test('sessions: those of streams that the user manages, without what would let others use them', async () => {
  const { get } = await start(USERS);
  const { json } = await get('/api/v1/sessions', { user: 'ann:secret' });
  const [first, second] = json['sessions'] as Record<string, unknown>[];
  assert.deepEqual(first, {
    id: 'a1',
    kind: 'reader',
    transport: 'udp',
    stream: 'lobby',
    user: 'bob',
    peer: '192.0.2.7:51122',
    state: 'playing',
    since: '2026-01-01T10:00:00.000Z',
    tracks: [0, 1],
    bytes: 1000,
    dropped: { frames: 2, bytes: 300 },
    reported: { loss: 0.25, lost: 7, jitterSeconds: 0.0025, roundTripSeconds: null },
  });
  assert.deepEqual([second?.['user'], second?.['reported']], [null, null]);
  assert.deepEqual((await get('/api/v1/sessions/a1', { user: 'ann:secret' })).json, first);
  assert.deepEqual((await get('/api/v1/sessions', { user: 'bob:other' })).json, { sessions: [] });
  assert.equal((await get('/api/v1/sessions')).status, 401);
  for (const [user, id, status] of [
    ['bob:other', 'a1', 403],
    ['ann:secret', 'c3', 404],
    [undefined, 'a1', 401],
  ] as const) {
    const options = user === undefined ? {} : { user };
    for (const method of ['GET', 'DELETE'])
      assert.equal((await get(`/api/v1/sessions/${id}`, { ...options, method })).status, status, `${method} ${id}`);
  }
});

test('a session is ended by who manages its stream, and by no page from elsewhere', async () => {
  const ended: string[] = [];
  const sessions = { list: () => SESSIONS, end: (id: string) => ended.push(id) > 0 };
  const { get } = await start(USERS, { sessions });
  const remove = (origin?: string): Promise<Answer> =>
    get('/api/v1/sessions/b2', {
      user: 'ann:secret',
      method: 'DELETE',
      headers: origin === undefined ? {} : { Origin: origin },
    });
  assert.equal((await remove('http://evil.example.com')).status, 403);
  assert.equal((await remove('null')).status, 403);
  assert.deepEqual(ended, []);
  assert.deepEqual([(await remove()).status, (await remove('http://nvr.example.org')).status], [204, 204]);
  assert.deepEqual(ended, ['b2', 'b2']);
  const other = await get('/api/v1/sessions/b2', { user: 'ann:secret', method: 'PUT' });
  assert.deepEqual([other.status, other.headers.allow], [405, 'GET, HEAD, DELETE']);
});

test('readers are sent elsewhere by who may manage, to URLs that are some', async () => {
  const said: string[] = [];
  const note = (...words: readonly unknown[]): number => said.push(words.join(' '));
  const { get } = await start(USERS, { redirects: { redirect: note, drain: (to) => note('all', to) } });
  const rows: readonly (readonly [string, string, string | undefined, string, number, string?])[] = [
    [
      'POST',
      'streams/lobby%2Flow/redirect',
      'rtsp://other:8554/x?start=gop',
      'ann:secret',
      200,
      'lobby/low rtsp://other:8554/x?start=gop',
    ],
    ['DELETE', 'streams/lobby%2Flow/redirect', undefined, 'ann:secret', 204, 'lobby/low '],
    ['POST', 'drain', 'rtsps://[2001:db8::1]:8322', 'ann:secret', 200, 'all rtsps://[2001:db8::1]:8322'],
    ['DELETE', 'drain', undefined, 'ann:secret', 204, 'all '],
    ['POST', 'streams/nobody/redirect', 'rtsp://other:8554/x', 'ann:secret', 404],
    ['POST', 'streams/lobby/redirect', 'rtsp://other:8554/x', 'bob:other', 403],
    ['POST', 'drain', 'rtsp://other:8554', 'bob:other', 403],
    ['POST', 'drain', 'rtsp://other:8554/path', 'ann:secret', 400],
    ['POST', 'drain', undefined, 'ann:secret', 400],
    ['POST', 'streams/lobby/redirect', 'rtsp://other:8554', 'ann:secret', 400],
    ['POST', 'streams/lobby/redirect', 'http://other/x', 'ann:secret', 400],
    ['POST', 'streams/lobby/redirect', 'rtsp://ann:secret@other/x', 'ann:secret', 400],
    ['POST', 'streams/lobby/redirect', 'rtsp://other/x\r\nX: y', 'ann:secret', 400],
    ['DELETE', 'streams/lobby/redirect', undefined, 'bob:other', 403],
    ['DELETE', 'drain', undefined, 'bob:other', 403],
  ];
  for (const [method, path, to, user, status, expected] of rows) {
    said.length = 0;
    const answer = await get(`/api/v1/${path}`, { method, user, ...(to !== undefined && { body: { to } }) });
    assert.equal(answer.status, status, `${method} ${path} ${to} ${answer.text}`);
    assert.deepEqual(said, expected === undefined ? [] : [expected]);
    if (status === 200) assert.deepEqual(answer.json, { to, sessions: 1 });
  }
  assert.equal((await get('/api/v1/drain', { method: 'PUT', user: 'ann:secret' })).headers.allow, 'POST, DELETE');
});

test('upgrades go to who wants them, unless a page from elsewhere asks; others are plain requests', async () => {
  const taken: string[] = [];
  const upgrades: HttpServerOptions['upgrades'] = {
    wants: ({ headers }) => headers.upgrade === 'websocket',
    take: ({ url }, socket) => {
      taken.push(url ?? '');
      socket.end('HTTP/1.1 101 Taken\r\n\r\n', () => socket.destroy());
    },
  };
  const { server } = await start({ kind: 'local' }, { upgrades });
  const rows: readonly (readonly [string, string, string | undefined, string, readonly string[]])[] = [
    ['localhost', 'websocket', undefined, '101', ['/lobby']],
    ['localhost', 'websocket', 'http://localhost:8080', '101', ['/lobby']],
    ['localhost', 'websocket', 'https://evil.example', '403', []],
    ['localhost', 'websocket', 'null', '403', []],
    ['evil.example', 'websocket', undefined, '421', []],
    ['localhost', 'h2c', undefined, '404', []],
  ];
  for (const [host, upgrade, origin, status, expected] of rows) {
    taken.length = 0;
    const socket = connect(server.address.port, server.address.host);
    const lines = [`GET /lobby HTTP/1.1`, `Host: ${host}`, `Upgrade: ${upgrade}`, 'Connection: upgrade, close'];
    socket.write([...lines, ...(origin === undefined ? [] : [`Origin: ${origin}`]), '', ''].join('\r\n'));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    assert.deepEqual([text.split(' ')[1], taken], [status, expected], `${host} ${upgrade} ${origin}`);
  }
});

test('the OpenAPI document: what is served stands in it, once, and what stands in it is served', async () => {
  const { get } = await start({ kind: 'open' });
  const { json } = await get('/api/v1/openapi.json');
  const { paths, components } = json as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, { type?: string; properties?: object; required?: readonly string[] }> };
  };
  assert.deepEqual(Object.keys(paths).toSorted(), [
    '/api/v1/drain',
    '/api/v1/recordings',
    '/api/v1/sessions',
    '/api/v1/sessions/{id}',
    '/api/v1/streams',
    '/api/v1/streams/{name}',
    '/api/v1/streams/{name}/redirect',
    '/healthz',
    '/metrics',
    '/readyz',
  ]);
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  for (const { path, method, operation } of operations) {
    const url = path.replace('{name}', 'lobby').replace('{id}', 'a1').replace('recordings', 'recordings?stream=lobby');
    const to = path.endsWith('drain') ? 'rtsp://other:8554' : 'rtsp://other:8554/lobby';
    const answer = await get(url, { method: method.toUpperCase(), ...(method === 'post' && { body: { to } }) });
    assert.equal(answer.status, method === 'delete' ? 204 : 200, path);
    assert.equal((await get(url, { method: 'PUT' })).status, 405, path);
    for (const [status, response] of Object.entries(operation.responses)) {
      const whole = response.content !== undefined || status === '204';
      assert.ok(response.description !== '' && whole, `${path} ${status}`);
    }
    const inPath = operation.parameters?.filter((parameter) => parameter.in === 'path') ?? [];
    assert.deepEqual(
      inPath.map(({ name, required }) => [`{${name}}`, required]),
      [...path.matchAll(/\{\w+\}/g)].map(([name]) => [name, true]),
    );
    if (!path.endsWith('z')) {
      assert.ok('421' in operation.responses, path);
      assert.equal((await get(url, { host: 'evil.example.com' })).status, 421, path);
    }
  }
  const names = Object.keys(components.schemas);
  assert.deepEqual(names.toSorted(), [
    'Error',
    'Health',
    'Problem',
    'Recordings',
    'SentAway',
    'Session',
    'SessionList',
    'SourceMemberStatus',
    'SourceStatus',
    'Stream',
    'StreamList',
    'StreamStatus',
    'Track',
  ]);
  const referred = [...JSON.stringify(json).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name,
  );
  assert.deepEqual(new Set(referred), new Set(names), 'each is referred to, and is there');
  for (const [name, { type, properties = {}, required = [] }] of Object.entries(components.schemas)) {
    assert.equal(type, 'object', name);
    assert.ok(
      required.every((key) => key in properties),
      name,
    );
  }
});

test('health, readiness, metrics', async () => {
  let reasons: string[] = [];
  const { get } = await start(USERS, { notReady: () => reasons });
  assert.deepEqual((await get('/healthz')).json, { status: 'ok', reasons: [] });
  assert.equal((await get('/readyz')).status, 200);
  reasons = ['the database is being rebuilt'];
  assert.deepEqual([(await get('/readyz')).status, (await get('/readyz')).json['reasons']], [503, reasons]);
  assert.equal((await get('/metrics')).status, 401);
  assert.equal((await get('/metrics', { user: 'bob:other' })).status, 403);
  const metrics = await get('/metrics', { user: 'ann:secret' });
  assert.match(metrics.headers['content-type'] ?? '', /^text\/plain/);
  assert.match(metrics.text, /^weir_streams\{state="connecting"\} 3$/m);
  assert.match(metrics.text, /^weir_stream_received_bytes_total\{stream="lobby\/low",track="0"\} 1000$/m);
  assert.match(metrics.text, /^weir_stream_state\{stream="yard",state="connecting"\} 1$/m);
  assert.match(metrics.text, /^weir_stream_state\{stream="yard",state="live"\} 0$/m);
  assert.match(metrics.text, /^weir_stream_error\{stream="yard",code="source-unreachable"\} 1$/m);
  assert.match(metrics.text, /^weir_stream_frames_total\{stream="yard",track="0"\} 5$/m);
  assert.match(metrics.text, /^weir_stream_gop_seconds\{stream="yard"\} 2$/m);
  assert.match(metrics.text, /^weir_storage_oldest_operation_seconds\{storage="main"\} 1.5$/m);
  assert.match(metrics.text, /^weir_http_requests_total\{area="api",status="2xx"\} \d+$/m);
});

test('the page: from the folder, also when it is built later, with its policy', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'weir-page-')), 'dist');
  folders.push(join(folder, '..'));
  const { get } = await start({ kind: 'local' }, { pageFolder: folder });
  assert.equal((await get('/')).json['code'], 'path-unknown');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html>hello');
  writeFileSync(join(folder, 'assets', 'main-abc.js'), 'export {}');
  writeFileSync(join(folder, '..', 'secret'), 'x');
  const index = await get('/');
  assert.match(index.text, /hello/);
  assert.equal(index.headers['cache-control'], 'no-cache');
  assert.match(String(index.headers['content-security-policy']), /default-src 'none'/);
  assert.match((await get('/assets/main-abc.js')).headers['cache-control'] ?? '', /immutable/);
  assert.equal((await get('/index.html', { headers: { 'If-None-Match': String(index.headers['etag']) } })).status, 304);
  for (const path of ['/../secret', '/..%2fsecret', '/%2e%2e/secret', '/assets/../../secret'])
    assert.equal((await get(path)).status >= 400, true, path);
});

test('limits: too long a URL, too long a head, no HTTP at all', async () => {
  const { get, server } = await start({ kind: 'local' });
  const long = await get(`/lobby/index.m3u8?${'x'.repeat(5000)}`);
  assert.deepEqual([long.status, long.json['code']], [431, 'head-too-long']);
  const raw = async (text: string): Promise<string> => {
    const socket = connect(server.address.port, server.address.host);
    socket.end(text);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  };
  assert.match(
    await raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 [^]*head-too-long/,
  );
  assert.match(await raw('GET /lobby/preview.jpg HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 421/);
  assert.match(await raw('\x16\x03\x01 hello\r\n\r\n'), /^HTTP\/1\.1 400 [^]*request-malformed/);
});

test('a port in use, an address that is not ours', async () => {
  const { server } = await start({ kind: 'local' });
  await assert.rejects(start({ kind: 'local' }, { listen: server.address }), { code: 'port-in-use' });
  await assert.rejects(start({ kind: 'local' }, { listen: { host: '192.0.2.1', port: 1 } }), {
    code: 'listen-refused',
  });
});

test('closing lets an answer under way end', async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const { server, get } = await start(
    { kind: 'local' },
    {
      media: async (_request, response) => {
        asked.resolve();
        await gate.promise;
        response.end('whole');
      },
    },
  );
  const answer = get('/lobby/index.m3u8');
  await asked.promise;
  const closed = Promise.all([server.close(), server.close()]);
  gate.resolve();
  assert.equal((await answer).text, 'whole');
  await closed;
});
