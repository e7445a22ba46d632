/** One track of an init section: what `moov` says of it. Equal lists make equal bytes. */
import type { MuxableParameters } from '../codec/codec-parameters.ts';

export interface InitTrack {
  /** From 1, without holes, in the order of the list. */
  readonly trackId: number;
  /** Ticks a second. */
  readonly timescale: number;
  readonly parameters: MuxableParameters;
}
