import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listedWidth, pictureSize } from './picture-size.ts';

interface Row {
  readonly frame: readonly [number, number];
  readonly aspect?: readonly [number, number];
  readonly wanted?: number;
  readonly size: readonly [number, number];
}

const SQUARE: readonly [number, number] = [1, 1];

const ROWS: readonly Row[] = [
  { frame: [1920, 1080], size: [1920, 1080] },
  { frame: [1920, 1080], wanted: 320, size: [320, 180] },
  { frame: [1920, 1080], wanted: 4000, size: [1920, 1080] },
  { frame: [640, 512], wanted: 320, size: [320, 256] },
  // PAL at 16:9: wide pixels
  { frame: [704, 576], aspect: [16, 11], size: [1024, 576] },
  { frame: [704, 576], aspect: [16, 11], wanted: 320, size: [320, 180] },
  // PAL at 4:3
  { frame: [704, 576], aspect: [12, 11], wanted: 480, size: [480, 360] },
  // narrow pixels: upwards
  { frame: [1920, 540], aspect: [1, 2], size: [1920, 1080] },
  { frame: [1920, 1080], aspect: [0, 1], wanted: 960, size: [960, 540] },
  { frame: [3, 3], wanted: 1, size: [2, 2] },
  { frame: [100, 100], aspect: [65_535, 1], size: [16_384, 100] },
];

describe('pictureSize', () => {
  for (const {
    frame: [width, height],
    aspect = SQUARE,
    wanted,
    size,
  } of ROWS) {
    it(`makes ${size.join('×')} of ${width}×${height}, aspect ${aspect.join(':')}, wanted ${wanted ?? 'as it is'}`, () => {
      assert.deepEqual(pictureSize({ width, height }, aspect, wanted), { width: size[0], height: size[1] });
    });
  }

  it('rounds what is asked for up to a listed width', () => {
    assert.deepEqual([undefined, 1, 160, 161, 320, 700, 1920, 1921].map(listedWidth), [
      undefined,
      160,
      160,
      240,
      320,
      960,
      1920,
      undefined,
    ]);
  });
});
