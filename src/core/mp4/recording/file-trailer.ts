/**
 * The end of a closed recording: every sample of the file in one table, so that an export or a seek reads one piece of it; and
 * an `mfra`, so that any player can seek.
 *
 *     uuid: usertype:16 version:u8 table size:u32        sample-table-format.ts; `size` is the box's own, to find its start from behind
 *     mfra( tfra mfro )                                  random access points of the first video track (ISO 14496-12 §8.8.9)
 */
import { ByteWriter } from '../byte-writer.ts';
import { invalid } from '../read/boxes.ts';
import type { ParsedFragment } from '../read/fragment.ts';
import type { SampleTable } from './parse-sample-table.ts';
import { parseSampleTable } from './parse-sample-table.ts';
import { SAMPLE_TABLE_VERSION } from './sample-table-format.ts';
import { userType, WEIR_BOX_HEAD, weirBoxAt } from './weir-boxes.ts';
import { box, fullBox, u32 } from '../write/box.ts';
import type { TableInfo } from './sample-table-writer.ts';
import { SampleTableWriter } from './sample-table-writer.ts';
import type { SegmentStart } from './segment-start.ts';

export interface TrailerInfo extends TableInfo {
  /** The track that players seek by: the first video track, or else the first. */
  readonly seekTrackId: number;
}

/** Grows with the file, a fragment at a time: about two bytes a sample, and a number or four a fragment. */
export class FileTrailer {
  readonly #seekTrackId: number;
  readonly #table: SampleTableWriter;
  readonly #points: SeekPoint[] = [];

  constructor(info: TrailerInfo) {
    this.#seekTrackId = info.seekTrackId;
    this.#table = new SampleTableWriter(info);
  }

  /** Bytes that the table holds now. */
  get byteLength(): number {
    return this.#table.byteLength;
  }

  /** A segment begins: the fragments up to the next call are its. */
  segment(start: SegmentStart): void {
    this.#table.segment(start);
  }

  /**
   * A fragment of the file, parsed from bytes whose first stands at `position` of the file, decode times counting from the
   * file's base. Fragments come in order, after their segment; the samples of a run lie one behind the other, as writeFragment makes them.
   */
  fragment(parsed: ParsedFragment, position: number): void {
    this.#table.fragment(parsed, position);
    const point = seekPoint(parsed, position, this.#seekTrackId);
    if (point !== undefined) this.#points.push(point);
  }

  /** The trailer for what was given so far: to be appended to the file. */
  bytes(): Uint8Array {
    const table = this.#table.bytes();
    const size = WEIR_BOX_HEAD + table.length + 4;
    const uuid = box('uuid', userType('samples'), [SAMPLE_TABLE_VERSION], table, u32(size));
    const mfra = writeMfra(this.#seekTrackId, this.#points);
    const bytes = new Uint8Array(uuid.length + mfra.length);
    bytes.set(uuid);
    bytes.set(mfra, uuid.length);
    return bytes;
  }
}

/** Read so much of a file's end first: mostly it holds the whole trailer. */
export const TRAILER_TAIL_BYTES = 128 * 1024;

/** How many bytes the trailer has, told from the end of a file (TRAILER_TAIL_BYTES of it, or all); undefined if there is none. */
export function trailerLength(tail: Uint8Array): number | undefined {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  if (tail.length < MFRO_SIZE || view.getUint32(tail.length - 12) !== 0x6d66_726f /* mfro */) return undefined;
  const mfra = tail.length - view.getUint32(tail.length - 4);
  if (mfra < 4) return undefined;
  const table = view.getUint32(mfra - 4);
  return table < WEIR_BOX_HEAD + 4 ? undefined : tail.length - mfra + table;
}

/** Reads the table of a trailer, whole. Throws `mp4-invalid`. */
export function parseFileTrailer(trailer: Uint8Array): SampleTable {
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength);
  const size = trailer.length < 4 ? 0 : view.getUint32(0);
  const whole = weirBoxAt(trailer, 0) === 'samples' && size >= WEIR_BOX_HEAD + 4 && size <= trailer.length;
  if (!whole) throw invalid('uuid', 0, 'no weir sample table');
  const version = view.getUint8(WEIR_BOX_HEAD - 1);
  if (version !== SAMPLE_TABLE_VERSION) throw invalid('uuid', 0, `version ${version} of the sample table`);
  return parseSampleTable(trailer.subarray(WEIR_BOX_HEAD, size - 4));
}

/** tfra: presentation time, where the moof begins, number of the traf in it and of the sample in its run, from 1. */
interface SeekPoint {
  readonly ticks: number;
  readonly moof: number;
  readonly traf: number;
  readonly sample: number;
}

/** One point a fragment, its first key frame: those inside a part are in the table. */
function seekPoint(parsed: ParsedFragment, position: number, trackId: number): SeekPoint | undefined {
  const traf = parsed.tracks.findIndex((run) => run.trackId === trackId);
  const run = parsed.tracks[traf];
  const sample = run?.samples.findIndex((candidate) => candidate.key) ?? -1;
  const key = run?.samples[sample];
  if (run === undefined || key === undefined) return undefined;
  let ticks = run.baseDecodeTicks + key.compositionOffsetTicks;
  for (let i = 0; i < sample; i++) ticks += run.samples[i]?.durationTicks ?? 0;
  return { ticks: Math.max(ticks, 0), moof: parsed.moof + position, traf: traf + 1, sample: sample + 1 };
}

const MFRO_SIZE = 16;
const POINT_SIZE = 8 + 8 + 1 + 1 + 4;
/** Bytes of the numbers, less one: of traf 1, of trun 1, of sample 4. */
const POINT_LENGTHS = 0b00_00_11;

function writeMfra(trackId: number, points: readonly SeekPoint[]): Uint8Array {
  const entries = new ByteWriter(points.length * POINT_SIZE);
  for (const point of points) {
    entries.u64(point.ticks);
    entries.u64(point.moof);
    entries.u8(point.traf);
    entries.u8(1);
    entries.u32(point.sample);
  }
  const tfra = fullBox('tfra', 1, 0, u32(trackId), u32(POINT_LENGTHS), u32(points.length), entries.bytes);
  return box('mfra', tfra, fullBox('mfro', 0, 0, u32(8 + tfra.length + MFRO_SIZE)));
}
