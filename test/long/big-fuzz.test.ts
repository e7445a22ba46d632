/**
 * The fuzzing of the unit run, a hundred times as much and from another seed each time: ten million damaged payloads, heads, headers, descriptions, packets and
 * requests in all. Those that fail say WEIR_SEED and the round.
 */
import path from 'node:path';
import { test } from 'node:test';
import { mustRun } from '../harness/program.ts';
import { newSeed } from '../harness/seeded-random.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const LONGEST_MS = 10 * 60_000;

/** Each in a process of its own. Inputs of dialogues are requests and answers, a few dozen a dialogue. */
const SUITES: readonly { readonly file: string; readonly rounds: number }[] = [
  { file: 'src/core/codec/mutation.test.ts', rounds: 6_000_000 },
  { file: 'src/core/parsers.fuzz.test.ts', rounds: 3_500_000 },
  { file: 'src/core/rtsp/server/connection.fuzz.test.ts', rounds: 2_000_000 },
  { file: 'src/core/rtsp/client/dialogue.fuzz.test.ts', rounds: 2_000_000 },
  { file: 'src/stream/media.fuzz.test.ts', rounds: 3_000_000 },
  { file: 'src/servers/rtsp/wild-peers.fuzz.test.ts', rounds: 5_000_000 },
  { file: 'src/core/long-runs.test.ts', rounds: 2_000_000 },
];

for (const { file, rounds } of SUITES) {
  test(`${file}, ${rounds} rounds`, async (context) => {
    const seed = newSeed();
    context.diagnostic(`WEIR_SEED=${seed}`);
    const settings = [`WEIR_SEED=${seed}`, `WEIR_FUZZ_ROUNDS=${rounds}`];
    const words = ['-u', 'NODE_TEST_CONTEXT', ...settings, process.execPath, path.join(ROOT, file)];
    await mustRun('env', words, LONGEST_MS);
  });
}
