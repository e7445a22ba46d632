/** Reads the sample table of a closed recording (sample-table-format.ts): the inverse of sample-table-writer.ts. */
import { WeirError } from '../../errors.ts';
import type { TableState, TrackState } from './sample-table-format.ts';
import { RECORD, RUN_FLAG, SEGMENT_FLAG, startState } from './sample-table-format.ts';
import { VarintReader } from '../varint.ts';
import type { TableInfo } from './sample-table-writer.ts';
import type { SegmentStart } from './segment-start.ts';
import type { ParsedSample } from '../read/fragment.ts';

export interface SampleTable extends TableInfo {
  readonly segments: readonly TableSegment[];
}

/** Offsets are of the file, decode times count from the file's base. */
export interface TableSegment extends SegmentStart {
  readonly fragments: readonly TableFragment[];
}

export interface TableFragment {
  /** Where the fragment begins (with `styp` and `uuid`, if it is the first of its segment), and its bytes. */
  readonly offset: number;
  readonly length: number;
  readonly moof: number;
  readonly runs: readonly TableRun[];
}

export interface TableRun {
  readonly trackId: number;
  readonly baseDecodeTicks: number;
  readonly samples: readonly ParsedSample[];
}

/** A file is closed after five minutes: 25 frames and 47 frames of audio a second make 22,000. */
const MAX_TABLE_SAMPLES = 4_000_000;

/** Throws `mp4-invalid`. */
export function parseSampleTable(bytes: Uint8Array): SampleTable {
  const reader = new VarintReader(bytes);
  const info = parseInfo(reader);
  const state = startState(info.tracks.length);
  const context: Context = {
    reader,
    state,
    trackIds: info.tracks.map((track) => track.trackId),
    room: MAX_TABLE_SAMPLES,
  };
  const segments: { start: SegmentStart; fragments: TableFragment[] }[] = [];
  for (let record = reader.unsigned(); record !== RECORD.end; record = reader.unsigned()) {
    const segment = segments.at(-1);
    if (record === RECORD.segment) segments.push({ start: parseSegment(context), fragments: [] });
    else if (record === RECORD.fragment && segment !== undefined) segment.fragments.push(parseFragment(context));
    else throw unusable(`record ${record}`);
  }
  return { ...info, segments: segments.map(({ start, fragments }) => ({ ...start, fragments })) };
}

interface Context {
  readonly reader: VarintReader;
  readonly state: TableState;
  readonly trackIds: readonly number[];
  room: number;
}

function parseInfo(reader: VarintReader): TableInfo {
  const stream = new TextDecoder().decode(reader.raw(reader.unsigned()));
  const baseUtcMs = reader.unsigned();
  const count = reader.unsigned();
  if (count > reader.left) throw unusable(`${count} tracks`);
  const tracks = Array.from({ length: count }, () => ({ trackId: reader.unsigned(), timescale: reader.unsigned() }));
  return { stream, baseUtcMs, tracks };
}

function parseSegment({ reader, state }: Context): SegmentStart {
  const flags = reader.unsigned();
  state.number += reader.signed();
  state.discontinuityNumber += reader.signed();
  return {
    number: state.number,
    discontinuityNumber: state.discontinuityNumber,
    discontinuity: (flags & SEGMENT_FLAG.discontinuity) !== 0,
    independent: (flags & SEGMENT_FLAG.independent) !== 0,
  };
}

function parseFragment(context: Context): TableFragment {
  const { reader, state } = context;
  const offset = state.end + reader.unsigned();
  const length = reader.unsigned();
  const moof = offset + reader.unsigned();
  const count = reader.unsigned();
  if (count > reader.left) throw unusable(`${count} runs`);
  state.dataEnd = offset;
  const runs = Array.from({ length: count }, () => parseRun(context));
  state.end = offset + length;
  return { offset, length, moof, runs };
}

function parseRun(context: Context): TableRun {
  const { reader, state } = context;
  const index = reader.unsigned();
  const track = state.tracks[index];
  const trackId = context.trackIds[index];
  if (track === undefined || trackId === undefined) throw unusable(`track ${index}`);
  const flags = reader.unsigned();
  const baseDecodeTicks = track.nextTicks + reader.signed();
  let offset = state.dataEnd + reader.signed();
  const count = reader.unsigned();
  // A sample has a byte at least.
  if (count > context.room || count > reader.left) throw unusable(`${count} samples`);
  context.room -= count;
  const damaged = (flags & RUN_FLAG.damaged) === 0 ? NONE : parseDamaged(reader, count);
  if ((flags & RUN_FLAG.durations) === 0) track.duration = reader.unsigned();
  track.nextTicks = baseDecodeTicks;
  const samples: ParsedSample[] = [];
  for (let i = 0; i < count; i++) {
    const sample = parseSample(reader, track, flags, offset, damaged.has(i));
    samples.push(sample);
    offset += sample.size;
    track.nextTicks += sample.durationTicks;
  }
  state.dataEnd = offset;
  return { trackId, baseDecodeTicks, samples };
}

function parseSample(
  reader: VarintReader,
  track: TrackState,
  flags: number,
  offset: number,
  damaged: boolean,
): ParsedSample {
  let key = (flags & RUN_FLAG.allKeys) !== 0;
  let difference: number;
  if ((flags & RUN_FLAG.mixedKeys) === 0) {
    difference = reader.signed();
  } else {
    const value = reader.unsigned();
    key = value % 2 === 1;
    difference = VarintReader.unfolded(Math.floor(value / 2));
  }
  const kind = key ? 'keySize' : 'size';
  const size = track[kind] + difference;
  if (size < 0) throw unusable(`a sample of ${size} bytes`);
  track[kind] = size;
  if ((flags & RUN_FLAG.durations) !== 0) track.duration += reader.signed();
  track.composition = (flags & RUN_FLAG.composition) === 0 ? 0 : track.composition + reader.signed();
  return {
    offset,
    size,
    durationTicks: track.duration,
    compositionOffsetTicks: track.composition,
    key,
    damaged,
  };
}

const NONE: ReadonlySet<number> = new Set();

function parseDamaged(reader: VarintReader, samples: number): ReadonlySet<number> {
  const count = reader.unsigned();
  if (count > samples) throw unusable(`${count} damaged samples of ${samples}`);
  const damaged = new Set<number>();
  for (let i = 0, at = 0; i < count; i++) {
    at += reader.unsigned();
    damaged.add(at);
  }
  return damaged;
}

function unusable(found: string): WeirError {
  return new WeirError('mp4-invalid', `MP4: ${found} in a sample table`);
}
