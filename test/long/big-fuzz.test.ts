/** The damage of the unit run, in ten million payloads and from another seed each time. */
import path from 'node:path';
import { test } from 'node:test';
import { mustRun } from '../harness/program.ts';
import { newSeed } from '../harness/seeded-random.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const PAYLOADS = 10_000_000;
const LONGEST_MS = 15 * 60_000;

test('ten million damaged payloads over all codecs', async (context) => {
  const seed = newSeed();
  context.diagnostic(`WEIR_SEED=${seed}`);
  const settings = [`WEIR_SEED=${seed}`, `WEIR_FUZZ_ROUNDS=${PAYLOADS}`];
  const suite = path.join(ROOT, 'src/core/codec/mutation.test.ts');
  await mustRun('env', ['-u', 'NODE_TEST_CONTEXT', ...settings, process.execPath, suite], LONGEST_MS);
});
