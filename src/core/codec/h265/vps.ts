/** A video parameter set (H.265 §7.3.2.1): only its id; what it says of a single layer stands in the sequence parameter set too. */
export interface H265Vps {
  readonly id: number;
}

/** Reads a NAL unit of type 32; undefined if it has no content. */
export function parseH265Vps(nal: Uint8Array): H265Vps | undefined {
  const first = nal[2];
  return first === undefined ? undefined : { id: first >> 4 };
}
