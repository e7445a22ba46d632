import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttemptSeam, OVERLAP_MS_MAX } from './attempt-seam.ts';

const SOUND = 0;
const PICTURE = 1;

/** A stream whose sound is announced first, and that sent up to these moments. */
function seamAfter(soundEndMs: number | undefined, pictureEndMs: number): AttemptSeam {
  const seam = new AttemptSeam(PICTURE);
  if (soundEndMs !== undefined) seam.end(SOUND, soundEndMs, 3);
  seam.end(PICTURE, pictureEndMs, 3);
  seam.restart();
  return seam;
}

for (const [name, soundEndMs, pictureEndMs, span, laterMs] of [
  ['behind it', 900, 900, 3, 0],
  ['the picture overlaps', 900, 1100, 3, 100],
  ['the sound overlaps more', 1200, 1100, 3, 180],
  ['no sound before', undefined, 1100, 3, 100],
  ['as far as it goes', 900, 1000 + OVERLAP_MS_MAX, 3, OVERLAP_MS_MAX],
  ['further', 900, 1001 + OVERLAP_MS_MAX, 3, 0],
  ['another span', 900, 1100, 4, 0],
] as const) {
  test(`a line begins no earlier than the last one ended: ${name}`, () => {
    const seam = seamAfter(soundEndMs, pictureEndMs);
    // Neither counts: what goes ahead of the first key frame is not cut.
    seam.saw(SOUND, 700, false);
    seam.saw(PICTURE, 720, false);
    seam.saw(PICTURE, 1000, true);
    seam.saw(SOUND, 1020, false);
    seam.saw(PICTURE, 1040, true);
    assert.equal(
      seam.shiftMs(span, (_, ticks) => ticks),
      laterMs,
    );
  });
}

test('nothing came: nothing is laid anywhere', () => {
  const seam = seamAfter(900, 1100);
  assert.equal(
    seam.shiftMs(3, (_, ticks) => ticks),
    0,
  );
  seam.saw(PICTURE, 1000, true);
  assert.equal(
    seam.shiftMs(3, () => undefined),
    0,
  );
});
