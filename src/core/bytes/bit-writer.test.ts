import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BitReader } from './bit-reader.ts';
import { BitWriter, bytesAtBit } from './bit-writer.ts';
import { hexOf } from './hex.ts';

test('bits are written as they are read', () => {
  const fields = [
    [1, 1],
    [0x1ff, 9],
    [0, 3],
    [0xffffffff, 32],
    [5, 7],
  ] as const;
  const writer = new BitWriter();
  for (const [value, count] of fields) writer.bits(value, count);
  assert.equal(writer.length, 52);
  const reader = new BitReader(writer.take());
  for (const [value, count] of fields) assert.equal(reader.bits(count), value);
  assert.equal(hexOf(new BitWriter().bits(0b101, 3).take()), 'a0');
});

test('bytes at any bit, and part of their bits', () => {
  const bytes = Uint8Array.of(0x12, 0x34, 0x56, 0x78);
  for (let offset = 0; offset <= 16; offset++) {
    const written = new BitWriter().bits(0, offset).bytes(bytes).take();
    assert.deepEqual(bytesAtBit(written, offset, 4), bytes, `${offset}`);
  }
  assert.equal(hexOf(new BitWriter().bytes(bytes, 12).take()), '1230');
  assert.equal(hexOf(bytesAtBit(bytes, 28, 2)), '8000');
  assert.equal(hexOf(bytesAtBit(bytes, 24, 2)), '7800');
  const shared = Buffer.from(bytes);
  const copies = [0, 4].map((offset) => bytesAtBit(shared, offset, 2));
  shared.fill(0);
  assert.deepEqual(copies.map(hexOf), ['1234', '2345'], 'a copy also of a Buffer');
});
