/** Started without anything, started wrongly, and stopped. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { peerTest } from '../harness/peers.ts';
import { mustRun, runProgram } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const WEIR = path.join(CHECKOUT, 'bin/weir');

test('without a configuration demo runs, and what is printed is true', async (context) => {
  const folder = temporary(context);
  const child = spawn(WEIR, [], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, WEIR_RTSP_LISTEN: '127.0.0.1:0', WEIR_HTTP_LISTEN: '127.0.0.1:0', WEIR_DATA: folder },
  });
  context.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.resume();
  while (!/camera/.test(said)) await once(child.stdout, 'data', { signal: AbortSignal.timeout(20_000) });
  const urls = said.match(/http:\/\/\S+/g) ?? [];
  assert.ok(
    urls.some((url) => url.endsWith('/demo/index.m3u8')),
    said,
  );
  assert.ok(
    urls.some((url) => url.endsWith('/demo/preview.jpg')),
    said,
  );
  assert.match(said, /rtsp:\/\/127\.0\.0\.1:\d+\/demo/);
  for (const url of urls) {
    // 501: no decoder on this machine, said so and not faked.
    const { status } = await untilAnswered(url);
    assert.ok(status === 200 || (status === 501 && url.endsWith('.jpg')), `${url}: ${status}`);
  }
  const exit = once(child, 'exit', { signal: AbortSignal.timeout(10_000) });
  child.kill('SIGINT');
  const [code] = (await exit) as [number | null];
  assert.equal(code, 0);
});

test('a signal ends it at once, also past what still stands, and the last line says so', async (context) => {
  const stands = "import { isMainThread } from 'node:worker_threads'; if (isMainThread) setInterval(() => {}, 1000);";
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(stands)}` };
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: test-pattern, record: true } }\n', { env });
  await weir.untilState('cam', 'live');
  assert.equal(await weir.stop(), 0);
  const { msg, ms } = await weir.until(() => weir.log.find((line) => line.msg === 'stopped'), 'the last line');
  assert.deepEqual([msg, weir.log.at(-1)?.msg], ['stopped', 'stopped']);
  // It takes a twentieth of that where nothing else runs.
  assert.ok(typeof ms === 'number' && ms < 1000, `${String(ms)} ms`);
});

peerTest('what is recorded at Ctrl-C is whole: the file ends, with its length', ['ffprobe'], async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: test-pattern, record: true } }\n');
  await weir.until(
    async () => (await weir.streamStatus('cam')).recording.recordedUpTo !== null,
    'something to be recorded',
  );
  const recordedMs = await weir.until(async () => {
    const [status] =
      await weir.json<
        readonly { readonly ranges: readonly { readonly opened_at: number; readonly closed_at: number }[] }[]
      >('/cam/recording_status.json');
    const range = status?.ranges[0];
    return range !== undefined && range.closed_at - range.opened_at > 3_000 && range.closed_at - range.opened_at;
  }, 'three recorded seconds');
  assert.equal(await weir.stop(), 0);
  const files = (await mustRun('find', [path.join(weir.folder, 'data/recordings'), '-name', '*.mp4']))
    .trim()
    .split('\n');
  assert.equal(files.length, 1);
  const seconds = Number(
    await mustRun('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', files[0] ?? '']),
  );
  assert.ok(
    seconds >= recordedMs / 1000 - 0.05 && seconds < 60,
    `the file says ${seconds} s, recorded were ${recordedMs} ms`,
  );
});

test('where node_modules cannot be written, compiled code is not taken from a folder that others can fill', async (context) => {
  const folder = temporary(context);
  for (const each of ['bin', 'src']) cpSync(path.join(CHECKOUT, each), path.join(folder, each), { recursive: true });
  for (const each of ['node_modules', 'shared']) mkdirSync(path.join(folder, each));
  for (const each of readdirSync(path.join(CHECKOUT, 'node_modules')))
    if (each !== '.cache')
      symlinkSync(path.join(CHECKOUT, 'node_modules', each), path.join(folder, 'node_modules', each));
  symlinkSync(path.join(CHECKOUT, 'package.json'), path.join(folder, 'package.json'));
  // Nothing can be made below a file, whoever tries.
  writeFileSync(path.join(folder, 'node_modules/.cache'), '');
  const shared = path.join(folder, 'shared');
  const bare = ['-u', 'NODE_COMPILE_CACHE', `TMPDIR=${shared}`];
  // As root bin/weir thinks that it may write.
  for (const start of [[path.join(folder, 'bin/weir')], [process.execPath, path.join(folder, 'src/main.ts')]])
    await mustRun('env', [...bare, ...start, '--version']);
  assert.deepEqual(readdirSync(shared), []);
});

const WRONG: readonly { readonly name: string; readonly config: string; readonly says: RegExp }[] = [
  { name: 'an unknown key', config: 'streams:\n  cam: { sauce: publish }\n', says: /sauce.*weir\.yml:\d+/s },
  { name: 'half a file', config: 'streams:\n  cam: { source: publish\n', says: /weir\.yml:\d+/ },
  { name: 'a wrong URL', config: 'streams:\n  cam: { source: "rtsp//nowhere" }\n', says: /source.*rtsp:\/\//s },
  { name: 'an address for all without access', config: 'http: { listen: "0.0.0.0:0" }\n', says: /access/ },
];

for (const { name, config, says } of WRONG) {
  test(`${name} is refused with its place, exit 2`, async (context) => {
    const folder = temporary(context);
    const file = path.join(folder, 'weir.yml');
    writeFileSync(file, config);
    const ended = await runProgram(WEIR, ['--config', file], 20_000);
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, says);
  });
}

test('a port in use is named, exit 1', async (context) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  context.after(() => holder.close());
  const address = holder.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const folder = temporary(context);
  const file = path.join(folder, 'weir.yml');
  writeFileSync(
    file,
    `data: ./data\nrtsp: { listen: '127.0.0.1:${port}' }\nhttp: { listen: '127.0.0.1:0' }\nstreams: {}\n`,
  );
  const ended = await runProgram(WEIR, ['--config', file], 20_000);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /port-in-use/);
  assert.match(ended.stderr, new RegExp(String(port)));
});

test('a bad edit is refused while it runs, a good one is taken up', async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { a: { source: test-pattern } }\n');
  await weir.untilState('a', 'live');
  weir.configure('streams: { a: { source: test-pattern }, b: {\n');
  await weir.until(() => weir.log.some((line) => line['code'] === 'config-syntax'), 'the refusal in the log');
  assert.equal((await weir.streamStatus('a')).state, 'live');
  weir.configure('streams: { a: { source: test-pattern }, b: { source: test-pattern } }\n');
  await weir.until(async () => (await weir.fetch('/api/v1/streams/b')).ok, 'the new stream');
  await weir.untilState('b', 'live');
  assert.equal((await weir.streamStatus('a')).state, 'live');
});

function temporary(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-first-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The first answer that is not "in a moment". */
async function untilAnswered(url: string): Promise<Response> {
  const end = performance.now() + 15_000;
  for (;;) {
    const response = await fetch(url);
    await response.arrayBuffer();
    if ((response.status !== 503 && response.status !== 404) || performance.now() > end) return response;
    await pause(100);
  }
}
