import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { recordingLog } from '../../state/recording-log.table.ts';
import { State } from '../../state/state.ts';
import { GAP_REASONS } from '../../stream/archive.ts';
import { House } from '../house.table.ts';
import { gapReasonOf } from './gap-reason.ts';
import { GapTracker, type OpenGap } from './gap-tracker.ts';

const CASES: readonly (readonly [
  string,
  (tracker: GapTracker) => void,
  readonly (readonly [number, number | undefined, string])[],
])[] = [
  ['nothing lost', (gaps) => (gaps.resumed(1000), gaps.advanced(9000), gaps.resumed(9000)), []],
  ['a jitter of the clock', (gaps) => (gaps.advanced(9000), gaps.resumed(9100)), []],
  ['a hole that nobody announced', (gaps) => (gaps.advanced(9000), gaps.resumed(12_000)), [[9000, 12_000, 'network']]],
  [
    'the source away',
    (gaps) => (gaps.advanced(9000), gaps.lost('source-offline', 9900), gaps.resumed(20_000)),
    [[9000, 20_000, 'source-offline']],
  ],
  [
    'away still',
    (gaps) => (gaps.advanced(9000), gaps.lost('source-offline', 9900)),
    [[9000, undefined, 'source-offline']],
  ],
  [
    'said twice',
    (gaps) => (gaps.lost('disk', 5000), gaps.lost('disk', 6000), gaps.resumed(7000)),
    [[5000, 7000, 'disk']],
  ],
  [
    'a reason that becomes known',
    (gaps) => (gaps.lost('source-offline', 5000), gaps.sourceLost('authentication', 8000), gaps.resumed(9000)),
    [
      [5000, 8000, 'source-offline'],
      [8000, 9000, 'authentication'],
    ],
  ],
  [
    'a source that fails while the disk does',
    (gaps) => (gaps.lost('disk', 5000), gaps.sourceLost('network', 8000), gaps.resumed(9000)),
    [[5000, 9000, 'disk']],
  ],
  [
    'a source that fails after a fault of ours',
    (gaps) => (gaps.lost('crash', 5000), gaps.sourceLost('network', 8000), gaps.resumed(9000)),
    [[5000, 9000, 'crash']],
  ],
  ['a source that fails while it is recorded', (gaps) => (gaps.advanced(9000), gaps.sourceLost('network', 9000)), []],
  ['media from before the gap', (gaps) => (gaps.lost('source-offline', 5000), gaps.resumed(4000)), []],
  [
    'recordings of a clock that was ahead',
    (gaps) => (gaps.advanced(900_000), gaps.lost('disk', 5000), gaps.resumed(8000)),
    [[5000, 8000, 'disk']],
  ],
  [
    'recording that is asked for again later',
    (gaps) => (gaps.advanced(9000), gaps.begin('source-offline', 20_000), gaps.resumed(21_000)),
    [[20_000, 21_000, 'source-offline']],
  ],
  [
    'a stream that nobody sends is taken up after weir was stopped',
    (gaps) => (gaps.lost('shutdown', 5000), gaps.begin('source-offline', 20_000), gaps.resumed(90_000)),
    [
      [5000, 20_000, 'shutdown'],
      [20_000, 90_000, 'source-offline'],
    ],
  ],
  [
    'a stream is taken up after a crash, and still away',
    (gaps) => (gaps.lost('crash', 5000), gaps.begin('source-offline', 20_000)),
    [
      [5000, 20_000, 'crash'],
      [20_000, undefined, 'source-offline'],
    ],
  ],
  [
    'a source that was away before weir was',
    (gaps) => (gaps.lost('authentication', 5000), gaps.begin('source-offline', 20_000), gaps.resumed(90_000)),
    [[5000, 90_000, 'authentication']],
  ],
  [
    'a segment after a gap that is lost again',
    (gaps) => {
      gaps.lost('source-offline', 5000);
      gaps.resumed(9000);
      gaps.advanced(9500);
      gaps.advanced(undefined);
      gaps.lost('disk', 9600);
      gaps.resumed(12_000);
    },
    [
      [5000, 9000, 'source-offline'],
      [9000, 12_000, 'disk'],
    ],
  ],
  [
    'recording that is switched off',
    (gaps) => (gaps.lost('source-offline', 5000), gaps.end(6000)),
    [[5000, 6000, 'source-offline']],
  ],
];

test('every second that is not recorded is a gap with its reason', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-gaps-'));
  const { log, lines } = recordingLog();
  const state = await State.open({ dataFolder: folder, clock: new ManualClock(), log });
  for (const [name, play, expected] of CASES) {
    await context.test(name, async () => {
      play(new GapTracker({ stream: name, store: state.gaps, log, lastEndUtcMs: undefined, open: undefined }));
      await state.gaps.mark(name, undefined);
      assert.deepEqual(
        state.gaps.between(name, 0, 1e6).map((gap) => [gap.startUtcMs, gap.endUtcMs, gap.reason]),
        expected,
      );
    });
  }
  await state.close();
  rmSync(folder, { recursive: true });
  assert.deepEqual(lines, []);
});

test('an error of the source gives the reason', () => {
  assert.equal(gapReasonOf('source-unauthorized'), 'authentication');
  assert.equal(gapReasonOf('source-unreachable'), 'network');
  assert.equal(gapReasonOf('source-timeout'), 'network');
  assert.equal(gapReasonOf('publisher-gone'), 'source-offline');
  assert.equal(gapReasonOf(undefined), 'source-offline');
});

test('only what the recorder of this run failed with is its own; what the last run left goes on as what the source says', async () => {
  await using house = new House();
  await house.open();
  const { gaps: store } = house.state;
  const { log } = recordingLog();
  const make = (open?: OpenGap): GapTracker =>
    new GapTracker({ stream: 'lobby', store, log, lastEndUtcMs: undefined, open });
  for (const reason of GAP_REASONS) {
    const own = make();
    own.lost(reason, 5000);
    assert.equal(own.ownFault, ['disk', 'overload', 'crash'].includes(reason), reason);
    const left = make({ id: 1, startUtcMs: 5000, reason, left: true });
    assert.equal(left.ownFault, false, reason);
    left.sourceLost('authentication', 8000);
    assert.equal(left.open?.reason, 'authentication', reason);
  }
  assert.equal(make().ownFault, false);
  const again = make({ id: 1, startUtcMs: 5000, reason: 'disk', left: true });
  assert.deepEqual([again.lost('disk', 6000), again.ownFault], [true, true], 'a disk that fails still is news');
});
