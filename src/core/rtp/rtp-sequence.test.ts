import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RtpSequence } from './rtp-sequence.ts';

/** A number, and where they are not 9 × number and 1, its timestamp and SSRC. */
type Sent = number | readonly [sequence: number, timestamp: number, ssrc?: number];

interface Row {
  readonly title: string;
  readonly sent: readonly Sent[];
  /** What is said of each: how many are lost before it ('+' where it begins a numbering), or that it is dropped. */
  readonly said: string;
}

const ROWS: readonly Row[] = [
  { title: 'in order', sent: [7, 8, 9], said: '+0 0 0' },
  { title: 'wraps', sent: [65_534, 65_535, 0, 1], said: '+0 0 0 0' },
  { title: 'loss', sent: [7, 10, 11], said: '+0 2 0' },
  { title: 'loss over the wrap', sent: [65_535, 2], said: '+0 2' },
  { title: 'the longest loss', sent: [7, 3008], said: '+0 3000' },
  { title: 'doubled packets', sent: [7, 8, 8, 7, 9], said: '+0 0 doubled doubled 0' },
  { title: 'a group sent again', sent: [1, 2, 3, 1, 2, 3, 4], said: '+0 0 0 doubled doubled doubled 0' },
  {
    title: 'a group sent again over the wrap',
    sent: [65_535, 0, 1, 65_535, 0, 1, 2],
    said: '+0 0 0 doubled doubled doubled 0',
  },
  { title: 'a group that was given up', sent: [1, 2, 6, 7, 3, 4, 5, 8], said: '+0 0 3 0 late late late 0' },
  { title: 'a group given up, twice', sent: [1, 4, 2, 3, 2, 3, 5], said: '+0 2 late late late late 0' },
  { title: 'a restart far ahead', sent: [7, 40_000, 40_001], said: '+0 +1 0' },
  { title: 'a restart far back', sent: [40_000, 7, 8], said: '+0 +1 0' },
  {
    title: 'a restart a little back, at numbers that were not there',
    sent: [40, 41, 10, 11, 12],
    said: '+0 0 late +1 0',
  },
  {
    title: 'a restart a little back, at other times',
    sent: [40, 41, 42, 43, [41, 5], [42, 5], [43, 5], [44, 6]],
    said: '+0 0 0 0 late +1 0 0',
  },
  {
    title: 'a restart 96 back costs one packet',
    sent: [
      ...Array.from({ length: 99 }, (_, i) => i + 1),
      ...Array.from({ length: 100 }, (_, i) => [i + 4, 77] as const),
    ],
    said: `+0 ${'0 '.repeat(98)}late +1${' 0'.repeat(98)}`,
  },
  {
    title: 'one late packet at a wrong time is none',
    sent: [40, 41, 42, [41, 5], 43, [42, 5], 44],
    said: '+0 0 0 late 0 late 0',
  },
  {
    title: 'what the numbering before had means nothing',
    sent: [7, 8, 9, [40_007, 1], [40_008, 2], [40_007, 1], [40_006, 1], [40_007, 3], 40_008],
    said: '+0 0 0 +1 0 doubled late +1 0',
  },
  {
    title: 'another SSRC a GOP (Uniview), counting on',
    sent: [
      [7, 1, 1],
      [8, 2, 2],
      [10, 3, 3],
    ],
    said: '+0 0 1',
  },
  {
    title: 'another SSRC, counting anew a little back',
    sent: [
      [40_000, 1, 1],
      [39_990, 2, 2],
      [39_991, 2, 2],
    ],
    said: '+0 +0 0',
  },
  {
    title: 'another SSRC, counting anew ahead: nothing says that anything was lost',
    sent: [
      [2, 1, 7],
      [900, 2, 8],
      [901, 2, 8],
    ],
    said: '+0 +0 0',
  },
];

describe('RtpSequence', () => {
  for (const { title, sent, said } of ROWS) {
    it(title, () => {
      const line = new RtpSequence();
      const seen = sent.map((one) => {
        const [sequence, timestamp, ssrc = 1] = typeof one === 'number' ? [one, 9 * one] : one;
        const verdict = line.push(sequence, timestamp, ssrc);
        if (verdict === 'late' || verdict === 'doubled') return verdict;
        return `${verdict === 'begun' ? '+' : ''}${line.lostBefore}`;
      });
      assert.equal(seen.join(' '), said);
    });
  }

  it('begins anew after the sender left', () => {
    const line = new RtpSequence();
    line.push(7, 0, 1);
    line.restart();
    assert.deepEqual([line.push(9, 0, 1), line.lostBefore], ['begun', 0]);
  });
});
