/** Damaged copies of good input, the same for the same seed: what tests feed to parsers. */
export type Random = () => number;

export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

/** A copy with a few bytes changed, cut out, doubled or cut off. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let copy = new Uint8Array(bytes);
  for (let changes = 1 + below(4, random); changes > 0; changes--) {
    const at = below(copy.length, random);
    const end = Math.min(at + 1 + below(16, random), copy.length);
    const kind = below(5, random);
    if (kind === 0) copy[at] = below(256, random);
    else if (kind === 1) copy = joined([copy.subarray(0, at), copy.subarray(end)]);
    else if (kind === 2) copy = joined([copy.subarray(0, end), copy.subarray(at)]);
    else if (kind === 3) copy = copy.slice(0, at);
    else copy[at] = (copy[at] ?? 0) ^ (1 << below(8, random));
  }
  return copy;
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
