/**
 * The `moov` of a plain film (ISO 14496-12 §8): all samples in tables, wherever in the file they lie.
 *
 *     moov( mvhd  trak( tkhd  edts( elst )  mdia( mdhd hdlr minf( … stbl( stsd stts ctts stsc stsz stco|co64 stss ) ) ) ) … )
 *
 * The edit list puts the track at its place on the film's line: an empty edit before what begins later, and the first picture's
 * composition offset taken off, so that picture and sound that belong together are shown together.
 */
import type { MuxableParameters } from '../../codec/codec-parameters.ts';
import { ByteWriter } from '../byte-writer.ts';
import type { SampleColumns } from '../read/sample-columns.ts';
import { box, fullBox, u32 } from './box.ts';
import { MOVIE_TIMESCALE, mvhd, trak } from './init.ts';

export interface MovieTrackInput {
  readonly trackId: number;
  /** Ticks a second. */
  readonly timescale: number;
  /** The set-ups that samples name by `entry`; at least one. */
  readonly entries: readonly [MuxableParameters, ...MuxableParameters[]];
  /** In the order of decoding; at least one. Decode times are on a line that all tracks share. */
  readonly samples: SampleColumns;
}

export function writeMoov(tracks: readonly MovieTrackInput[]): Uint8Array {
  const shown = tracks.map(shownOf);
  const durationMs = Math.max(0, ...shown.map(({ startMs, lengthMs }) => startMs + lengthMs));
  const traks = tracks.map((track, i) => {
    const { startMs, lengthMs, mediaTime } = shown[i] ?? { startMs: 0, lengthMs: 0, mediaTime: 0 };
    const durationTicks = lengthTicks(track.samples);
    const edts = editList(startMs, lengthMs, mediaTime);
    const { trackId, timescale, entries } = track;
    const { shape } = entries[0];
    return trak({ trackId, timescale, shape, durationMs: startMs + lengthMs, durationTicks, edts, stbl: stbl(track) });
  });
  return box('moov', mvhd(tracks, durationMs), ...traks);
}

interface Shown {
  /** When its first sample is shown, on the film's line, and how long all of it is. */
  readonly startMs: number;
  readonly lengthMs: number;
  /** Presentation time of the first sample on the track's own line, which begins with its first decode time. */
  readonly mediaTime: number;
}

function shownOf({ timescale, samples }: MovieTrackInput): Shown {
  const mediaTime = samples.compositionTicks(0);
  const ms = (ticks: number): number => Math.round((ticks * MOVIE_TIMESCALE) / timescale);
  return { startMs: ms(samples.dtsTicks(0) + mediaTime), lengthMs: ms(lengthTicks(samples)), mediaTime };
}

function lengthTicks(samples: SampleColumns): number {
  const last = samples.count - 1;
  return samples.dtsTicks(last) + samples.durationTicks(last) - samples.dtsTicks(0);
}

/** §8.6.6: nothing for `startMs`, then the track from `mediaTime` on. */
function editList(startMs: number, lengthMs: number, mediaTime: number): Uint8Array {
  const rate = u32(0x1_0000);
  const empty = startMs === 0 ? [] : [...u32(startMs), ...u32(0xffff_ffff), ...rate];
  const edits = [...empty, ...u32(lengthMs), ...u32(mediaTime), ...rate];
  return box('edts', fullBox('elst', 0, 0, u32(edits.length / 12), edits));
}

function stbl({ entries, samples }: MovieTrackInput): Uint8Array {
  const numbers = (of: (index: number) => number): Iterable<number> => each(samples.count, of);
  const durations = runs(numbers((i) => samples.durationTicks(i)));
  const compositions = runs(numbers((i) => samples.compositionTicks(i)));
  const composed = compositions.length > 1 || compositions[0]?.value !== 0;
  const keys = [...numbers((i) => i + 1)].filter((number) => samples.key(number - 1));
  const { chunks, offsets } = chunksOf(samples);
  const far = offsets.some((offset) => offset >= 2 ** 32);
  return box(
    'stbl',
    fullBox('stsd', 0, 0, u32(entries.length), ...entries.map((entry) => entry.sampleEntry)),
    fullBox('stts', 0, 0, table(durations.length, 2, durations.flatMap(pairOf))),
    // Version 1: offsets may be negative.
    ...(composed ? [fullBox('ctts', 1, 0, table(compositions.length, 2, compositions.flatMap(pairOf)))] : []),
    fullBox('stsc', 0, 0, table(chunks.length / 3, 3, chunks)),
    fullBox('stsz', 0, 0, u32(0), table(samples.count, 1, [...numbers((i) => samples.size(i))])),
    far ? fullBox('co64', 0, 0, table64(offsets)) : fullBox('stco', 0, 0, table(offsets.length, 1, offsets)),
    // Absent: all are (§8.6.2).
    ...(keys.length === samples.count ? [] : [fullBox('stss', 0, 0, table(keys.length, 1, keys))]),
  );
}

interface Run {
  readonly count: number;
  readonly value: number;
}

function* each(count: number, of: (index: number) => number): Iterable<number> {
  for (let i = 0; i < count; i++) yield of(i);
}

function runs(values: Iterable<number>): readonly Run[] {
  const found: { count: number; readonly value: number }[] = [];
  for (const value of values) {
    const last = found.at(-1);
    if (last?.value === value) last.count += 1;
    else found.push({ count: 1, value });
  }
  return found;
}

function pairOf({ count, value }: Run): readonly number[] {
  return [count, value];
}

/**
 * Chunks (§8.7.4): samples that lie one after the other and have one set-up. `chunks`: rows of stsc (first chunk, samples in each, entry),
 * where a row holds until the next.
 */
function chunksOf(samples: SampleColumns): { readonly chunks: readonly number[]; readonly offsets: readonly number[] } {
  const chunks: number[] = [];
  const offsets: number[] = [];
  let row: readonly [number, number] | undefined;
  for (let first = 0, end = 0; first < samples.count; first = end) {
    const entry = samples.entry(first);
    end = first + 1;
    while (
      end < samples.count &&
      samples.entry(end) === entry &&
      samples.offset(end) === samples.offset(end - 1) + samples.size(end - 1)
    )
      end++;
    offsets.push(samples.offset(first));
    if (row?.[0] !== end - first || row[1] !== entry) chunks.push(offsets.length, end - first, entry + 1);
    row = [end - first, entry];
  }
  return { chunks, offsets };
}

function table(rows: number, columns: number, values: readonly number[]): Uint8Array {
  const writer = new ByteWriter(4 + 4 * rows * columns);
  writer.u32(rows);
  for (const value of values) writer.i32(value);
  return writer.bytes;
}

function table64(values: readonly number[]): Uint8Array {
  const writer = new ByteWriter(4 + 8 * values.length);
  writer.u32(values.length);
  for (const value of values) writer.u64(value);
  return writer.bytes;
}
