/** What tests of recording share: recordings over a disk of memory and a clock that the test turns, and how to wait for them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settled } from '../../test/harness/settled.ts';
import { ManualClock } from '../base/manual-clock.ts';
import type { KeepSettings } from '../config/settings.ts';
import { recordingLog, type LogLine } from '../state/recording-log.table.ts';
import { State } from '../state/state.ts';
import { Dvr } from './dvr.ts';
import type { FakeStream } from './fake-stream.ts';
import { MemoryStorage } from './storage/memory-storage.table.ts';

export const T0 = Date.UTC(2026, 0, 1, 10);
export class House implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-dvr-'));
  readonly clock = new ManualClock(T0);
  lines: LogLine[] = [];
  storage = new MemoryStorage();
  readonly other = new MemoryStorage('other');
  keep: KeepSettings = { ageMs: undefined, bytes: undefined, free: undefined };
  #state: State | undefined;
  #dvr: Dvr | undefined;

  get state(): State {
    assert.ok(this.#state);
    return this.#state;
  }

  get dvr(): Dvr {
    assert.ok(this.#dvr);
    return this.#dvr;
  }

  async open(storage = this.storage): Promise<Dvr> {
    this.storage = storage;
    const { log, lines } = recordingLog();
    this.lines = lines;
    this.#state = await State.open({ dataFolder: this.folder, clock: this.clock, log });
    this.#dvr = await Dvr.open({
      state: this.#state,
      storages: new Map(
        ['main', 'other'].map((name) => [name, { name, path: '/nowhere', keep: this.keep, syncMs: 10_000 }]),
      ),
      keepOf: () => undefined,
      clock: this.clock,
      log,
      openStorage: ({ name }) => (name === 'main' ? storage : this.other),
    });
    return this.#dvr;
  }

  async close(): Promise<void> {
    await this.#dvr?.close();
    await this.#state?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** Resolves when everything that was given is written and committed. */
export function recordedAll(dvr: Dvr, stream: FakeStream): Promise<void> {
  const last = stream.given.at(-1);
  assert.ok(last);
  const end = last.entry.startUtcMs + last.entry.durationMs;
  return settled(() => Math.abs((dvr.status(stream.name).recordedUpToUtcMs ?? 0) - end) < 1);
}

export async function assertArchived(dvr: Dvr, stream: FakeStream, given = stream.given): Promise<void> {
  const entries = await dvr.archive.segments(stream.name, 0, 1e14, 1000);
  assert.deepEqual(
    entries.map((entry) => [
      entry.number,
      Math.round(entry.startUtcMs * 1000),
      Math.round(entry.durationMs * 1000),
      entry.bytes,
      entry.initHash,
    ]),
    given.map(({ entry }) => [
      entry.number,
      Math.round(entry.startUtcMs * 1000),
      Math.round(entry.durationMs * 1000),
      entry.bytes,
      entry.initHash,
    ]),
  );
  for (const segment of given) {
    const [bytes] = (await (await dvr.archive.segment(stream.name, segment.entry.number))?.read()) ?? [];
    assert.ok(
      bytes !== undefined && Buffer.compare(bytes, segment.bytes) === 0,
      `segment ${segment.entry.number} as it was muxed`,
    );
  }
}
