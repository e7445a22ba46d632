import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordingLog } from '../../state/recording-log.table.ts';
import { House, T0 } from '../house.table.ts';
import { GapLedger } from './gap-ledger.ts';

/** What a crash leaves of a stream that was being recorded, and the gaps at the next start. */
const CASES = [
  { name: 'no gap was open', left: undefined, recordedTo: 9000, expected: [[9000, undefined, 'crash']] },
  { name: 'a gap was open', left: 9000, recordedTo: 9000, expected: [[9000, undefined, 'disk']] },
  { name: 'nothing was recorded', left: 0, recordedTo: undefined, expected: [[0, undefined, 'disk']] },
  {
    name: 'recording had gone on, and the end of the gap was not written yet',
    left: 2000,
    recordedTo: 9000,
    expected: [
      [2000, 9000, 'disk'],
      [9000, undefined, 'crash'],
    ],
  },
] as const;

for (const { name, left, recordedTo, expected } of CASES) {
  test(`after a crash: ${name}`, async () => {
    await using house = new House();
    await house.open();
    const { gaps } = house.state;
    await gaps.mark('lobby', T0);
    if (left !== undefined)
      await gaps.add({ stream: 'lobby', startUtcMs: T0 + left, endUtcMs: undefined, reason: 'disk' }).written;
    const ledger = new GapLedger(gaps, house.clock, recordingLog().log);
    await ledger.begin(() => (recordedTo === undefined ? undefined : T0 + recordedTo));
    const { open } = ledger.track('lobby', undefined);
    await ledger.close();
    assert.equal(open?.startUtcMs, T0 + (expected.at(-1)?.[0] ?? 0));
    assert.deepEqual(
      gaps
        .between('lobby', 0, 1e14)
        .map(({ startUtcMs, endUtcMs, reason }) => [startUtcMs - T0, endUtcMs && endUtcMs - T0, reason]),
      expected,
    );
  });
}
