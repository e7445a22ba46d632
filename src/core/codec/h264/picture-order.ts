/** Picture order counts from slice headers (H.264 §7.3.3 and §8.2.1), for streams whose sets do not say how far pictures are reordered. */
import { BitReader, rbspOf } from '../../bytes/bit-reader.ts';
import { SLICE_HEAD_BYTES } from '../nal/limits.ts';
import type { PictureOrder } from '../nal/video-setup.ts';
import { NAL_IDR } from './nal-types.ts';
import type { H264ParameterSets } from './parameter-sets.ts';
import type { H264Pps } from './pps.ts';
import type { H264Sps, PictureOrderSyntax } from './sps.ts';

interface SliceHead {
  readonly idr: boolean;
  readonly reference: boolean;
  readonly frameNum: number;
  readonly bottomField: boolean;
  readonly lsb: number;
  readonly delta: number;
}

/** A memory_management_control_operation 5, which would reset the count, is not looked for: no camera was seen to send one. */
export class H264PictureOrder implements PictureOrder {
  readonly #sets: H264ParameterSets;
  #synchronized = false;
  #referenceMsb = 0;
  #referenceLsb = 0;
  #frameNum = 0;
  #frameNumOffset = 0;

  constructor(sets: H264ParameterSets) {
    this.#sets = sets;
  }

  next(nal: Uint8Array, key: boolean): number | undefined {
    const reader = new BitReader(rbspOf(nal, 1, SLICE_HEAD_BYTES));
    reader.ue(); // first_mb_in_slice
    reader.ue(); // slice_type
    const sets = this.#sets.setsOf(reader.ue());
    if (sets === undefined || (!key && !this.#synchronized)) return undefined;
    const head = readHead(reader, nal[0] ?? 0, sets.sps, sets.pps);
    if (reader.overrun) return undefined;
    this.#synchronized = true;
    switch (sets.sps.order.type) {
      case 0:
        return this.#byLsb(head, sets.sps.order.log2MaxLsb);
      case 1:
        return this.#byFrameNum(head, sets.sps, sets.sps.order);
      case 2:
        return undefined;
    }
  }

  /** §8.2.1.1. */
  #byLsb(head: SliceHead, log2MaxLsb: number): number {
    if (head.idr) this.#referenceMsb = this.#referenceLsb = 0;
    const range = 2 ** log2MaxLsb;
    const ahead = head.lsb - this.#referenceLsb;
    const msb = this.#referenceMsb + (ahead <= -range / 2 ? range : ahead > range / 2 ? -range : 0);
    if (head.reference) {
      this.#referenceMsb = msb;
      this.#referenceLsb = head.lsb;
    }
    return msb + head.lsb;
  }

  /** §8.2.1.2, of the top field or the frame. */
  #byFrameNum(head: SliceHead, sps: H264Sps, order: Extract<PictureOrderSyntax, { readonly type: 1 }>): number {
    if (head.idr) this.#frameNumOffset = 0;
    else if (head.frameNum < this.#frameNum) this.#frameNumOffset += 2 ** sps.log2MaxFrameNum;
    this.#frameNum = head.frameNum;
    const cycle = order.offsetsForRefFrame;
    const absolute = cycle.length === 0 ? 0 : this.#frameNumOffset + head.frameNum;
    const counted = head.reference || absolute === 0 ? absolute : absolute - 1;
    let expected = 0;
    if (counted > 0) {
      const perCycle = cycle.reduce((sum, offset) => sum + offset, 0);
      expected = Math.floor((counted - 1) / cycle.length) * perCycle;
      for (let i = 0; i <= (counted - 1) % cycle.length; i++) expected += cycle[i] ?? 0;
    }
    if (!head.reference) expected += order.offsetForNonRef;
    return expected + (head.bottomField ? order.offsetForTopToBottom : 0) + head.delta;
  }
}

/** §7.3.3, from after `pic_parameter_set_id` to the order count. */
function readHead(reader: BitReader, header: number, sps: H264Sps, pps: H264Pps): SliceHead {
  const idr = (header & 31) === NAL_IDR;
  if (sps.separateColourPlanes) reader.skip(2);
  const frameNum = reader.bits(sps.log2MaxFrameNum);
  const field = !sps.frameMbsOnly && reader.flag();
  const bottomField = field && reader.flag();
  if (idr) reader.ue(); // idr_pic_id
  const lsb = sps.order.type === 0 ? reader.bits(sps.order.log2MaxLsb) : 0;
  if (sps.order.type === 0 && pps.bottomFieldOrderPresent && !field) reader.se();
  const delta = sps.order.type === 1 && !sps.order.deltaAlwaysZero ? reader.se() : 0;
  return { idr, reference: (header & 0x60) !== 0, frameNum, bottomField, lsb, delta };
}
