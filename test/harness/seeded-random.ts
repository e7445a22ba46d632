/** Random numbers that can be had again: the seed is printed with whatever fails (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** For unit tests: the same each time, so that a run that was green stays it; WEIR_SEED looks elsewhere. */
export function unitSeed(): number {
  return Number(process.env['WEIR_SEED'] ?? 20_261_124);
}

/** For long tests, which go on looking: from WEIR_SEED, else new. */
export function newSeed(): number {
  return Number(process.env['WEIR_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
}
