/** A child process whose CPU and memory a benchmark reads, and a weir as one. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** USER_HZ: /proc counts CPU in these, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export class MeasuredProcess {
  readonly child: ChildProcess;
  readonly #pid: number;

  constructor(child: ChildProcess) {
    this.child = child;
    assert.ok(child.pid !== undefined, 'the process did not start');
    this.#pid = child.pid;
  }

  /** Another script of this folder. */
  static start(script: string, ...words: readonly string[]): MeasuredProcess {
    return new MeasuredProcess(fork(path.join(import.meta.dirname, script), words));
  }

  /** User and system time of all its threads so far, in microseconds. */
  cpuUs(): number {
    const fields = readFileSync(`/proc/${this.#pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND;
  }

  /** Resident memory, in bytes. */
  rssBytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  }

  /** The next message that is not 'lost'; a lost reader is an error. */
  async said(): Promise<unknown> {
    const [message] = (await once(this.child, 'message')) as [unknown];
    assert.notEqual(message, 'lost', 'a reader lost its connection');
    return message;
  }

  async ask(): Promise<number> {
    this.child.send('total');
    return Number(await this.said());
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exit;
  }
}

/** What all cores of the machine have done so far, idling and waiting left out, in microseconds. */
export function machineCpuUs(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  )
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return ((user + nice + system + irq + softIrq) * 1e6) / TICKS_PER_SECOND;
}

/** bin/weir in a folder of its own; `config` is YAML below addresses and data folder. Ends with `end`, which removes the folder. */
export async function startWeir(
  config: string,
): Promise<{ process: MeasuredProcess; rtsp: string; http: string; end: () => Promise<void> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-bench-'));
  const file = path.join(folder, 'weir.yml');
  writeFileSync(
    file,
    `data: ./data\nrtsp: { listen: '127.0.0.1:0', udpPort: 0 }\nhttp: { listen: '127.0.0.1:0' }\n${config}`,
  );
  const child = spawn(path.resolve(import.meta.dirname, '../../bin/weir'), ['--config', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const measured = new MeasuredProcess(child);
  const lines = createInterface({ input: child.stderr });
  for await (const line of lines) {
    if (!line.includes('"listening"')) continue;
    const said = JSON.parse(line) as { readonly rtsp: string; readonly http: string };
    child.stderr.resume();
    const end = async (): Promise<void> => {
      await measured.end();
      rmSync(folder, { recursive: true, force: true });
    };
    return { process: measured, rtsp: `rtsp://${said.rtsp}`, http: `http://${said.http}`, end };
  }
  assert.fail('weir ended before it listened');
}
