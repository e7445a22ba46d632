/**
 * The fuzzing of the test run from another seed each time, and more of it. Parsers and depacketizers (test/fuzz): 500,000 inputs each, with
 * WEIR_FUZZ_INPUTS=10000000 ten million each, which takes an hour. Dialogues and media: twenty to fifty times as much as in the unit run. What fails says WEIR_SEED
 * and the round.
 */
import path from 'node:path';
import { test } from 'node:test';
import { mustRun } from '../harness/program.ts';
import { newSeed } from '../harness/seeded-random.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const INPUTS = Number(process.env['WEIR_FUZZ_INPUTS'] ?? 500_000);
/** Ten times what all parsers take with that many inputs each. */
const LONGEST_MS = Math.max(10 * 60_000, INPUTS * 2.5);

/** Each in a process of its own. */
const SUITES: readonly { readonly file: string; readonly setting: string }[] = [
  { file: 'test/fuzz/parsers.test.ts', setting: `WEIR_FUZZ_INPUTS=${INPUTS}` },
  { file: 'test/fuzz/payloads.test.ts', setting: `WEIR_FUZZ_INPUTS=${INPUTS}` },
  { file: 'test/fuzz/growth.test.ts', setting: `WEIR_FUZZ_INPUTS=${INPUTS}` },
  // Inputs of dialogues are requests and answers, a few dozen a dialogue.
  { file: 'src/core/rtsp/server/connection.fuzz.test.ts', setting: 'WEIR_FUZZ_ROUNDS=2000000' },
  { file: 'src/core/rtsp/client/dialogue.fuzz.test.ts', setting: 'WEIR_FUZZ_ROUNDS=2000000' },
  { file: 'src/stream/media.fuzz.test.ts', setting: 'WEIR_FUZZ_ROUNDS=3000000' },
  { file: 'src/servers/rtsp/wild-peers.fuzz.test.ts', setting: 'WEIR_FUZZ_ROUNDS=5000000' },
  { file: 'src/sources/rtsp/wild-servers.fuzz.test.ts', setting: 'WEIR_FUZZ_ROUNDS=2000000' },
  { file: 'src/core/long-runs.test.ts', setting: 'WEIR_FUZZ_ROUNDS=2000000' },
];

for (const { file, setting } of SUITES) {
  test(`${file}, ${setting}`, { timeout: LONGEST_MS }, async (context) => {
    const seed = newSeed();
    context.diagnostic(`WEIR_SEED=${seed}`);
    const words = ['-u', 'NODE_TEST_CONTEXT', `WEIR_SEED=${seed}`, setting, process.execPath, path.join(ROOT, file)];
    await mustRun('env', words, LONGEST_MS);
  });
}
