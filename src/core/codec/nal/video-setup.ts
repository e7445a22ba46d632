/** What the shared access unit assembler asks of a codec's parameter sets and slices. */
import type { MuxableParameters } from '../codec-parameters.ts';

/** The set-up in force, and what is needed beside it to tell decode times. */
export interface VideoSetup {
  readonly parameters: MuxableParameters;
  /** Pictures that precede one in decoding and follow it in output, at most; undefined: the sets do not say. */
  readonly reorderDepth: number | undefined;
}

/** The parameter sets of one track as they come, by SDP or in-band. */
export interface ParameterSets {
  /** Takes one NAL unit that is a parameter set (copied if kept); false if it is junk. */
  take(nal: Uint8Array): boolean;
  /** The same object as long as the meaning is the same. */
  current(): VideoSetup | undefined;
}

/** What a NAL unit is to the assembler. */
export type NalKind =
  | 'slice'
  /** A slice of a random access picture. */
  | 'key-slice'
  | 'parameter-set'
  /** Delimiters and filler, which say nothing in MP4. */
  | 'stripped'
  | 'other';

/** Tells picture order counts (H.264 §8.2.1, H.265 §8.3.1), one picture after the other in decode order. */
export interface PictureOrder {
  /** Of the picture whose first slice is `nal` (at least its first SLICE_HEAD_BYTES); undefined until a key frame, or if the header cannot be read. */
  next(nal: Uint8Array, key: boolean): number | undefined;
}

export interface NalSyntax {
  readonly headerBytes: 1 | 2;
  kindOf(nal: Uint8Array): NalKind;
  /** The slice says that it is the first of its picture. `nal` may be cut off after a few bytes. */
  startsPicture(nal: Uint8Array): boolean;
  /** The slice's picture follows a random access picture and needs what was before it (H.265 RASL, §3.130). */
  leansBack(nal: Uint8Array): boolean;
}
