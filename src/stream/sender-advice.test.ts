import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuietLog } from './quiet-log.table.ts';
import { SenderAdvice } from './sender-advice.ts';

test('long GOPs are told by their usual length, once, and again when that changes for good', () => {
  for (const [name, cuts, said] of [
    ['a hiccup of a good camera, then the real case', [2000, 2000, 10_000, 10_000], [10_000]],
    ['not measured yet', [undefined, undefined], []],
    ['just within a segment', [6400], []],
    ['jitter', [10_000, 10_400, 9800, 12_000], [10_000]],
    ['longer still', [10_000, 30_000], [10_000, 30_000]],
    ['mended, and bad again', [10_000, 2000, 10_000], [10_000, 10_000]],
  ] as const) {
    const log = new QuietLog();
    const advice = new SenderAdvice('yard', log);
    for (const gopMs of cuts) advice.cutByTime(gopMs, 6000);
    assert.deepEqual(
      log.lines.map(({ level, fields }) => [level, fields['gopMs']]),
      said.map((gopMs) => ['warn', gopMs]),
      name,
    );
  }
});

test('media that comes faster than real time is told once', () => {
  for (const [name, paces, lines] of [
    ['nothing yet', [undefined], 0],
    ['real time', [{ mediaMs: 3_600_000, passedMs: 3_590_000 }], 0],
    ['a camera that begins with what it kept', [{ mediaMs: 12_000, passedMs: 4000 }], 0],
    ['a clock that is fast', [{ mediaMs: 360_000, passedMs: 340_000 }], 0],
    ['a file, twice', [60_000, 60_000].map((mediaMs) => ({ mediaMs, passedMs: 900 })), 1],
  ] as const) {
    const log = new QuietLog();
    const advice = new SenderAdvice('yard', log);
    for (const pace of paces) advice.pace(pace);
    assert.equal(log.lines.length, lines, name);
  }
});
