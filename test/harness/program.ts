/** Runs one of the peers, bounded in time, and gives back what it said. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function runProgram(
  program: string,
  words: readonly string[],
  timeoutMs = 60_000,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  const bounds = { timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env, ...bounds });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

/** Runs a program that has to succeed; returns its standard output. */
export async function mustRun(program: string, words: readonly string[], timeoutMs?: number): Promise<string> {
  const ended = await runProgram(program, words, timeoutMs);
  assert.equal(ended.code, 0, `${program} ${words.join(' ')} ended with ${ended.code}:\n${ended.stderr.slice(-3000)}`);
  return ended.stdout;
}

/** Runs a program that has to succeed; returns the bytes of its standard output. */
export async function runBinary(program: string, words: readonly string[]): Promise<Buffer> {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000, killSignal: 'SIGKILL' });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, `${program} ${words.join(' ')} ended with ${code}`);
  return Buffer.concat(pieces);
}

/** A program that runs beside the test and ends with it. */
export class Background {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #closed: Promise<unknown>;

  constructor(context: TestContext, program: string, words: readonly string[], env?: NodeJS.ProcessEnv) {
    this.child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], env: env ?? process.env });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#closed = once(this.child, 'close');
    context.after(() => this.end('SIGKILL'));
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits until its standard output matches. */
  async line(pattern: RegExp, withinMs: number): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(withinMs);
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      assert.ok(this.running && this.child.stdout !== null, `ended without saying ${pattern}:\n${this.stderr}`);
      await once(this.child.stdout, 'data', { signal });
    }
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.running) this.child.kill(signal);
    await this.#closed;
    return this.child.exitCode;
  }

  async exit(): Promise<number | null> {
    await this.#closed;
    return this.child.exitCode;
  }
}
