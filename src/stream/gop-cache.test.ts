import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_ACCESS_UNIT_BYTES } from '../core/codec/codec.ts';
import { GOP_CACHE_BATCHES_MAX, GopCache } from './gop-cache.ts';
import type { Batch } from './batch.ts';

const RATE = 1000;
const VIDEO = 0;
const AUDIO = 1;

function batch(track: number, ticks: number, wanted: Partial<Batch> = {}): Batch {
  return {
    track,
    buffer: Buffer.alloc(100),
    packets: 1,
    arrivalMs: ticks,
    arrivalUtcMs: ticks,
    ticks,
    key: false,
    lostBefore: 0,
    frameEnd: true,
    ...wanted,
  };
}

function cache(bytesMax?: number): GopCache {
  const options = { mainTrack: VIDEO, mainClockRate: RATE, everyFrameKey: false };
  return new GopCache(bytesMax === undefined ? options : { ...options, bytesMax });
}

/** A GOP every `gopMs`, a frame every 100 ms, audio between. */
function fill(gops: GopCache, fromMs: number, toMs: number, gopMs: number): void {
  for (let ms = fromMs; ms < toMs; ms += 100) {
    gops.push(batch(VIDEO, ms, { key: ms % gopMs === 0 }));
    gops.push(batch(AUDIO, ms + 50));
  }
}

/** Bytes of all that can be had from it. */
function held(gops: GopCache): number {
  return gops.keyed().reduce((sum, gop) => sum + gop.batches.reduce((all, one) => all + one.buffer.length, 0), 0);
}

function times(batches: readonly Batch[]): readonly number[] {
  return batches.map((one) => one.ticks);
}

describe('GopCache', () => {
  it('keeps whole GOPs of at least four seconds, with the audio between', () => {
    for (const gopMs of [100, 500, 1000, 2000, 3000, 10_000]) {
      const gops = cache();
      fill(gops, 0, 30_000, gopMs);
      const all = gops.all();
      assert.equal(all[0]?.key, true, `GOP of ${gopMs}`);
      const span = (all.at(-1)?.ticks ?? 0) - (all[0]?.ticks ?? 0);
      assert.ok(span >= 4000 - 100 && span <= 4000 + 2 * gopMs, `${span} ms of GOPs of ${gopMs}`);
      assert.ok(all.some((one) => one.track === AUDIO));
      assert.equal(gops.bytes, all.length * 100);
      assert.equal(gops.gopMs, gopMs);
    }
  });

  it('holds nothing before the first key frame', () => {
    const gops = cache();
    gops.push(batch(AUDIO, 0));
    gops.push(batch(VIDEO, 0));
    assert.deepEqual([gops.all(), gops.newest(), gops.bytes], [[], [], 0]);
  });

  it('gives the newest GOP', () => {
    const gops = cache();
    fill(gops, 0, 2300, 1000);
    assert.deepEqual(times(gops.newest()), [2000, 2050, 2100, 2150, 2200, 2250]);
  });

  it('begins a GOP with the parameter sets that came in a batch of their own', () => {
    const gops = cache();
    fill(gops, 0, 1000, 1000);
    gops.push(batch(VIDEO, 1000, { frameEnd: false }));
    gops.push(batch(AUDIO, 990));
    gops.push(batch(VIDEO, 1000, { key: true }));
    assert.deepEqual(times(gops.newest()), [1000, 1000]);
    assert.equal(gops.bytes, gops.all().length * 100);
    assert.equal(gops.all().length, 20 + 3);
  });

  it('drops a GOP past the limit but keeps its key frame', () => {
    const gops = cache(3000);
    gops.push(batch(VIDEO, 0, { key: true, frameEnd: false }));
    gops.push(batch(VIDEO, 0));
    fill(gops, 100, 10_000, 1e9);
    assert.deepEqual([gops.all().length, gops.newest().length], [0, 0]);
    assert.deepEqual(times(gops.keyed()[0]?.batches ?? []), [0, 0]);
    assert.equal(gops.bytes, 200);
    gops.push(batch(VIDEO, 10_000, { key: true }));
    assert.deepEqual(times(gops.all()), [10_000]);
    assert.equal(gops.keyed().length, 2);
  });

  for (const { title, key, kept } of [
    { title: 'a key frame without an end: the GOP goes whole, counted', key: true, kept: [0, 1] },
    { title: 'a frame without an end: the GOP goes but for its key frame', key: false, kept: [1, 0] },
  ]) {
    it(`does not grow where time stands still: ${title}`, () => {
      const gops = cache();
      gops.push(batch(VIDEO, 0, { key: true, frameEnd: true }));
      const buffer = Buffer.alloc(64 * 1024);
      let most = 0;
      for (let i = 0; i < 3000; i++) {
        const ticks = key ? 0 : 100;
        // Every batch is its own and weighs what it says: what is held shows in what `held` reaches.
        gops.push(batch(VIDEO, ticks, { buffer, frameEnd: false }));
        most = Math.max(most, gops.bytes, held(gops));
      }
      const limit = key ? MAX_ACCESS_UNIT_BYTES : 32 * 1024 * 1024 + MAX_ACCESS_UNIT_BYTES;
      assert.ok(most <= limit, `${most}`);
      assert.deepEqual([gops.keyed().length, gops.oversized], kept);
      assert.deepEqual([gops.all().length, gops.newest().length], [0, 0]);
      gops.push(batch(VIDEO, 5000, { key: true }));
      assert.deepEqual([times(gops.all()), gops.bytes], [[5000], key ? 100 : 200]);
    });
  }

  it('takes only parameter sets along to a key frame, not a flood of the same time', () => {
    const gops = cache();
    const buffer = Buffer.alloc(64 * 1024);
    for (let i = 0; i < 1000; i++) gops.push(batch(VIDEO, 0, { buffer, frameEnd: false }));
    gops.push(batch(VIDEO, 0, { key: true }));
    assert.ok(gops.bytes <= MAX_ACCESS_UNIT_BYTES, `${gops.bytes}`);
  });

  it('remembers no more batches ahead of a key frame than parameter sets take, counted', () => {
    for (const [sent, moved, endless] of [
      [3, 3, 0],
      [64, 64, 0],
      [65, 0, 1],
      [1000, 0, 1],
    ] as const) {
      const gops = cache();
      for (let i = 0; i < sent; i++) gops.push(batch(VIDEO, 100, { frameEnd: false }));
      gops.push(batch(VIDEO, 100, { key: true }));
      assert.deepEqual([gops.newest().length, gops.endless], [moved + 1, endless], `${sent}`);
      gops.push(batch(VIDEO, 200, { frameEnd: false }));
      gops.push(batch(VIDEO, 200, { key: true }));
      assert.deepEqual(times(gops.newest()), [200, 200], 'the next picture begins anew');
    }
  });

  it('a key frame that takes its time is no picture without an end', () => {
    const gops = cache();
    gops.push(batch(VIDEO, 100, { key: true, frameEnd: false }));
    for (let i = 0; i < 200; i++) gops.push(batch(VIDEO, 100, { frameEnd: false }));
    assert.deepEqual([gops.newest().length, gops.endless], [201, 0]);
  });

  it('counts batches too, however small they are', () => {
    const gops = cache();
    const buffer = Buffer.alloc(16);
    gops.push(batch(VIDEO, 0, { key: true, buffer }));
    for (let i = 1; i < GOP_CACHE_BATCHES_MAX; i++) gops.push(batch(AUDIO, 0, { buffer }));
    assert.equal(gops.newest().length, GOP_CACHE_BATCHES_MAX);
    gops.push(batch(AUDIO, 0, { buffer }));
    assert.deepEqual([gops.newest().length, gops.keyed()[0]?.batches.length, gops.bytes], [0, 1, 16]);
  });

  it('drops older GOPs before the one in hand', () => {
    const gops = cache(3000);
    fill(gops, 0, 3000, 1000);
    assert.deepEqual([gops.all()[0]?.ticks, gops.all()[0]?.key], [2000, true]);
    assert.ok(gops.bytes <= 3000);
  });

  it('keeps the last key frame when the source goes, until the next', () => {
    const gops = cache();
    fill(gops, 0, 1500, 1000);
    gops.restart();
    assert.deepEqual([gops.all().length, gops.bytes], [0, 0]);
    assert.deepEqual(
      gops.keyed().map((gop) => [gop.ticks, gop.whole, gop.batches.length]),
      [[1000, true, 1]],
    );
    gops.restart();
    assert.equal(gops.keyed().length, 1);
    gops.push(batch(VIDEO, 9000, { key: true }));
    assert.deepEqual(
      gops.keyed().map((gop) => gop.ticks),
      [9000],
    );
  });

  it('knows when a key frame is whole, marked or not', () => {
    const gops = cache();
    gops.push(batch(VIDEO, 0, { key: true, frameEnd: false }));
    assert.equal(gops.keyed()[0]?.whole, false);
    gops.push(batch(AUDIO, 10));
    assert.equal(gops.keyed()[0]?.whole, false);
    gops.push(batch(VIDEO, 100, { frameEnd: false }));
    assert.equal(gops.keyed()[0]?.whole, true);
  });

  it('cuts audio alone into seconds', () => {
    const gops = new GopCache({ mainTrack: 0, mainClockRate: RATE, everyFrameKey: true });
    for (let ms = 0; ms < 10_000; ms += 20) gops.push(batch(0, ms, { key: true }));
    const span = (gops.all().at(-1)?.ticks ?? 0) - (gops.all()[0]?.ticks ?? 0);
    assert.ok(span >= 4000 - 20 && span <= 6000, `${span}`);
  });
});
