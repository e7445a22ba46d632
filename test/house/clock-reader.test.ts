/** The reader of the demo clip's clock, on pictures drawn here: right frame, or none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Picture } from '../clock-reader.ts';
import { CLOCK_FRAMES, readClock } from '../clock-reader.ts';

/** The blocks of a frame, from their description in assets/make-demo.sh. */
function blocks(frame: number): string {
  const bits = frame.toString(2).padStart(12, '0');
  const check = [8, 4, 0].reduce((sum, shift) => sum ^ ((frame >> shift) & 15), 0b1010);
  return `10${bits}${check.toString(2).padStart(4, '0')}01`;
}

function draw(row: string, width: number, channels: 1 | 3, levels: readonly [number, number] = [16, 235]): Picture {
  const height = (width * 9) / 16;
  const pixels = new Uint8Array(width * height * channels).fill(110);
  for (let y = Math.floor(height / 18); y < (height * 13) / 90; y++) {
    for (let x = 0; x < width; x++) {
      const level = levels[row[Math.floor((20 * x) / width)] === '1' ? 1 : 0];
      for (let c = 0; c < channels; c++) pixels[(y * width + x) * channels + c] = level;
    }
  }
  return { pixels, width, height, channels };
}

test('every frame is read, in colour and gray, at any width down to 160', () => {
  for (let frame = 0; frame < CLOCK_FRAMES; frame += 7) assert.equal(readClock(draw(blocks(frame), 320, 1)), frame);
  for (const width of [160, 320, 640, 1280]) {
    for (const channels of [1, 3] as const) assert.equal(readClock(draw(blocks(599), width, channels)), 599);
  }
});

test('what is not the clock is not read', () => {
  const row = blocks(283);
  assert.equal(readClock(draw('10101010101010101010', 320, 1)), undefined);
  assert.equal(readClock(draw('00000000000000000000', 320, 1)), undefined);
  assert.equal(readClock(draw(row, 320, 1, [100, 150])), undefined);
  for (let block = 0; block < 20; block++) {
    const wrong = row.slice(0, block) + (row[block] === '1' ? '0' : '1') + row.slice(block + 1);
    assert.equal(readClock(draw(wrong, 320, 1)), undefined, `block ${block} turned`);
  }
});
