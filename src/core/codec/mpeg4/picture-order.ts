/** Display times that VOPs of MPEG-4 Visual state of themselves (ISO 14496-2 §6.3.5), in ticks of the layer, as picture order counts. */
import { BitReader } from '../../bytes/bit-reader.ts';
import type { PictureOrder } from '../nal/video-setup.ts';
import type { Mpeg4Layer } from './layer.ts';

const START_CODE_BYTES = 4;
const BIDIRECTIONAL = 2;
/** More seconds between two pictures than this are a broken header. */
const MAX_SECONDS = 64;

export class Mpeg4PictureOrder implements PictureOrder {
  layer: Mpeg4Layer | undefined;
  /** Whole seconds of the newest picture that is not a B-VOP, and of the one before it, from which B-VOPs count. */
  #seconds = 0;
  #secondsBefore = 0;

  next(vop: Uint8Array): number | undefined {
    const { layer } = this;
    if (layer === undefined) return undefined;
    const reader = new BitReader(vop.subarray(START_CODE_BYTES));
    const type = reader.bits(2);
    let seconds = 0;
    while (reader.flag()) {
      seconds += 1;
      if (seconds > MAX_SECONDS) return undefined;
    }
    reader.skip(1);
    const increment = reader.bits(layer.incrementBits);
    if (reader.overrun) return undefined;
    if (type === BIDIRECTIONAL) return (this.#secondsBefore + seconds) * layer.resolution + increment;
    this.#secondsBefore = this.#seconds;
    this.#seconds += seconds;
    return this.#seconds * layer.resolution + increment;
  }
}
