import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rbspOf } from './bit-reader.ts';

const ROWS: readonly (readonly [nal: string, rbsp: string])[] = [
  ['67', ''],
  ['67010203', '010203'],
  ['67000003', '0000'],
  ['670000030001', '00000001'],
  ['67000003000003', '00000000'],
  ['6700000300000300000301', '00000000000001'],
  ['670003000003', '00030000'],
];

describe('rbspOf', () => {
  for (const [nal, rbsp] of ROWS) {
    it(`takes the emulation prevention bytes out of ${nal}, and leaves the input alone`, () => {
      // A Buffer as sockets give it: its slice() is a view, which has changed an input before.
      for (const input of [Buffer.from(nal, 'hex'), new Uint8Array(Buffer.from(nal, 'hex'))]) {
        assert.equal(Buffer.from(rbspOf(input, 1)).toString('hex'), rbsp);
        assert.equal(Buffer.from(input).toString('hex'), nal);
      }
    });
  }
});
