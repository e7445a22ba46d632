/**
 * Builds the page on the first start, and after its sources changed. In a process of its own, so that the builder's memory is not the
 * server's; into a folder of its own, moved into place, so that several that start at once do not see half a page.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Log } from '../base/log.ts';
import { PAGE_FOLDER } from '../servers/http/page.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');
const SOURCES = ['web/index.html', 'web/vite.config.ts', 'web/src/**/*', 'package-lock.json'];
/** The builder takes a second; on a small board some more. */
const BUILD_MS_MAX = 120_000;

/** Resolves when the page is there, or cannot be: weir runs without it. */
export async function buildPage(log: Log): Promise<void> {
  if (!isStale()) return;
  log.info({}, 'building the page: once, it takes a moment');
  const work = join(CHECKOUT, 'node_modules', '.cache', `weir-page-${process.pid}`);
  const built = join(work, 'new');
  try {
    mkdirSync(work, { recursive: true });
    const fault = await runBuilder(built);
    if (fault === undefined) moveIntoPlace(built, join(work, 'old'));
    else log.warn({ reason: fault }, 'the page could not be built; everything else works');
  } catch (error) {
    log.warn({ error }, 'the page could not be built; everything else works');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function isStale(): boolean {
  const index = join(PAGE_FOLDER, 'index.html');
  if (!existsSync(index)) return true;
  const builtMs = statSync(index).mtimeMs;
  return globSync(SOURCES, { cwd: CHECKOUT }).some((source) => statSync(join(CHECKOUT, source)).mtimeMs > builtMs);
}

/** What went wrong, in the builder's words; undefined if nothing did. */
async function runBuilder(outDir: string): Promise<string | undefined> {
  const vite = join(CHECKOUT, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(vite)) return 'vite is not installed';
  const child = spawn(
    process.execPath,
    [vite, 'build', join(CHECKOUT, 'web'), '--outDir', outDir, '--logLevel', 'warn'],
    {
      cwd: CHECKOUT,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: BUILD_MS_MAX,
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < MAX_SAID) said += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 ? undefined : `${said.slice(0, MAX_SAID).trim()} (exit code ${code ?? 'none: it took too long'})`;
}

/** Characters of the builder's output kept for the log: it says what is wrong first. */
const MAX_SAID = 500;

function moveIntoPlace(built: string, old: string): void {
  try {
    renameSync(PAGE_FOLDER, old);
  } catch {
    // There was none, or another process is just doing the same.
  }
  renameSync(built, PAGE_FOLDER);
}
