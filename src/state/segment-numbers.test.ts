import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { recordingLog } from './recording-log.table.ts';
import { BLOCK_NUMBERS, SegmentNumberStore } from './segment-numbers.ts';
import { openStateDatabase } from './state-database.ts';

const T0 = Date.UTC(2026, 0, 1, 10);

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-numbers-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function storeIn(folder: string, clock = new ManualClock(T0)) {
  const { log } = recordingLog();
  const database = await openStateDatabase(folder, log);
  return { database, store: new SegmentNumberStore({ database, clock, log }) };
}

test('a stream starts at the Unix second of its creation and counts without a hole', () =>
  withFolder(async (folder) => {
    const { database, store } = await storeIn(folder);
    const counter = await store.open('lobby');
    const taken: (number | undefined)[] = [];
    for (let i = 0; i < 3 * BLOCK_NUMBERS; i++) {
      taken.push(counter.take());
      await counter.reserved();
    }
    assert.deepEqual(
      taken,
      taken.map((_, index) => T0 / 1000 + index),
    );
    await counter.close();
    await database.close();
  }));

test('goes on with the next number after a clean end, behind the block after an unclean one', () =>
  withFolder(async (folder) => {
    const first = await storeIn(folder);
    const clean = await first.store.open('lobby');
    const unclean = await first.store.open('yard');
    assert.equal(clean.take(), T0 / 1000);
    assert.equal(unclean.take(), T0 / 1000);
    await clean.close();
    await clean.close();
    await first.database.close();

    const second = await storeIn(folder, new ManualClock(T0 + 86_400_000));
    assert.equal((await second.store.open('lobby')).take(), T0 / 1000 + 1);
    assert.equal((await second.store.open('yard')).take(), T0 / 1000 + BLOCK_NUMBERS);
    await second.database.close();
  }));

test('gives no number while none is reserved', () =>
  withFolder(async (folder) => {
    const { database, store } = await storeIn(folder);
    const counter = await store.open('lobby');
    const taken = Array.from({ length: BLOCK_NUMBERS + 1 }, () => counter.take());
    assert.equal(taken.at(-2), T0 / 1000 + BLOCK_NUMBERS - 1);
    assert.equal(taken.at(-1), undefined);
    await counter.reserved();
    assert.equal(counter.take(), T0 / 1000 + BLOCK_NUMBERS);
    await counter.close();
    assert.equal(counter.take(), undefined);
    await database.close();
  }));

test('a stream that is closed can be opened again at once, and keeps its generation', () =>
  withFolder(async (folder) => {
    const { database, store } = await storeIn(folder);
    const counter = await store.open('lobby');
    assert.equal(counter.generation, undefined);
    counter.saveGeneration({ number: 4, targetDurationS: 3 });
    counter.take();
    void counter.close();
    const again = await store.open('lobby');
    assert.equal(again.take(), T0 / 1000 + 1);
    assert.deepEqual(again.generation, { number: 4, targetDurationS: 3 });
    await again.close();
    await database.close();
  }));
