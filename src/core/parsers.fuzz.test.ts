/**
 * Every parser of `core/` that reads what a peer sent, fed with damaged, joined and random input. No exception, every limit holds, what was given is
 * not written to, nothing depends on where the bytes were cut, and what can be written is read back as it was. A glance: test/fuzz/parsers.test.ts
 * does it at length. Payloads of codecs: codec/mutation.test.ts; whole dialogues: the fuzz tests beside the machines.
 */
import { test } from 'node:test';
import { UNIT_INPUTS, fuzzParser } from '../../test/harness/fuzz.ts';
import { BYTE_PARSERS } from './byte-parsers.table.ts';
import { TEXT_PARSERS } from './text-parsers.table.ts';

for (const parser of [...BYTE_PARSERS, ...TEXT_PARSERS])
  test(`damaged input: ${parser.name}`, () => fuzzParser(parser, UNIT_INPUTS));
