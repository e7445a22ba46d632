/**
 * One media fragment (ISO 14496-12 §8.8), in one allocation of the exact size:
 *
 *     [prefix: styp, uuid]  moof( mfhd  traf( tfhd tfdt trun ) … )  mdat( samples of track 1, samples of track 2, … )
 *
 * Offsets count from the moof (default-base-is-moof), `tfdt` and `trun` have version 1, and a value that all samples of a track
 * share stands once in `tfhd`.
 */
import { ByteWriter } from '../byte-writer.ts';
import { sampleFlags } from '../sample-flags.ts';

export interface FragmentSample {
  readonly durationTicks: number;
  /** pts − dts; may be negative. */
  readonly compositionOffsetTicks: number;
  readonly key: boolean;
  /** Loss damaged it: marked in its flags. */
  readonly damaged?: boolean;
  /** The sample's bytes, in order: views, copied once. */
  readonly pieces: readonly Uint8Array[];
  /** Sum of the lengths of `pieces`. */
  readonly size: number;
}

export interface FragmentRun {
  readonly trackId: number;
  /** Decode time of the first sample: ticks below 2^53. */
  readonly baseDecodeTicks: number;
  readonly samples: readonly FragmentSample[];
}

export interface FragmentInput {
  /** mfhd: grows from fragment to fragment (32 bits, taken modulo). */
  readonly sequence: number;
  /** Boxes before the moof: the start of a segment (recording/segment-start.ts). */
  readonly prefix?: Uint8Array;
  /** Tracks without samples are left out. */
  readonly tracks: readonly FragmentRun[];
}

/** Where the 64-bit base media decode time of a track stands. */
export interface TfdtOffset {
  readonly trackId: number;
  readonly offset: number;
}

export interface WrittenFragment {
  readonly bytes: Uint8Array;
  /** One for each track that has samples, in the order of the tracks. */
  readonly tfdtOffsets: readonly TfdtOffset[];
  /** For each track of the input, where each of its samples begins in `bytes`. */
  readonly sampleOffsets: readonly (readonly number[])[];
}

export function writeFragment(input: FragmentInput): WrittenFragment {
  const layouts = input.tracks.filter((run) => run.samples.length > 0).map(layoutOf);
  let moofSize = 8 + MFHD_SIZE;
  let mdatSize = 8;
  for (const layout of layouts) {
    moofSize += layout.trafSize;
    mdatSize += layout.dataSize;
  }
  const prefixSize = input.prefix?.length ?? 0;
  const writer = new ByteWriter(prefixSize + moofSize + mdatSize);
  if (input.prefix !== undefined) writer.raw(input.prefix);
  writer.box(moofSize, 'moof');
  writer.fullBox(MFHD_SIZE, 'mfhd', 0, 0);
  writer.u32(input.sequence);
  const tfdtOffsets: TfdtOffset[] = [];
  let dataOffset = moofSize + 8;
  for (const layout of layouts) {
    tfdtOffsets.push({ trackId: layout.run.trackId, offset: writeTraf(writer, layout, dataOffset) });
    dataOffset += layout.dataSize;
  }
  writer.box(mdatSize, 'mdat');
  const sampleOffsets = input.tracks.map((run) => writeSamples(writer, run.samples));
  return { bytes: writer.bytes, tfdtOffsets, sampleOffsets };
}

const MFHD_SIZE = 16;
const TFDT_SIZE = 20;

// tfhd flags (§8.8.7) and trun flags (§8.8.8)
const DEFAULT_DURATION = 0x08;
const DEFAULT_SIZE = 0x10;
const DEFAULT_FLAGS = 0x20;
const DEFAULT_BASE_IS_MOOF = 0x02_0000;
const DATA_OFFSET = 0x001;
const FIRST_SAMPLE_FLAGS = 0x004;
const SAMPLE_DURATION = 0x100;
const SAMPLE_SIZE = 0x200;
const SAMPLE_FLAGS = 0x400;
const SAMPLE_COMPOSITION = 0x800;

interface TrafLayout {
  readonly run: FragmentRun;
  readonly tfhdFlags: number;
  readonly trunFlags: number;
  /** Values that stand in tfhd; undefined: per sample. */
  readonly duration: number | undefined;
  readonly size: number | undefined;
  readonly flags: number | undefined;
  /** Flags of the first sample, where only that differs. */
  readonly firstFlags: number | undefined;
  readonly trafSize: number;
  readonly dataSize: number;
}

function layoutOf(run: FragmentRun): TrafLayout {
  const { samples } = run;
  const duration = shared(samples, 0, (sample) => sample.durationTicks);
  const size = shared(samples, 0, (sample) => sample.size);
  // The commonest runs: one key frame and what depends on it; or all alike (audio, a part without a key frame).
  const flags = shared(samples, samples.length > 1 ? 1 : 0, flagsOf);
  const first = samples[0] === undefined ? 0 : flagsOf(samples[0]);
  const firstFlags = flags === undefined || first === flags ? undefined : first;
  const composition = samples.some((sample) => sample.compositionOffsetTicks !== 0);
  const tfhdFlags =
    DEFAULT_BASE_IS_MOOF |
    (duration === undefined ? 0 : DEFAULT_DURATION) |
    (size === undefined ? 0 : DEFAULT_SIZE) |
    (flags === undefined ? 0 : DEFAULT_FLAGS);
  const trunFlags =
    DATA_OFFSET |
    (firstFlags === undefined ? 0 : FIRST_SAMPLE_FLAGS) |
    (duration === undefined ? SAMPLE_DURATION : 0) |
    (size === undefined ? SAMPLE_SIZE : 0) |
    (flags === undefined ? SAMPLE_FLAGS : 0) |
    (composition ? SAMPLE_COMPOSITION : 0);
  let dataSize = 0;
  for (const sample of samples) dataSize += sample.size;
  const trafSize = 8 + tfhdSize(tfhdFlags) + TFDT_SIZE + trunSize(trunFlags, samples.length);
  return { run, tfhdFlags, trunFlags, duration, size, flags, firstFlags, trafSize, dataSize };
}

/** Returns where the decode time stands. */
function writeTraf(writer: ByteWriter, layout: TrafLayout, dataOffset: number): number {
  const { run, tfhdFlags, trunFlags } = layout;
  writer.box(layout.trafSize, 'traf');
  writer.fullBox(tfhdSize(tfhdFlags), 'tfhd', 0, tfhdFlags);
  writer.u32(run.trackId);
  if (layout.duration !== undefined) writer.u32(layout.duration);
  if (layout.size !== undefined) writer.u32(layout.size);
  if (layout.flags !== undefined) writer.u32(layout.flags);
  writer.fullBox(TFDT_SIZE, 'tfdt', 1, 0);
  const tfdtOffset = writer.at;
  writer.u64(run.baseDecodeTicks);
  writer.fullBox(trunSize(trunFlags, run.samples.length), 'trun', 1, trunFlags);
  writer.u32(run.samples.length);
  writer.i32(dataOffset);
  if (layout.firstFlags !== undefined) writer.u32(layout.firstFlags);
  for (const sample of run.samples) {
    if (layout.duration === undefined) writer.u32(sample.durationTicks);
    if (layout.size === undefined) writer.u32(sample.size);
    if (layout.flags === undefined) writer.u32(flagsOf(sample));
    if ((trunFlags & SAMPLE_COMPOSITION) !== 0) writer.i32(sample.compositionOffsetTicks);
  }
  return tfdtOffset;
}

function writeSamples(writer: ByteWriter, samples: readonly FragmentSample[]): readonly number[] {
  return samples.map((sample) => {
    const offset = writer.at;
    for (const piece of sample.pieces) writer.raw(piece);
    return offset;
  });
}

function tfhdSize(flags: number): number {
  const fields = bits(flags & (DEFAULT_DURATION | DEFAULT_SIZE | DEFAULT_FLAGS));
  return 16 + 4 * fields;
}

function trunSize(flags: number, samples: number): number {
  const perSample = bits(flags & (SAMPLE_DURATION | SAMPLE_SIZE | SAMPLE_FLAGS | SAMPLE_COMPOSITION));
  return 16 + 4 * bits(flags & (DATA_OFFSET | FIRST_SAMPLE_FLAGS)) + 4 * perSample * samples;
}

function bits(flags: number): number {
  let count = 0;
  for (let rest = flags; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function flagsOf(sample: FragmentSample): number {
  return sampleFlags(sample.key, sample.damaged === true);
}

/** The value that all samples from `start` on share. */
function shared(
  samples: readonly FragmentSample[],
  start: number,
  valueOf: (sample: FragmentSample) => number,
): number | undefined {
  const first = samples[start];
  if (first === undefined) return undefined;
  const value = valueOf(first);
  for (let i = start + 1; i < samples.length; i++) {
    const sample = samples[i];
    if (sample !== undefined && valueOf(sample) !== value) return undefined;
  }
  return value;
}
