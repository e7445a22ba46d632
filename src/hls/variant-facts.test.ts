import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { H264_KEY_FRAME, H265_KEY_FRAME } from '../picture/key-frames.table.ts';
import { variantFacts, type SegmentSize } from './variant-facts.ts';

const ROWS: readonly {
  readonly name: string;
  readonly segments: readonly SegmentSize[];
  readonly peak: number;
  readonly average: number;
}[] = [
  { name: 'nothing', segments: [], peak: 0, average: 0 },
  { name: 'one segment', segments: [{ bytes: 1000, durationMs: 2000 }], peak: 4000, average: 4000 },
  {
    name: 'the heaviest',
    segments: [
      { bytes: 1000, durationMs: 2000 },
      { bytes: 3000, durationMs: 2000 },
    ],
    peak: 12_000,
    average: 8000,
  },
  // A key frame of 20 kB in a segment that a break cut after 0.2 s says nothing of the rate.
  {
    name: 'not the short ones',
    segments: [
      { bytes: 30_000, durationMs: 2000 },
      { bytes: 20_000, durationMs: 200 },
    ],
    peak: 120_000,
    average: 181_818,
  },
  { name: 'no length', segments: [{ bytes: 1000, durationMs: 0 }], peak: 0, average: 0 },
];

describe('variantFacts', () => {
  for (const { name, segments, peak, average } of ROWS) {
    it(`counts the rate of ${name}`, () => {
      const facts = variantFacts([], segments, undefined);
      assert.equal(Math.round(facts.bandwidth), peak);
      assert.equal(Math.round(facts.averageBandwidth ?? -1), average);
    });
  }

  it('names each format once, and describes the newest', () => {
    const setups = [H265_KEY_FRAME.parameters, H264_KEY_FRAME.parameters, H265_KEY_FRAME.parameters];
    const facts = variantFacts(setups, [], 12.5);
    assert.deepEqual(facts.codecs, [H265_KEY_FRAME.parameters.codecString, H264_KEY_FRAME.parameters.codecString]);
    assert.deepEqual(facts.resolution, { width: 96, height: 64 });
    assert.equal(facts.frameRate, 12.5);
    assert.equal(variantFacts(setups, [], undefined).frameRate, 25);
  });

  it('says nothing of a picture that is not there', () => {
    const facts = variantFacts([], [], 25);
    assert.equal(facts.resolution, undefined);
    assert.equal(facts.frameRate, undefined);
  });
});
