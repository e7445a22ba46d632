import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BitReader, rbspOf } from './bit-reader.ts';

/** H.264 table 9-2 and 9-3. */
const GOLOMB: readonly (readonly [bits: string, ue: number, se: number])[] = [
  ['1', 0, 0],
  ['010', 1, 1],
  ['011', 2, -1],
  ['00100', 3, 2],
  ['00101', 4, -2],
  ['00110', 5, 3],
  ['0001000', 7, 4],
  ['00000000100000001', 256, -128],
];

test('Exp-Golomb codes', () => {
  for (const [bits, ue, se] of GOLOMB) {
    assert.equal(new BitReader(bytesOf(bits)).ue(), ue, bits);
    assert.equal(new BitReader(bytesOf(bits)).se() + 0, se, bits);
    const reader = new BitReader(bytesOf(`101${bits}`));
    assert.equal(reader.bits(3), 5);
    assert.equal(reader.ue(), ue);
    assert.equal(reader.position, 3 + bits.length);
  }
});

test('the largest code, and codes that are none', () => {
  const largest = new BitReader(bytesOf(`${'0'.repeat(31)}1${'1'.repeat(31)}`));
  assert.equal(largest.ue(), 2 ** 32 - 2);
  assert.equal(largest.overrun, false);
  const endless = new BitReader(new Uint8Array(64));
  assert.equal(endless.ue(), 0);
  assert.equal(endless.overrun, true);
});

test('past the end: zeros, and it says so', () => {
  const reader = new BitReader(Uint8Array.of(0xff));
  assert.equal(reader.bits(8), 255);
  assert.equal(reader.overrun, false);
  assert.equal(reader.bits(4), 0);
  assert.equal(reader.overrun, true);
  assert.equal(reader.bitsLeft, 0);
  const skipped = new BitReader(Uint8Array.of(0));
  skipped.skip(9);
  assert.equal(skipped.overrun, true);
});

test('32 bits are unsigned', () => {
  assert.equal(new BitReader(Uint8Array.of(0xff, 0xff, 0xff, 0xff)).bits(32), 0xffffffff);
});

test('emulation prevention', () => {
  const rows: readonly (readonly [nal: number[], rbsp: number[]])[] = [
    [
      [0x67, 1, 2, 3],
      [1, 2, 3],
    ],
    [
      [0x67, 0, 0, 3, 1],
      [0, 0, 1],
    ],
    [
      [0x67, 0, 0, 3, 0, 0, 3, 0],
      [0, 0, 0, 0, 0],
    ],
    [
      [0x67, 0, 3, 0, 3],
      [0, 3, 0, 3],
    ],
    [
      [0x67, 0, 0, 3],
      [0, 0],
    ],
    [[0x67], []],
  ];
  for (const [nal, rbsp] of rows) {
    const bytes = Uint8Array.from(nal);
    assert.deepEqual([...rbspOf(bytes, 1)], rbsp);
    assert.deepEqual([...bytes], nal, 'input untouched');
  }
  assert.deepEqual([...rbspOf(Uint8Array.of(0x67, 1, 2, 3, 4), 1, 3)], [1, 2]);
});

function bytesOf(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return Uint8Array.from({ length: padded.length / 8 }, (_, i) => parseInt(padded.slice(8 * i, 8 * i + 8), 2));
}
