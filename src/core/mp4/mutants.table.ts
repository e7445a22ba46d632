/** Seeded damage for tests: the same seed gives the same bytes. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to `end`, without it (mulberry32). */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }
}

/** A copy with one to four faults: a byte changed, a 32-bit field set to an extreme, a piece removed or doubled. */
export function mutant(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let changed = bytes.slice();
  for (let faults = 1 + random.below(4); faults > 0 && changed.length > 8; faults--) changed = fault(changed, random);
  return changed;
}

const EXTREMES = [0, 1, 7, 8, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

function fault(bytes: Uint8Array<ArrayBuffer>, random: SeededRandom): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length - 4);
  const length = 1 + random.below(16);
  switch (random.below(4)) {
    case 0:
      bytes[at] = random.below(256);
      return bytes;
    case 1:
      new DataView(bytes.buffer).setUint32(at, EXTREMES[random.below(EXTREMES.length)] ?? 0);
      return bytes;
    case 2:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    default:
      return joined(bytes.subarray(0, at + length), bytes.subarray(at));
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
