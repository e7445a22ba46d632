import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LATE, RtpSequence } from './rtp-sequence.ts';

interface Row {
  readonly title: string;
  /** Sender's sequence numbers; [sequence, ssrc] where the SSRC changes. */
  readonly sent: readonly (number | readonly [number, number])[];
  readonly lost: readonly number[];
  /** Ours, from 100. */
  readonly ours: readonly number[];
}

const ROWS: readonly Row[] = [
  { title: 'in order', sent: [7, 8, 9], lost: [0, 0, 0], ours: [100, 101, 102] },
  { title: 'wraps', sent: [65_534, 65_535, 0, 1], lost: [0, 0, 0, 0], ours: [100, 101, 102, 103] },
  { title: 'loss stays visible', sent: [7, 10, 11], lost: [0, 2, 0], ours: [100, 103, 104] },
  { title: 'loss over the wrap', sent: [65_535, 2], lost: [0, 2], ours: [100, 103] },
  {
    title: 'late and doubled packets',
    sent: [7, 8, 8, 7, 9],
    lost: [0, 0, LATE, LATE, 0],
    ours: [100, 101, 101, 101, 102],
  },
  { title: 'a restart far ahead', sent: [7, 40_000, 40_001], lost: [0, 1, 0], ours: [100, 102, 103] },
  { title: 'a restart far back', sent: [40_000, 7, 8], lost: [0, 1, 0], ours: [100, 102, 103] },
  {
    title: 'a restart a little back',
    sent: [40, 41, 10, 11, 12],
    lost: [0, 0, LATE, 1, 0],
    ours: [100, 101, 101, 103, 104],
  },
  {
    title: 'another SSRC a GOP (Uniview), counting on',
    sent: [
      [7, 1],
      [8, 2],
      [10, 3],
    ],
    lost: [0, 0, 1],
    ours: [100, 101, 103],
  },
  {
    title: 'another SSRC, counting anew',
    sent: [
      [40_000, 1],
      [39_990, 2],
      [39_991, 2],
    ],
    lost: [0, 0, 0],
    ours: [100, 101, 102],
  },
];

describe('RtpSequence', () => {
  for (const { title, sent, lost, ours } of ROWS) {
    it(title, () => {
      const line = new RtpSequence(100);
      const seen = sent.map((one) => {
        const [sequence, ssrc] = typeof one === 'number' ? [one, 1] : one;
        return [line.push(sequence, ssrc), line.sequence];
      });
      assert.deepEqual(
        seen,
        lost.map((count, i) => [count, ours[i]]),
      );
    });
  }

  it('goes on without a jump after a reconnect', () => {
    const line = new RtpSequence(0xffff);
    line.push(7, 1);
    line.restart();
    assert.equal(line.push(50_000, 9), 0);
    assert.equal(line.sequence, 0);
  });
});
