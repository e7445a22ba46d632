/** Every parser of text and bytes from peers, 100,000 inputs each (WEIR_FUZZ_INPUTS says another number): what src/core/parsers.fuzz.test.ts glances at. */
import { test } from 'node:test';
import { BYTE_PARSERS } from '../../src/core/byte-parsers.table.ts';
import { TEXT_PARSERS } from '../../src/core/text-parsers.table.ts';
import { FUZZ_INPUTS, FUZZ_SEED, fuzzParser } from '../harness/fuzz.ts';

for (const parser of [...BYTE_PARSERS, ...TEXT_PARSERS])
  test(`${parser.name}: ${FUZZ_INPUTS} inputs, WEIR_SEED=${FUZZ_SEED}`, () => fuzzParser(parser, FUZZ_INPUTS));
