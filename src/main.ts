/**
 * The entry. It imports nothing before it knows that this Node can run the rest, and says so in a sentence if it cannot: bin/weir
 * brings the right one, but a service unit or a container may not.
 */
import module from 'node:module';
import { join } from 'node:path';

const OLDEST_MAJOR = 24;
const OLDEST_MINOR = 12;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST_MAJOR || (major === OLDEST_MAJOR && minor < OLDEST_MINOR)) {
  console.error(
    `weir: Node ${process.versions.node} is too old (node-too-old), ${OLDEST_MAJOR}.${OLDEST_MINOR} is the oldest that will do. ` +
      'Run npm ci and start with bin/weir or npm start: they bring the pinned Node.',
  );
  process.exit(1);
}

// Stripping the types of a megabyte takes 0.4 s, and what strips them 20 MB in each thread; the second start has it from the cache. Worker
// threads know of it by the variable only; bin/weir sets it earlier, for this file too. Where we may not write there is none: Node's own
// choice, a folder of that name in /tmp, is one that others can fill with code for us.
const { directory } = module.enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/weir'));
if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] ??= directory;

const { runCommandLine } = await import('./cli/run-command-line.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), process.env);
