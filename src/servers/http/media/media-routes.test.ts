/** Media routes over a real HTTP server, on fake streams with real fragments. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ManualClock } from '../../../base/manual-clock.ts';
import { MemoryLog } from '../../../base/memory-log.ts';
import { Metrics } from '../../../base/metrics.ts';
import type { Right } from '../../../config/settings.ts';
import { FakeArchive } from '../../../hls/fake-archive.ts';
import { FAKE_FIRST_NUMBER, FAKE_START_UTC_MS, fakeInit, fakeSegment, fakeUnit } from '../../../hls/fake-segment.ts';
import { FakeStream } from '../../../hls/fake-stream.ts';
import { HlsService } from '../../../hls/hls-service.ts';
import type { Decoder, Picture } from '../../../picture/decoder/decoder.ts';
import { Pictures } from '../../../picture/pictures.ts';
import type { StreamRegistry } from '../../../stream/stream.ts';
import { asWeirError, sendProblem, type Problem } from '../problem.ts';
import { parseViewPath } from '../url-table.ts';
import { mediaHandler } from './media-routes.ts';
import type { RecordingStatus } from './recording-status.ts';

const JPEG: Picture = { bytes: Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), width: 320, height: 180 };
const HOUR_AGO = FAKE_START_UTC_MS - 3_600_000;

describe('media routes', () => {
  const clock = new ManualClock(FAKE_START_UTC_MS + 10_000);
  const archive = new FakeArchive();
  const hls = new HlsService({ archive, clock });
  const decoder: Decoder = { still: async () => JPEG, close: async () => {} };
  const pictures = new Pictures({ clock, log: new MemoryLog(), decoder, archive });
  const metrics = new Metrics();
  let stream = new FakeStream();
  let rights: readonly Right[] = [];
  let server: Server;
  let base = '';

  before(async () => {
    const registry: StreamRegistry = {
      find: async (name) => (name === 's' ? stream : undefined),
      list: () => [stream],
      publishError: () => undefined,
      publish: () => assert.fail('not for media'),
    };
    const handler = mediaHandler({ registry, archive, hls, pictures, clock, metrics });
    server = createServer((request, response) => {
      const url = new URL(`http://weir${request.url ?? ''}`);
      const path = parseViewPath(url.pathname);
      assert(path !== undefined, url.pathname);
      const target = {
        ...path,
        query: url.searchParams,
        identity: undefined,
        may: (right: Right) => rights.includes(right),
      };
      Promise.resolve(handler(request, response, target)).catch((error: unknown) =>
        sendProblem(response, asWeirError(error), 'weir'),
      );
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    rights = ['read', 'playback'];
    stream = new FakeStream();
    stream.timeline.set([0, 1, 2].map((index) => fakeSegment({ index })));
    stream.picture = { unit: fakeUnit(), utcMs: clock.utcMs() - 1234, gopMs: 2000, id: '1' };
    archive.segmentsOf = [0, 1, 2].map((index) =>
      fakeSegment({ index: index - 1800, startUtcMs: HOUR_AGO + 2000 * index }),
    );
    archive.read.length = 0;
    archive.removed = false;
    archive.recordedGaps = [{ startUtcMs: HOUR_AGO + 6000, endUtcMs: undefined, reason: 'source-offline' }];
  });
  after(async () => {
    hls.close();
    await new Promise((resolve) => void server.close(resolve));
  });

  const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Response> => {
    return fetch(`${base}${path}`, { method, headers: { 'accept-encoding': 'identity', ...headers } });
  };

  const statusOf = async (query: string): Promise<readonly RecordingStatus[]> => {
    return (await get(`/s/recording_status.json?${query}`)).json() as Promise<readonly RecordingStatus[]>;
  };

  it('serves the live lists, from list to list to media', async () => {
    const index = await get('/s/index.m3u8');
    assert.equal(index.headers.get('content-type'), 'application/vnd.apple.mpegurl');
    assert.equal(index.headers.get('cache-control'), 'max-age=1');
    const [name = ''] = /^media-.*$/m.exec(await index.text()) ?? [];
    const media = await (await get(`/s/${name}`)).text();
    const [, map = ''] = /URI="(.*)"/.exec(media) ?? [];
    const init = await get(`/s/${map}`);
    assert.equal(init.headers.get('content-type'), 'video/mp4');
    assert.deepEqual(new Uint8Array(await init.arrayBuffer()), fakeInit().bytes);
    const [segment = ''] = /^seg-.*$/m.exec(media) ?? [];
    const bytes = await get(`/s/${segment}`);
    assert.equal(bytes.headers.get('content-type'), 'video/iso.segment');
    assert.equal(bytes.headers.get('cache-control'), 'max-age=31536000, immutable');
    assert.deepEqual(Buffer.from(await bytes.arrayBuffer()), wholeOf(0));
  });

  it('serves parts of a segment, and nothing of it to who has it', async () => {
    const path = `/s/seg-${FAKE_FIRST_NUMBER}.m4s`;
    const whole = wholeOf(0);
    const head = await get(path, {}, 'HEAD');
    assert.equal(head.headers.get('content-length'), String(whole.length));
    assert.equal(head.headers.get('accept-ranges'), 'bytes');
    assert.equal((await head.arrayBuffer()).byteLength, 0);
    const etag = head.headers.get('etag') ?? '';
    const part = await get(path, { range: 'bytes=100-1999' });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get('content-range'), `bytes 100-1999/${whole.length}`);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), whole.subarray(100, 2000));
    assert.equal((await get(path, { range: 'bytes=0-1', 'if-range': '"other"' })).status, 200);
    assert.equal((await get(path, { range: 'bytes=0-1', 'if-range': etag })).status, 206);
    const beyond = await get(path, { range: `bytes=${whole.length}-` });
    assert.equal(beyond.status, 416);
    assert.equal(beyond.headers.get('content-range'), `bytes */${whole.length}`);
    for (const tags of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const same = await get(path, { 'if-none-match': tags });
      assert.equal(same.status, 304);
      assert.equal(same.headers.get('etag'), etag);
      assert.equal((await same.arrayBuffer()).byteLength, 0);
    }
    assert.equal((await get(path, { 'if-none-match': '"x"' })).status, 200);
  });

  it('reads of a recorded segment nothing but what it sends', async () => {
    rights = ['playback'];
    const path = `/s/seg-${FAKE_FIRST_NUMBER - 1800}.m4s`;
    const size = fakeSegment({ index: -1800 }).bytes;
    const rows: readonly (readonly [
      string,
      Readonly<Record<string, string>>,
      number,
      readonly (readonly number[])[],
    ])[] = [
      ['HEAD', {}, 200, []],
      ['HEAD', { range: 'bytes=0-9' }, 200, []],
      ['GET', { 'if-none-match': `"seg-${FAKE_FIRST_NUMBER - 1800}"` }, 304, []],
      ['GET', { range: `bytes=${size}-` }, 416, []],
      ['GET', { range: 'bytes=100-1999' }, 206, [[100, 2000]]],
      ['GET', {}, 200, [[0, size]]],
    ];
    for (const [method, headers, status, read] of rows) {
      archive.read.length = 0;
      const answer = await get(path, headers, method);
      await answer.arrayBuffer();
      assert.equal(answer.status, status);
      assert.deepEqual(archive.read, read, `${method} ${JSON.stringify(headers)}`);
    }
  });

  it('lets go of the bytes once they are sent, and where they cannot be', async () => {
    rights = ['playback'];
    const path = `/s/seg-${FAKE_FIRST_NUMBER - 1800}.m4s`;
    await (await get(path)).arrayBuffer();
    archive.removed = true;
    await (await get(path)).arrayBuffer();
    // The answer is there before the server is told that it ended.
    while (!(await metrics.text()).includes('weir_http_segment_bytes_in_flight 0'))
      await new Promise((resolve) => void setImmediate(resolve));
  });

  it('says so where retention has taken a segment away', async () => {
    rights = ['playback'];
    archive.removed = true;
    const answer = await get(`/s/seg-${FAKE_FIRST_NUMBER - 1800}.m4s`);
    assert.equal(answer.status, 404);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(((await answer.json()) as Problem).code, 'segment-gone');
  });

  it('serves the archive, also of a stream that is no longer configured', async () => {
    for (const name of ['s', 'former']) {
      const index = await get(`/${name}/archive-${HOUR_AGO / 1000}-60.m3u8`);
      assert.equal(index.headers.get('cache-control'), 'max-age=10');
      const [list = ''] = /^archive-.*$/m.exec(await index.text()) ?? [];
      const media = await (await get(`/${name}/${list}`)).text();
      assert.match(media, /#EXT-X-ENDLIST/);
      if (name === 's') continue;
      const [segment = ''] = /^seg-.*$/m.exec(media) ?? [];
      assert.equal((await get(`/${name}/${segment}`)).status, 200);
    }
  });

  it('compresses a long list for who can take it', async () => {
    archive.segmentsOf = Array.from({ length: 100 }, (_, i) =>
      fakeSegment({ index: i, startUtcMs: HOUR_AGO + 2000 * i }),
    );
    const path = `/s/archive-${HOUR_AGO / 1000}-3600-media.m3u8`;
    const plain = await get(path);
    const small = await get(path, { 'accept-encoding': 'br, gzip' });
    assert.equal(small.headers.get('content-encoding'), 'gzip');
    assert.equal(await small.text(), await plain.text());
    assert.notEqual(small.headers.get('etag'), plain.headers.get('etag'));
    assert.equal(small.headers.get('vary'), 'accept-encoding');
    assert.equal((await get(path, { 'accept-encoding': 'gzip;q=0' })).headers.get('content-encoding'), null);
    assert.equal(
      (await get(path, { 'accept-encoding': 'gzip', 'if-none-match': small.headers.get('etag') ?? '' })).status,
      304,
    );
  });

  it('serves a live still that says when it was taken', async () => {
    const still = await get('/s/preview.jpg?width=320');
    assert.equal(still.status, 200);
    assert.equal(still.headers.get('content-type'), 'image/jpeg');
    assert.equal(still.headers.get('x-frame-time'), '2026-01-01T10:00:08.766Z');
    assert.equal(still.headers.get('x-frame-age'), '1.234');
    assert.equal(still.headers.get('last-modified'), 'Thu, 01 Jan 2026 10:00:08 GMT');
    assert.equal(still.headers.get('cache-control'), 'max-age=1');
    assert.deepEqual(new Uint8Array(await still.arrayBuffer()), JPEG.bytes);
    assert.equal(
      (await get('/s/preview.jpg?width=320', { 'if-none-match': still.headers.get('etag') ?? '' })).status,
      304,
    );
    const wrapped = await get('/s/preview.mp4', { range: 'bytes=4-7' });
    assert.equal(wrapped.status, 206);
    assert.equal(await wrapped.text(), 'ftyp');
  });

  it('serves a recorded still under all its names', async () => {
    const seconds = HOUR_AGO / 1000;
    for (const name of [`${seconds + 1}.jpg`, '20260101T090001Z.jpg', `${seconds + 1.5}-preview.jpg`]) {
      const still = await get(`/s/${name}`);
      assert.equal(still.status, 200, name);
      assert.equal(still.headers.get('x-frame-time'), '2026-01-01T09:00:00.000Z');
      assert.equal(still.headers.get('cache-control'), 'max-age=31536000, immutable');
    }
    assert.equal((await get(`/s/${seconds}-preview.mp4`)).headers.get('content-type'), 'video/mp4');
  });

  it('lists spans and gaps in whole seconds, and exactly', async () => {
    const status = await get('/s/recording_status.json?to=now');
    assert.equal(status.headers.get('content-type'), 'application/json');
    const from = HOUR_AGO / 1000;
    assert.deepEqual(await status.json(), [
      {
        stream: 's',
        ranges: [{ from, duration: 6, opened_at: HOUR_AGO, closed_at: HOUR_AGO + 6000 }],
        gaps: [
          {
            from: from + 6,
            duration: 3604,
            opened_at: HOUR_AGO + 6000,
            closed_at: clock.utcMs(),
            reason: 'source-offline',
            open: true,
          },
        ],
      },
    ]);
    const [clipped] = await statusOf(`from=${from + 1.5}&to=${from + 3}`);
    assert.deepEqual(clipped?.ranges, [
      { from: from + 1, duration: 2, opened_at: HOUR_AGO + 1500, closed_at: HOUR_AGO + 3000 },
    ]);
    assert.deepEqual((await statusOf('from=20&to=10'))[0]?.ranges, []);
  });

  it('gives who may only play back nothing that is only live', async () => {
    rights = ['playback'];
    assert.equal((await get(`/s/seg-${FAKE_FIRST_NUMBER}.m4s`)).status, 404);
    assert.equal((await get(`/s/seg-${FAKE_FIRST_NUMBER - 1800}.m4s`)).status, 200);
  });

  const PROBLEMS: readonly {
    readonly path: string;
    readonly status: number;
    readonly code: string;
    readonly prepare?: () => void;
  }[] = [
    { path: '/unknown/index.m3u8', status: 404, code: 'stream-unknown' },
    { path: '/unknown/preview.jpg', status: 404, code: 'stream-unknown' },
    { path: '/s/seg-7.m4s', status: 404, code: 'segment-gone' },
    { path: '/s/init-00.mp4', status: 404, code: 'segment-gone' },
    { path: '/s/media-9.m3u8', status: 404, code: 'list-outdated' },
    { path: '/s/archive-1000-60.m3u8', status: 404, code: 'not-recorded' },
    { path: '/s/1000.jpg', status: 404, code: 'not-recorded' },
    { path: '/s/preview.jpg?width=big', status: 400, code: 'request-malformed' },
    { path: '/s/preview.jpg?width=0', status: 400, code: 'request-malformed' },
    { path: '/s/recording_status.json?from=yesterday', status: 400, code: 'time-invalid' },
    { path: '/s/index.m3u8', status: 503, code: 'stream-offline', prepare: () => stream.become({ state: 'down' }) },
    { path: '/s/preview.jpg', status: 503, code: 'stream-offline', prepare: () => stream.become({ state: 'down' }) },
  ];
  for (const { path, status, code, prepare } of PROBLEMS) {
    it(`answers ${path} with ${status} ${code}`, async () => {
      prepare?.();
      const answer = await get(path);
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
      assert.equal(((await answer.json()) as Problem).code, code);
      assert.equal(answer.headers.get('retry-after') !== null, status === 503);
    });
  }

  it('says how old the picture is that it does not show', async () => {
    stream.become({ state: 'down' });
    const answer = await get('/s/preview.jpg');
    assert.equal(answer.headers.get('x-frame-age'), '1.234');
    assert.equal(answer.headers.get('x-frame-time'), '2026-01-01T10:00:08.766Z');
    await answer.body?.cancel();
  });

  it('says what is recorded nearest to where nothing is', async () => {
    const answer = await get(`/s/archive-${HOUR_AGO / 1000 + 60}-60.m3u8`);
    const { nearest } = (await answer.json()) as Problem;
    assert.deepEqual(nearest, { before: '2026-01-01T09:00:05.999Z' });
  });

  it('stops waiting when the client leaves', async () => {
    stream.timeline.set([]);
    const left = new AbortController();
    const answer = fetch(`${base}/s/index.m3u8`, { signal: left.signal });
    while (stream.timeline.waiting === 0) await new Promise((resolve) => void setImmediate(resolve));
    left.abort();
    await assert.rejects(answer);
    while (stream.timeline.waiting > 0) await new Promise((resolve) => void setImmediate(resolve));
  });
});

function wholeOf(index: number): Buffer {
  return Buffer.concat(fakeSegment({ index }).fragments.map(({ bytes }) => bytes));
}
