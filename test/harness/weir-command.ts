/** bin/weir with a command of the command line. */
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Background, type Ended, runProgram } from './program.ts';

const WEIR = path.resolve(import.meta.dirname, '../../bin/weir');

export function weirCommand(words: readonly string[], timeoutMs = 40_000): Promise<Ended> {
  return runProgram(WEIR, words, timeoutMs);
}

/** One that runs beside the test. */
export function weirBackground(context: TestContext, words: readonly string[]): Background {
  return new Background(context, WEIR, words);
}
