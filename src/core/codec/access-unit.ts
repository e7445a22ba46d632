/**
 * One picture or one audio frame of a track, between the depacketizers and whoever muxes, stores or decodes.
 * Video: NAL units without start codes, parameter sets and access unit delimiters (those stand in `parameters`).
 * Audio: one raw frame (no ADTS). The bytes are views of frozen relay buffers or copies of the depacketizer's own: nobody writes them.
 */
import type { CodecParameters } from './codec-parameters.ts';

export interface AccessUnit {
  /** Presentation and decode time in ticks of the track's clock, unwrapped (below 2^53); dts ≤ pts, dts strictly increasing. */
  readonly ptsTicks: number;
  readonly dtsTicks: number;
  /** A decoder can start here: IDR, CRA (leading pictures that cannot be decoded are dropped by who enters here), BLA; always true for audio. */
  readonly key: boolean;
  /** Loss damaged it, or what it depends on. Stored and flagged, never shown as a still. */
  readonly damaged: boolean;
  readonly data: readonly Uint8Array[];
  /** Sum of the lengths in `data`, without length prefixes. */
  readonly byteLength: number;
  /** The set-up in force for this unit. */
  readonly parameters: CodecParameters;
}
