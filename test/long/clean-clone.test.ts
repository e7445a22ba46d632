/**
 * A newcomer's machine: a clean clone, an empty npm cache, Node ≥ 20 with its npm, git and a shell, and no peer. Both commands of the
 * README have to work there.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { mustRun } from '../harness/program.ts';

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
/** What a bare system has: POSIX tools that npm, git, bin/weir and tests call. */
const BARE_PROGRAMS = [
  'sh',
  'mkfifo',
  'env',
  'git',
  'uname',
  'dirname',
  'readlink',
  'sed',
  'basename',
  'cat',
  'ls',
  'nproc',
  'getconf',
];

test('npm ci, npm test and npm start from a clean clone on a bare machine', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-clone-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const clone = path.join(folder, 'weir');
  await mustRun('git', ['clone', '--quiet', '--no-hardlinks', CHECKOUT, clone]);
  const env = bareEnvironment(folder);
  const npm = (words: readonly string[], timeoutMs: number): Promise<string> =>
    runIn(clone, env, 'npm', words, timeoutMs);

  await npm(['ci'], 300_000);
  assert.ok(existsSync(path.join(clone, 'node_modules/.bin/node')), 'the pinned Node came with npm ci');

  const tested = await npm(['test'], 600_000);
  assert.match(tested, /\d+ passed, 0 failed, \d+ skipped\s*$/);
  assert.match(tested, /Not run, because a peer is not installed/);

  await startsAndEnds(clone, env, 120_000); // builds the page
  const upMs = await startsAndEnds(clone, env, 20_000);
  context.diagnostic(`second npm start listened after ${Math.round(upMs)} ms`);
});

/** `npm start` without any configuration: the page, the demo over HLS, and a clean end. Returns the time until it said that it is up. */
async function startsAndEnds(clone: string, env: NodeJS.ProcessEnv, withinMs: number): Promise<number> {
  const from = performance.now();
  const child = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let said = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  try {
    const until = async <T>(ask: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> => {
      for (;;) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        assert.ok(child.exitCode === null && performance.now() - from < withinMs, `no ${what}:\n${said}\n${errors}`);
        await pause(20);
      }
    };
    const page = await until(() => /http:\/\/[^\s/]+\//.exec(said)?.[0], 'address of the page in what it prints');
    const upMs = performance.now() - from;
    assert.match(said, /rtsp:\/\/\S+\/demo/);
    assert.match(await (await fetch(page)).text(), /<title>weir<\/title>/);
    await until(async () => ((await fetch(`${page}demo/index.m3u8`)).ok ? true : undefined), 'HLS of demo');
    const exit = once(child, 'exit');
    process.kill(-(child.pid ?? assert.fail('npm has no pid')), 'SIGINT'); // Ctrl-C reaches the whole group
    const [code, signal] = (await exit) as [number | null, string | null];
    assert.ok(code === 0 || code === 130 || signal === 'SIGINT', `npm start ended with ${code} ${signal}:\n${errors}`);
    return upMs;
  } finally {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      process.kill(-child.pid, 'SIGKILL');
  }
}

/** A PATH with the machine's own Node and npm and little else, so that no peer is found; no CI, so that their tests are listed as not run. */
function bareEnvironment(folder: string): NodeJS.ProcessEnv {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  const outside = (process.env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules'));
  const find = (program: string): string | undefined =>
    outside.map((entry) => path.join(entry, program)).find((file) => existsSync(file));
  for (const program of BARE_PROGRAMS) {
    const file = find(program);
    if (file !== undefined) symlinkSync(file, path.join(bin, program));
  }
  const node = find('node') ?? assert.fail('no node outside the checkout');
  symlinkSync(realpathSync(node), path.join(bin, 'node'));
  const npm = find('npm') ?? assert.fail('no npm outside the checkout');
  symlinkSync(isLink(npm) ? realpathSync(npm) : npm, path.join(bin, 'npm'));
  const kept = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CI|NODE_OPTIONS|NODE_TEST_CONTEXT|npm_.*)$/i.test(name)),
  );
  return { ...kept, PATH: bin, npm_config_cache: path.join(folder, 'npm-cache'), npm_config_update_notifier: 'false' };
}

function isLink(file: string): boolean {
  try {
    readlinkSync(file);
    return true;
  } catch {
    return false;
  }
}

async function runIn(
  cwd: string,
  env: NodeJS.ProcessEnv,
  program: string,
  words: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const child = spawn(program, words, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, `${program} ${words.join(' ')} ended with ${code}:\n${failures(said)}\n${errors.slice(-4000)}`);
  return said;
}

/** The tests that failed, which may stand long before the end, and the end. */
function failures(said: string): string {
  const at = said.indexOf('failing tests:');
  return at < 0 ? said.slice(-4000) : `${said.slice(at, at + 4000)}\n…\n${said.slice(-1000)}`;
}
