/** Each depacketizer, 100,000 payloads (WEIR_FUZZ_INPUTS says another number): what src/core/codec/mutation.test.ts glances at. */
import { test } from 'node:test';
import { damagePayloads } from '../../src/core/codec/damaged-payloads.table.ts';
import { CODECS } from '../../src/core/codec/registry.ts';
import { FUZZ_INPUTS, FUZZ_SEED } from '../harness/fuzz.ts';

for (const codec of CODECS) {
  const name = codec.encodings[0] ?? codec.name;
  test(`${name}: ${FUZZ_INPUTS} payloads, WEIR_SEED=${FUZZ_SEED}`, () => damagePayloads(codec, FUZZ_INPUTS));
}
