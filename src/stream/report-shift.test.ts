import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReportShift, SHIFT_MS_MAX } from './report-shift.ts';

interface Row {
  readonly title: string;
  /** Video, audio. */
  readonly off: readonly (number | undefined)[];
  /** After 0, 60 and 600 s. */
  readonly video: readonly number[];
  readonly audio: readonly number[];
}

const ROWS: readonly Row[] = [
  { title: 'both late alike', off: [90, 90], video: [90, 60, 0], audio: [90, 60, 0] },
  { title: 'both early alike', off: [-45, -45], video: [-45, -15, 0], audio: [-45, -15, 0] },
  { title: 'a little apart', off: [90, 60], video: [90, 60, 0], audio: [60, 30, 0] },
  {
    title: 'far apart: sound is brought near the picture at once',
    off: [90, 390],
    video: [90, 60, 0],
    audio: [130, 100, 0],
  },
  { title: 'sound not heard of', off: [90, undefined], video: [90, 60, 0], audio: [90, 60, 0] },
  { title: 'too far', off: [SHIFT_MS_MAX + 1, 90], video: [0, 0, 0], audio: [0, 0, 0] },
];

test('reports get slowly to where the clocks are', () => {
  for (const { title, off, video, audio } of ROWS) {
    const shift = new ReportShift();
    shift.begin(5000, off, 0);
    for (const [i, seconds] of [0, 60, 600].entries()) {
      const said = [0, 1].map((track) => Math.round(shift.at(track, 5000 + seconds * 1000)));
      assert.deepEqual(said, [video[i], audio[i]], `${title}, after ${seconds} s`);
    }
    assert.equal(shift.at(0, 0), video[0], 'a clock that was set back');
    shift.clear();
    assert.equal(shift.at(0, 5000), 0);
  }
});
