/** Picture order counts from slice headers (H.265 §7.3.6.1 and §8.3.1), for streams whose parameter sets lie about reordering. */
import { BitReader, rbspOf } from '../../bytes/bit-reader.ts';
import { SLICE_HEAD_BYTES } from '../nal/limits.ts';
import type { PictureOrder } from '../nal/video-setup.ts';
import {
  NAL_IDR_N_LP,
  NAL_IDR_W_RADL,
  NAL_LAST_IRAP,
  NAL_LAST_RESERVED_N,
  NAL_RADL_N,
  NAL_RASL_R,
  nalTypeAt,
} from './nal-types.ts';
import type { H265ParameterSets } from './parameter-sets.ts';

const FIRST_BLA = 16;
const LAST_BLA = 18;

export class H265PictureOrder implements PictureOrder {
  readonly #sets: H265ParameterSets;
  #synchronized = false;
  #referenceMsb = 0;
  #referenceLsb = 0;

  constructor(sets: H265ParameterSets) {
    this.#sets = sets;
  }

  next(nal: Uint8Array, key: boolean): number | undefined {
    const type = nalTypeAt(nal, 0);
    const lsb = this.#readLsb(nal, type);
    if (lsb === undefined || (!key && !this.#synchronized)) return undefined;
    const restarts = type === NAL_IDR_W_RADL || type === NAL_IDR_N_LP || (type >= FIRST_BLA && type <= LAST_BLA);
    const range = 2 ** lsb.bits;
    const ahead = lsb.value - this.#referenceLsb;
    const carry = ahead <= -range / 2 ? range : ahead > range / 2 ? -range : 0;
    const msb = restarts || !this.#synchronized ? 0 : this.#referenceMsb + carry;
    this.#synchronized = true;
    if (isReference(nal, type)) {
      this.#referenceMsb = msb;
      this.#referenceLsb = lsb.value;
    }
    return msb + lsb.value;
  }

  #readLsb(nal: Uint8Array, type: number): { readonly value: number; readonly bits: number } | undefined {
    const reader = new BitReader(rbspOf(nal, 2, SLICE_HEAD_BYTES));
    if (!reader.flag()) return undefined; // first_slice_segment_in_pic_flag
    if (type >= FIRST_BLA && type <= NAL_LAST_IRAP) reader.skip(1); // no_output_of_prior_pics_flag
    const sets = this.#sets.setsOf(reader.ue());
    if (sets === undefined) return undefined;
    const bits = sets.sps.log2MaxLsb;
    if (type === NAL_IDR_W_RADL || type === NAL_IDR_N_LP) return reader.overrun ? undefined : { value: 0, bits };
    reader.skip(sets.pps.extraSliceHeaderBits);
    reader.ue(); // slice_type
    if (sets.pps.outputFlagPresent) reader.skip(1);
    if (sets.sps.separateColourPlanes) reader.skip(2);
    const value = reader.bits(bits);
    return reader.overrun ? undefined : { value, bits };
  }
}

/** Whether the next counts go by it: of the lowest layer, no leading picture, no sub-layer non-reference picture. */
function isReference(nal: Uint8Array, type: number): boolean {
  const temporalId = ((nal[1] ?? 0) & 7) - 1;
  const leading = type >= NAL_RADL_N && type <= NAL_RASL_R;
  return temporalId === 0 && !leading && !(type <= NAL_LAST_RESERVED_N && type % 2 === 0);
}
