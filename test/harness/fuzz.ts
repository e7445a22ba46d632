/**
 * How much is fuzzed, from which seed, and with what. WEIR_FUZZ_INPUTS says how many inputs each parser and each depacketizer gets, WEIR_FUZZ_ROUNDS how
 * long dialogues and media are, WEIR_SEED where the random numbers begin. What fails says both the seed and the round.
 */
import assert from 'node:assert/strict';
import { below, joined, mutated, type Random } from './mutations.ts';
import { seededRandom, unitSeed } from './seeded-random.ts';

export const FUZZ_SEED = unitSeed();
export const FUZZ_ROUNDS = Number(process.env['WEIR_FUZZ_ROUNDS'] ?? 100_000);
/** For each parser and depacketizer: a glance in the unit run, the whole in test/fuzz. */
export const UNIT_INPUTS = inputsOr(2000);
export const FUZZ_INPUTS = inputsOr(100_000);

/** A reader of one kind of input: a row of the tables beside src/core/parsers.fuzz.test.ts. */
export interface Parser {
  readonly name: string;
  readonly seeds: readonly (Uint8Array | string)[];
  /** A new one; what it keeps from round to round has to stay bounded. */
  readonly reader: () => (input: Uint8Array, random: Random) => void;
}

/** What breaks readers of text: ends of lines, separators, numbers that are none. */
const TOKENS = [
  '\r\n', '\n', '\r\n\r\n', '\0', ' ', '\t', ':', ';', '=', ',', '"', '-', '/', '//', '?', '@', '*', '%', '%00', '%zz', '%ff', '$', '\\', '\u00e9', '\ud83d',
  '-1', '0', '00', '65536', '4294967296', '99999999999999999999', '1e9', 'NaN', '0x10', 'rtsp://', 'RTSP/1.0', 'HTTP/1.1', 'a=', 'm=', 'x'.repeat(300), ' '.repeat(300),
].map((token) => new TextEncoder().encode(token)); // prettier-ignore

/** Mostly a damaged seed; sometimes two of them joined in the middle, one with a token in it, or noise. Never one of the seeds itself. */
export function anyInput(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  const seed = oneOf(seeds, random);
  switch (below(10, random)) {
    case 0:
      return Uint8Array.from({ length: below(300, random) }, () => below(256, random));
    case 1: {
      const other = oneOf(seeds, random);
      return joined([
        seed.subarray(0, below(seed.length + 1, random)),
        other.subarray(below(other.length + 1, random)),
      ]);
    }
    case 2:
    case 3:
    case 4: {
      const at = below(seed.length + 1, random);
      const skipped = random() < 0.5 ? 0 : below(12, random);
      return joined([seed.subarray(0, at), oneOf(TOKENS, random), seed.subarray(at + skipped)]);
    }
    default:
      return mutated(seed, random);
  }
}

/** The same bytes in views of one to `largest` bytes. */
export function pieces(bytes: Uint8Array, largest: number, random: Random): readonly Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + below(largest, random);
    list.push(bytes.subarray(at, end));
    at = end;
  }
  return list;
}

/** Runs `round` with random numbers of its own; what it throws gets the seed and the round that make it again. */
export function fuzz(name: string, rounds: number, round: (random: Random, index: number) => void): void {
  for (let index = 0; index < rounds; index++) {
    try {
      round(seededRandom(FUZZ_SEED + index), index);
    } catch (error) {
      throw new Error(`${name}: WEIR_SEED=${FUZZ_SEED}, round ${index}`, { cause: error });
    }
  }
}

/** Feeds one reader of a kind with `inputs` inputs; what it was given stays as it was. */
export function fuzzParser({ name, seeds, reader }: Parser, inputs: number): void {
  const read = reader();
  const bytes = seeds.map(bytesOfSeed);
  fuzz(name, inputs, (random) => {
    const input = anyInput(bytes, random);
    const before = input.slice();
    read(input, random);
    assert.equal(Buffer.compare(input, before), 0, 'the input was written to');
  });
}

export function bytesOfSeed(seed: Uint8Array | string): Uint8Array {
  return typeof seed === 'string' ? new TextEncoder().encode(seed) : seed;
}

export function oneOf<T>(list: readonly T[], random: Random): T {
  const found = list[below(list.length, random)];
  if (found === undefined) throw new RangeError('an empty list');
  return found;
}

function inputsOr(usual: number): number {
  return Number(process.env['WEIR_FUZZ_INPUTS'] ?? usual);
}
