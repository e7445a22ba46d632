/**
 * A weir of its own for one test: bin/weir in a child process, a fresh folder, ports that the system chose. Its log is kept and
 * shown when a wait runs out.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

const CHECKOUT = path.resolve(import.meta.dirname, '../..');
const START_MS = 20_000;
const STOP_MS = 10_000;
/** Between two looks at something that can only be asked for. */
const POLL_MS = 50;

/** Another way to start it than bin/weir of this checkout as everything is. */
export interface Launch {
  readonly checkout?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class RunningWeir {
  readonly folder: string;
  readonly log: LogLine[] = [];
  banner = '';
  rtsp = '';
  /** Of no use where `rtsp.tls` is not asked for. */
  rtsps = '';
  http = '';
  #child: ChildProcess | undefined;
  readonly #configFile: string;
  readonly #launch: Launch;

  private constructor(folder: string, launch: Launch) {
    this.folder = folder;
    this.#launch = launch;
    this.#configFile = path.join(folder, 'weir.yml');
  }

  /** Starts one; it ends with the test. `config` is YAML below the listen addresses and the data folder, which are given. */
  static async start(context: TestContext, config: string, launch: Launch = {}): Promise<RunningWeir> {
    const weir = new RunningWeir(mkdtempSync(path.join(tmpdir(), 'weir-test-')), launch);
    context.after(async () => {
      await weir.kill();
      rmSync(weir.folder, { recursive: true, force: true });
    });
    weir.configure(config);
    await weir.spawn();
    return weir;
  }

  /** Writes the configuration anew; a running weir takes it up. */
  configure(config: string): void {
    const head = `data: ./data\nrtsp: { listen: '127.0.0.1:0', udpPort: 0 }\nhttp: { listen: '127.0.0.1:0' }\n`;
    writeFileSync(this.#configFile, head + config);
  }

  /** Starts the process (again), and waits until it listens. */
  async spawn(): Promise<void> {
    const { checkout = CHECKOUT, env } = this.#launch;
    const child = spawn(path.join(checkout, 'bin/weir'), ['--config', this.#configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, WEIR_LOG_LEVEL: 'debug', ...env },
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.banner += text));
    createInterface({ input: child.stderr }).on('line', (line) => this.log.push(parseLine(line)));
    const from = this.log.length;
    const listening = await this.until(
      () => {
        assert.equal(child.exitCode, null, `weir ended with ${child.exitCode}:\n${this.logText()}`);
        return this.log.slice(from).find((line) => line.msg === 'listening');
      },
      'listening',
      START_MS,
    );
    this.rtsp = `rtsp://${String(listening['rtsp'])}`;
    this.rtsps = `rtsps://${typeof listening['rtsps'] === 'string' ? listening['rtsps'] : ''}`;
    this.http = `http://${String(listening['http'])}`;
  }

  get pid(): number {
    return this.#child?.pid ?? assert.fail('weir does not run');
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const exit = once(child, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
    child.kill('SIGTERM');
    await exit;
    return child.exitCode;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  fetch(url: string, init?: RequestInit): Promise<Response> {
    return fetch(this.http + url, init);
  }

  async json<T>(url: string): Promise<T> {
    const response = await this.fetch(url);
    assert.equal(
      response.status,
      200,
      `${url}: ${response.status} ${response.status === 200 ? '' : await response.text()}`,
    );
    return (await response.json()) as T;
  }

  async streamStatus(name: string): Promise<StreamReport['status']> {
    return (await this.json<StreamReport>(`/api/v1/streams/${encodeURIComponent(name)}`)).status;
  }

  /** Waits until the stream is in that state. */
  async untilState(name: string, state: string, withinMs = 30_000): Promise<void> {
    await this.until(async () => (await this.streamStatus(name)).state === state, `${name} to be ${state}`, withinMs);
  }

  /** The stream has never been away, and goes on. */
  async goesOn(name: string): Promise<void> {
    const before = (await this.streamStatus(name)).received.packets;
    await this.until(async () => {
      const { state, source, received } = await this.streamStatus(name);
      assert.ok(state === 'live' && source.attempts === 1, `${name} is ${state}, attempt ${source.attempts}`);
      return received.packets > before;
    }, `${name} to go on`);
  }

  /** Asks until the answer is neither false nor undefined. */
  async until<T>(
    ask: () => T | undefined | false | Promise<T | undefined | false>,
    what: string,
    withinMs = 30_000,
  ): Promise<T> {
    const end = performance.now() + withinMs;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      if (performance.now() > end)
        assert.fail(`waited ${withinMs} ms in vain for ${what}; the log ends:\n${this.logText()}`);
      await pause(POLL_MS);
    }
  }

  /** Waits for a line with these fields: the log comes by another way than answers do. */
  logged(fields: Readonly<Record<string, unknown>>): Promise<LogLine> {
    const has = (line: LogLine): boolean => Object.entries(fields).every(([name, value]) => line[name] === value);
    return this.until(() => this.log.find(has), `${JSON.stringify(fields)} in the log`);
  }

  logText(): string {
    return this.log
      .slice(-40)
      .map((line) => JSON.stringify(line))
      .join('\n');
  }
}

export interface StreamReport {
  readonly name: string;
  readonly status: {
    readonly state: string;
    readonly error: ErrorReport | null;
    readonly tracks: readonly {
      readonly encoding: string;
      readonly codecString?: string | null;
      readonly width?: number | null;
      readonly timeline?: boolean;
      readonly framesPerSecond?: number | null;
    }[];
    readonly source: {
      readonly attempts: number;
      readonly transport?: string;
      readonly faults: Readonly<Record<string, number>>;
    };
    readonly sources?: readonly {
      readonly label: string;
      readonly inUse: boolean;
      readonly error: ErrorReport | null;
    }[];
    readonly received: { readonly packets: number; readonly lost: number };
    readonly readers: Readonly<Record<string, number>>;
    readonly recording: {
      readonly active: boolean;
      readonly recordedUpTo: string | null;
      readonly error: ErrorReport | null;
    };
  };
}

interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line };
  }
}
