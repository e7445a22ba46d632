/** Builds the sample table of a recording while its file grows (sample-table-format.ts): its bytes, and no object a sample. */
import type { ParsedFragment, ParsedRun, ParsedSample } from '../read/fragment.ts';
import type { TableState, TrackState } from './sample-table-format.ts';
import { RECORD, RUN_FLAG, SEGMENT_FLAG, startState } from './sample-table-format.ts';
import { VarintWriter } from '../varint.ts';
import type { SegmentStart } from './segment-start.ts';

export interface TableInfo {
  readonly stream: string;
  readonly baseUtcMs: number;
  readonly tracks: readonly { readonly trackId: number; readonly timescale: number }[];
}

export class SampleTableWriter {
  readonly #trackIds: readonly number[];
  readonly #table = new VarintWriter();
  readonly #state: TableState;

  constructor(info: TableInfo) {
    this.#trackIds = info.tracks.map((track) => track.trackId);
    this.#state = startState(info.tracks.length);
    const stream = new TextEncoder().encode(info.stream);
    this.#table.unsigned(stream.length);
    this.#table.raw(stream);
    this.#table.unsigned(info.baseUtcMs);
    this.#table.unsigned(info.tracks.length);
    for (const track of info.tracks) {
      this.#table.unsigned(track.trackId);
      this.#table.unsigned(track.timescale);
    }
  }

  get byteLength(): number {
    return this.#table.length;
  }

  segment(start: SegmentStart): void {
    const flags =
      (start.discontinuity ? SEGMENT_FLAG.discontinuity : 0) | (start.independent ? SEGMENT_FLAG.independent : 0);
    this.#table.unsigned(RECORD.segment);
    this.#table.unsigned(flags);
    this.#table.signed(start.number - this.#state.number);
    this.#table.signed(start.discontinuityNumber - this.#state.discontinuityNumber);
    this.#state.number = start.number;
    this.#state.discontinuityNumber = start.discontinuityNumber;
  }

  fragment(parsed: ParsedFragment, position: number): void {
    const start = parsed.start + position;
    const runs = parsed.tracks.filter((run) => run.samples.length > 0 && this.#trackIds.includes(run.trackId));
    this.#table.unsigned(RECORD.fragment);
    this.#table.unsigned(start - this.#state.end);
    this.#table.unsigned(parsed.end - parsed.start);
    this.#table.unsigned(parsed.moof - parsed.start);
    this.#table.unsigned(runs.length);
    this.#state.dataEnd = start;
    for (const run of runs) this.#run(run, position);
    this.#state.end = parsed.end + position;
  }

  /** The table so far, with its end: a copy. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#table.length + 1);
    bytes.set(this.#table.view());
    bytes[this.#table.length] = RECORD.end;
    return bytes;
  }

  #run(run: ParsedRun, position: number): void {
    const index = this.#trackIds.indexOf(run.trackId);
    const track = this.#state.tracks[index];
    const first = run.samples[0];
    if (track === undefined || first === undefined) return;
    const flags = flagsOf(run.samples);
    const table = this.#table;
    table.unsigned(index);
    table.unsigned(flags);
    table.signed(run.baseDecodeTicks - track.nextTicks);
    table.signed(first.offset + position - this.#state.dataEnd);
    table.unsigned(run.samples.length);
    if ((flags & RUN_FLAG.damaged) !== 0) writeDamaged(table, run.samples);
    if ((flags & RUN_FLAG.durations) === 0) table.unsigned(first.durationTicks);
    track.nextTicks = run.baseDecodeTicks;
    this.#state.dataEnd = first.offset + position;
    for (const sample of run.samples) {
      writeSample(table, track, flags, sample);
      track.nextTicks += sample.durationTicks;
      this.#state.dataEnd += sample.size;
    }
  }
}

function writeSample(table: VarintWriter, track: TrackState, flags: number, sample: ParsedSample): void {
  const kind = sample.key ? 'keySize' : 'size';
  const difference = sample.size - track[kind];
  if ((flags & RUN_FLAG.mixedKeys) === 0) table.signed(difference);
  else table.unsigned(2 * VarintWriter.folded(difference) + (sample.key ? 1 : 0));
  track[kind] = sample.size;
  if ((flags & RUN_FLAG.durations) !== 0) table.signed(sample.durationTicks - track.duration);
  track.duration = sample.durationTicks;
  if ((flags & RUN_FLAG.composition) !== 0) table.signed(sample.compositionOffsetTicks - track.composition);
  track.composition = sample.compositionOffsetTicks;
}

function flagsOf(samples: readonly ParsedSample[]): number {
  const first = samples[0];
  let keys = 0;
  let flags = 0;
  for (const sample of samples) {
    if (sample.key) keys++;
    if (sample.durationTicks !== first?.durationTicks) flags |= RUN_FLAG.durations;
    if (sample.compositionOffsetTicks !== 0) flags |= RUN_FLAG.composition;
    if (sample.damaged) flags |= RUN_FLAG.damaged;
  }
  if (keys === samples.length) flags |= RUN_FLAG.allKeys;
  else if (keys > 0) flags |= RUN_FLAG.mixedKeys;
  return flags;
}

function writeDamaged(table: VarintWriter, samples: readonly ParsedSample[]): void {
  let before = 0;
  table.unsigned(samples.filter((sample) => sample.damaged).length);
  for (const [i, sample] of samples.entries()) {
    if (!sample.damaged) continue;
    table.unsigned(i - before);
    before = i;
  }
}
