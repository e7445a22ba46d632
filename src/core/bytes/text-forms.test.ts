import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64Of, bytesOfBase64 } from './base64.ts';
import { bytesOfHex, hexOf, randomHex } from './hex.ts';

test('base64 as devices write it', () => {
  const rows: readonly (readonly [text: string, bytes: readonly number[] | undefined])[] = [
    ['aO48gA==', [0x68, 0xee, 0x3c, 0x80]],
    ['aO48gA', [0x68, 0xee, 0x3c, 0x80]],
    [' aO48 gA==\r\n', [0x68, 0xee, 0x3c, 0x80]],
    ['aO48gA==junk', [0x68, 0xee, 0x3c, 0x80]],
    ['aO48g', [0x68, 0xee, 0x3c]],
    ['', undefined],
    ['a', undefined],
    ['!!', undefined],
  ];
  for (const [text, bytes] of rows) {
    const read = bytesOfBase64(text);
    assert.deepEqual(read === undefined ? undefined : [...read], bytes, text);
  }
});

test('base64 and hexadecimal there and back', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(bytesOfBase64(base64Of(bytes)), bytes);
  assert.deepEqual(bytesOfHex(hexOf(bytes)), bytes);
  assert.deepEqual(bytesOfHex('119056E500'), Uint8Array.of(0x11, 0x90, 0x56, 0xe5, 0));
  for (const junk of ['1', '1g', '0x11']) assert.equal(bytesOfHex(junk), undefined, junk);
});

test('hexadecimal by chance: so many digits, and all of the chance in them', () => {
  const draws = [0, 0.5, 1 / 2 ** 32, 1 - 1 / 2 ** 32];
  const random = (): number => draws.shift() ?? 0;
  assert.equal(randomHex(random, 16), '0000000080000000');
  assert.equal(randomHex(random, 12), '00000001ffff');
  assert.equal(draws.length, 0);
});
