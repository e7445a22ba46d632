/** The coding tools of a sequence parameter set, from the block sizes to before the VUI (H.265 §7.3.2.2.1): passed over. */
import type { BitReader } from '../../bytes/bit-reader.ts';

/** num_short_term_ref_pic_sets, num_long_term_ref_pics_sps (§7.4.3.2.1), pictures in a set (§7.4.8). */
const MAX_SHORT_TERM_SETS = 64;
const MAX_LONG_TERM = 32;
const MAX_SET_PICTURES = 16;

/** False if it could not be followed to its end. */
export function skipCodingTools(reader: BitReader, log2MaxLsb: number): boolean {
  for (let i = 0; i < 6; i++) reader.ue(); // block sizes and depths
  if (reader.flag() && reader.flag()) skipScalingLists(reader);
  reader.skip(2); // amp, sample adaptive offset
  if (reader.flag()) skipPcm(reader);
  if (!skipShortTermSets(reader)) return false;
  if (reader.flag()) {
    const longTerm = reader.ue();
    if (longTerm > MAX_LONG_TERM) return false;
    reader.skip(longTerm * (log2MaxLsb + 1));
  }
  reader.skip(2); // temporal motion vectors, strong intra smoothing
  return !reader.overrun;
}

function skipPcm(reader: BitReader): void {
  reader.skip(8); // bit depths
  reader.ue();
  reader.ue();
  reader.skip(1); // loop filter
}

/** §7.3.4. */
function skipScalingLists(reader: BitReader): void {
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    for (let matrixId = 0; matrixId < 6; matrixId += sizeId === 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.ue();
        continue;
      }
      if (sizeId > 1) reader.se();
      for (let i = 0; i < Math.min(64, 1 << (4 + (sizeId << 1))); i++) reader.se();
    }
  }
}

/** §7.3.7: a set lists its pictures, or is told from the one before it. */
function skipShortTermSets(reader: BitReader): boolean {
  const count = reader.ue();
  if (count > MAX_SHORT_TERM_SETS) return false;
  let set: readonly number[] | undefined = [];
  for (let i = 0; i < count; i++) {
    set = i > 0 && reader.flag() ? readPredictedSet(reader, set) : readListedSet(reader);
    if (set === undefined || set.length > MAX_SET_PICTURES || reader.overrun) return false;
  }
  return true;
}

/** The count distances of the new set, which the flags of the next predicted one go by (7-61, 7-62): past ones from near to far, then future ones. */
function readPredictedSet(reader: BitReader, before: readonly number[]): readonly number[] {
  const sign = reader.flag() ? -1 : 1;
  const shift = sign * (reader.ue() + 1);
  const kept: number[] = [];
  for (const distance of [...before, 0]) {
    const used = reader.flag();
    if ((used || reader.flag()) && distance + shift !== 0) kept.push(distance + shift);
  }
  const past = kept.filter((distance) => distance < 0).sort((a, b) => b - a);
  return [...past, ...kept.filter((distance) => distance > 0).sort((a, b) => a - b)];
}

/** Undefined: too many pictures. */
function readListedSet(reader: BitReader): readonly number[] | undefined {
  const past = reader.ue();
  const future = reader.ue();
  if (past + future > MAX_SET_PICTURES) return undefined;
  return [...readDistances(reader, past, -1), ...readDistances(reader, future, 1)];
}

function readDistances(reader: BitReader, count: number, sign: 1 | -1): readonly number[] {
  let distance = 0;
  return Array.from({ length: count }, () => {
    distance += sign * (reader.ue() + 1);
    reader.skip(1);
    return distance;
  });
}
