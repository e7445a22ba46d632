/**
 * Runs the tests: `node test/run.ts [unit | fuzz | e2e | long]`, without a word unit, fuzz and e2e.
 *
 *   unit   beside the code and in test/house: no peers, two processes for all (test/unit)
 *   fuzz   test/fuzz: 100,000 damaged inputs for each parser and depacketizer, and nothing grows
 *   e2e    test/e2e: real peers, a process a file
 *   long   test/long: crash rounds, big fuzz, clean clone, the compatibility matrix
 *
 * Ends with the tests that did not run because a peer is not installed (with CI=true those fail), and one line of figures.
 */
import { globSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

interface Suite {
  readonly name: string;
  readonly files: readonly string[];
  /** Of one file, and of one test, so that a hang has a name. */
  readonly timeoutMs: number;
  readonly testTimeoutMs?: number;
}

const SUITES: Readonly<Record<string, Suite>> = {
  unit: { name: 'unit', files: ['test/unit/*.test.ts'], timeoutMs: 120_000, testTimeoutMs: 20_000 },
  fuzz: { name: 'fuzz', files: ['test/fuzz/*.test.ts'], timeoutMs: 240_000 },
  e2e: { name: 'e2e', files: ['test/e2e/*.test.ts'], timeoutMs: 120_000 },
  long: { name: 'long', files: ['test/long/*.test.ts'], timeoutMs: 1_500_000 },
};

const counts = { passed: 0, failed: 0, skipped: 0 };
const notRun: string[] = [];

const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? ['unit', 'fuzz', 'e2e'] : wanted) {
  const suite = SUITES[name];
  if (suite === undefined) {
    console.error(`There is no suite ${name}: expected one of ${Object.keys(SUITES).join(', ')}.`);
    process.exit(2);
  }
  await runSuite(suite);
}

if (notRun.length > 0) {
  console.log('\nNot run, because a peer is not installed (test/install-peers installs them on Debian):');
  for (const line of notRun) console.log(`  ${line}`);
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);

async function runSuite(suite: Suite): Promise<void> {
  const files = suite.files.flatMap((pattern) => globSync(pattern)).sort();
  if (files.length === 0) {
    console.error(`The suite ${suite.name} has no files.`);
    counts.failed++;
    return;
  }
  console.log(`\n── ${suite.name}: ${files.length} files`);
  const execArgv = suite.testTimeoutMs === undefined ? [] : [`--test-timeout=${suite.testTimeoutMs}`];
  const events = run({ files, isolation: 'process', concurrency: 2, timeout: suite.timeoutMs, execArgv });
  events.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (event.skip === undefined) counts.passed++;
    else {
      counts.skipped++;
      notRun.push(`${event.name}: ${String(event.skip)}`);
    }
  });
  events.on('test:fail', (event) => {
    if (event.details.type !== 'suite') counts.failed++;
  });
  for await (const line of events.compose(spec)) process.stdout.write(String(line));
}
