import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClosedFileRow } from '../index/file-row.ts';
import {
  chooseDeletions,
  MAX_DELETIONS,
  MIN_FREE_FILES,
  type KeptStream,
  type RetentionState,
} from './choose-deletions.ts';

const NOW = Date.UTC(2026, 0, 8);
const HOUR = 3_600_000;
const MB = 1_000_000;
const FREE = { freeBytes: 1000 * MB, totalBytes: 10_000 * MB, freeFiles: 5000 };

/** Files of 10 MB that ended so many hours ago, oldest first. */
function stream(
  name: string,
  hoursAgo: readonly number[],
  keep: KeptStream['keep'] = { ageMs: undefined, bytes: undefined },
): KeptStream {
  const files = hoursAgo.map((hours, i): ClosedFileRow => {
    const endUtcMs = NOW - hours * HOUR;
    const rest = { stream: name, storage: 'main', path: '', baseUtcMs: 0, initHash: '', firstNumber: i, lastNumber: i };
    return {
      ...rest,
      id: (name.codePointAt(0) ?? 0) * 1000 + i,
      bytes: 10 * MB,
      startUtcMs: endUtcMs - HOUR,
      endUtcMs,
    };
  });
  return { keep, bytes: files.length * 10 * MB, oldest: (limit) => files.slice(0, limit) };
}

function choose(changes: Partial<RetentionState>): readonly ClosedFileRow[] {
  const { streams = [] } = changes;
  const all = streams.flatMap((each) => each.oldest(1000)).toSorted((a, b) => a.endUtcMs - b.endUtcMs);
  return chooseDeletions({
    nowUtcMs: NOW,
    keep: ANY,
    free: FREE,
    streams,
    oldest: (limit) => all.slice(0, limit),
    ...changes,
  });
}

const ANY = { bytes: undefined, free: undefined };
const CASES: readonly (readonly [string, Partial<RetentionState>, readonly string[]])[] = [
  ['nothing, where nothing is limited', { streams: [stream('a', [900, 1])] }, []],
  [
    'what is older than a stream keeps it',
    { streams: [stream('a', [50, 25, 24, 23], { ageMs: 24 * HOUR, bytes: undefined })] },
    ['a50', 'a25'],
  ],
  [
    'what is over the bytes of a stream',
    { streams: [stream('a', [3, 2, 1], { ageMs: undefined, bytes: 15 * MB }), stream('b', [9])] },
    ['a3', 'a2'],
  ],
  [
    'nothing more where age has taken enough',
    { streams: [stream('a', [50, 2, 1], { ageMs: 24 * HOUR, bytes: 20 * MB })] },
    ['a50'],
  ],
  [
    'the oldest of all streams where the storage is over',
    { keep: { bytes: 35 * MB, free: undefined }, streams: [stream('a', [5, 3, 1]), stream('b', [4, 2])] },
    ['a5', 'b4'],
  ],
  [
    'nothing more where the own rules have made room',
    {
      keep: { bytes: 20 * MB, free: undefined },
      streams: [stream('a', [5, 3, 1], { ageMs: 2 * HOUR, bytes: undefined })],
    },
    ['a5', 'a3'],
  ],
  [
    'the oldest where the disk has less than its floor in bytes',
    { keep: { bytes: undefined, free: { bytes: 1005 * MB } }, streams: [stream('a', [5, 3]), stream('b', [4])] },
    ['a5'],
  ],
  [
    'the oldest where the disk has less than its floor in shares',
    { keep: { bytes: undefined, free: { share: 0.1015 } }, streams: [stream('a', [5, 3]), stream('b', [4])] },
    ['a5', 'b4'],
  ],
  [
    'all there is where that does not do',
    { keep: { bytes: undefined, free: { share: 0.9 } }, streams: [stream('a', [5, 3]), stream('b', [4])] },
    ['a5', 'b4', 'a3'],
  ],
  [
    'nothing by free space that is not known',
    { keep: { bytes: undefined, free: { share: 0.9 } }, free: undefined, streams: [stream('a', [5])] },
    [],
  ],
  [
    'the oldest where inodes run out',
    { free: { ...FREE, freeFiles: MIN_FREE_FILES - 2 }, streams: [stream('a', [5, 3]), stream('b', [4])] },
    ['a5', 'b4'],
  ],
];

for (const [name, changes, expected] of CASES) {
  test(`goes: ${name}`, () => {
    const chosen = choose(changes);
    assert.deepEqual(
      chosen.map((file) => `${file.stream}${(NOW - file.endUtcMs) / HOUR}`),
      expected,
    );
  });
}

test('no more goes in one round than a disk can take', () => {
  const hours = Array.from({ length: 500 }, (_, i) => 1000 - i);
  const chosen = choose({ streams: [stream('a', hours, { ageMs: HOUR, bytes: undefined })] });
  assert.equal(chosen.length, MAX_DELETIONS);
  assert.equal(chosen[0]?.endUtcMs, NOW - 1000 * HOUR);
});
