/**
 * Every parser of `core/` that reads what a peer sent, fed with damaged, joined and random input. No exception, every limit holds, what was given is
 * not written to, nothing depends on where the bytes were cut, and what can be written is read back as it was. Payloads of codecs:
 * codec/mutation.test.ts; whole dialogues: the fuzz tests beside the machines.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FUZZ_ROUNDS, anyInput, fuzz } from '../../test/harness/fuzz.ts';
import { BYTE_PARSERS } from './byte-parsers.table.ts';
import { TEXT_PARSERS } from './text-parsers.table.ts';

const PARSERS = [...BYTE_PARSERS, ...TEXT_PARSERS];
const SHARES = PARSERS.reduce((sum, { share }) => sum + share, 0);

for (const { name, share, seeds, reader } of PARSERS) {
  test(`damaged input: ${name}`, () => {
    const read = reader();
    const bytes = seeds.map((seed) => (typeof seed === 'string' ? new TextEncoder().encode(seed) : seed));
    fuzz(name, Math.ceil((FUZZ_ROUNDS * share) / SHARES), (random) => {
      const input = anyInput(bytes, random);
      const before = input.slice();
      read(input, random);
      assert.equal(Buffer.compare(input, before), 0, 'the input was written to');
    });
  });
}
