/**
 * One picture or one audio frame of a track, between the depacketizers and whoever muxes, stores or decodes.
 * H.264, H.265: NAL units without start codes, parameter sets and access unit delimiters (those stand in `parameters`).
 * Everything else has one entry: the frame as MP4 would store it (AV1: a temporal unit of OBUs with sizes, without the delimiter; VP9: a
 * superframe; MJPEG: a whole JPEG; audio: one raw frame, no ADTS). The bytes are views of frozen relay buffers or copies of the depacketizer's own: nobody writes them.
 */
import type { CodecParameters } from './codec-parameters.ts';

/** A NAL unit or an audio frame in pieces, to be laid one after the other: as packets cut it, so that muxing is the only copy. */
export type Pieces = readonly Uint8Array[];

export interface AccessUnit {
  /** Presentation and decode time in ticks of the track's clock, unwrapped (below 2^53); dts ≤ pts, dts strictly increasing. */
  readonly ptsTicks: number;
  readonly dtsTicks: number;
  /** A decoder can start here: IDR, CRA (leading pictures that cannot be decoded are dropped by who enters here), BLA; always true for audio. */
  readonly key: boolean;
  /** Loss damaged it, or what it depends on. Stored and flagged, never shown as a still. */
  readonly damaged: boolean;
  readonly data: readonly Pieces[];
  /** Sum of the lengths in `data`, without length prefixes. */
  readonly byteLength: number;
  /** The set-up in force for this unit. */
  readonly parameters: CodecParameters;
}

/** The NAL units (one frame of audio) of `unit`, each in one piece: views, and copies of those that came in several. */
export function wholeData(unit: Pick<AccessUnit, 'data'>): readonly Uint8Array[] {
  return unit.data.map(joined);
}

/** The bytes in one piece: a view if they are, a copy otherwise. */
export function joined(pieces: Pieces): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(byteLengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export function byteLengthOf(pieces: Pieces): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}
