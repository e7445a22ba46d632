import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unwrapper, signedDistance } from './unwrap.ts';

test('counters that wrap, forwards and backwards', () => {
  const rows: readonly (readonly [bits: 16 | 32, values: readonly number[], unwrapped: readonly number[]])[] = [
    [16, [65534, 65535, 0, 1], [65534, 65535, 65536, 65537]],
    [16, [1, 0, 65535, 2], [1, 0, -1, 2]],
    [16, [0, 32767, 65534, 32765], [0, 32767, 65534, 98301]],
    [32, [4294967290, 4, 0], [4294967290, 4294967300, 4294967296]],
    [32, [5, 5], [5, 5]],
  ];
  for (const [bits, values, unwrapped] of rows) {
    const unwrapper = new Unwrapper(bits);
    for (const [i, value] of values.entries()) {
      assert.equal(unwrapper.peek(value), unwrapped[i]);
      assert.equal(unwrapper.push(value), unwrapped[i]);
      assert.equal(unwrapper.last, unwrapped[i]);
    }
  }
});

test('a day at 90 kHz', () => {
  const unwrapper = new Unwrapper(32);
  const start = 2 ** 32 - 90000;
  const day = 24 * 3600 * 90000;
  for (let ticks = 0; ticks <= day; ticks += 90000 * 600) {
    assert.equal(unwrapper.push((start + ticks) % 2 ** 32), start + ticks);
  }
});

test('half a circle is behind', () => {
  assert.equal(signedDistance(0, 32768, 65536), -32768);
  assert.equal(signedDistance(0, 32767, 65536), 32767);
});
