/**
 * Access units as MP4 samples and back. H.264, H.265: each NAL unit behind its length (ISO 14496-15 §5.3.4.2, ours always 4 bytes); others:
 * the frame as it is.
 */
import { byteLengthOf } from './access-unit.ts';
import type { AccessUnit } from './access-unit.ts';
import { CODECS, codecNamed, hasNalUnits } from './registry.ts';
import type { CodecParameters } from './codec-parameters.ts';

const LENGTH_BYTES = 4;

/** The sample in pieces, to be laid one after the other: length prefixes (new) and the unit's own bytes (views). */
export function samplePieces(unit: AccessUnit): readonly Uint8Array[] {
  if (!hasNalUnits(unit.parameters.codec)) return unit.data.flat();
  const prefixes = new Uint8Array(LENGTH_BYTES * unit.data.length);
  const view = new DataView(prefixes.buffer);
  const pieces: Uint8Array[] = [];
  unit.data.forEach((nal, i) => {
    view.setUint32(LENGTH_BYTES * i, byteLengthOf(nal));
    pieces.push(prefixes.subarray(LENGTH_BYTES * i, LENGTH_BYTES * (i + 1)));
    for (const piece of nal) pieces.push(piece);
  });
  return pieces;
}

/** Bytes of the sample: the sum of `samplePieces`. */
export function sampleSize(unit: AccessUnit): number {
  return hasNalUnits(unit.parameters.codec) ? unit.byteLength + LENGTH_BYTES * unit.data.length : unit.byteLength;
}

export interface SampleTimes {
  readonly ptsTicks: number;
  readonly dtsTicks: number;
}

/**
 * The access unit of an MP4 sample (views of it), parameter sets and delimiters taken out; `lengthBytes` as the sample entry says
 * (`nalLengthBytes`). Undefined if the lengths do not fit the sample, or nothing is left. Whether it is a key frame is read from the NAL
 * units, since files lie about it. Never throws.
 */
export function unitFromSample(
  sample: Uint8Array,
  parameters: CodecParameters,
  times: SampleTimes,
  lengthBytes = LENGTH_BYTES,
): AccessUnit | undefined {
  const codec = codecNamed(parameters.codec);
  if (codec === undefined) return undefined;
  const nals = codec.nalLengthBytes === undefined ? [sample] : splitSample(sample, lengthBytes);
  const content = nals === undefined ? undefined : codec.contentOf(nals);
  if (content === undefined) return undefined;
  const data = content.data.map((nal) => [nal]);
  return { ...times, key: content.key, damaged: false, data, byteLength: byteLengthOf(content.data), parameters };
}

/** How many bytes a length prefix has under this sample entry (avcC and hvcC say it); 4 if it does not say. */
export function nalLengthBytes(entry: Uint8Array): 1 | 2 | 3 | 4 {
  for (const codec of CODECS) {
    const bytes = codec.nalLengthBytes?.(entry);
    if (bytes !== undefined) return bytes;
  }
  return LENGTH_BYTES;
}

function splitSample(sample: Uint8Array, lengthBytes: number): readonly Uint8Array[] | undefined {
  const nals: Uint8Array[] = [];
  let at = 0;
  while (at + lengthBytes <= sample.length) {
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (sample[at + i] ?? 0);
    at += lengthBytes;
    if (length > sample.length - at) return undefined;
    if (length > 0) nals.push(sample.subarray(at, at + length));
    at += length;
  }
  return at === sample.length ? nals : undefined;
}
