/**
 * The archive: what the index says of closed files together with what is being written, and the bytes behind it. Every look-up is a
 * few rows and at most one ranged read, and nobody waits for a writer.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parametersFromSampleEntry } from '../../core/codec/registry.ts';
import { WeirError } from '../../core/errors.ts';
import { baseTicks } from '../../core/mp4/recording/patch.ts';
import type { GapStore } from '../../state/gap-store.ts';
import {
  GAP_REASONS,
  type Archive,
  type ArchivedKeyFrame,
  type GapReason,
  type NearestTimes,
  type RecordedGap,
  type RecordedSpan,
} from '../../stream/archive.ts';
import type { SegmentEntry } from '../../stream/fragment.ts';
import type { SegmentContent } from '../../stream/segment-content.ts';
import { uncoveredGaps } from '../gaps/uncovered-gaps.ts';
import { runsOf, type IndexedKey, type IndexedSegment } from '../index/indexed-segment.ts';
import type { IndexLookups } from '../index/index-lookups.ts';
import { addRun } from '../index/spans.ts';
import type { OpenRecording, OpenRecordings } from '../record/open-recordings.ts';
import type { Storage } from '../storage/storage.ts';
import { listed, type RecordedSegment } from './recorded-segment.ts';
import { readSegment } from './segment-bytes.ts';
import { SetUps } from './set-ups.ts';

/** Rows of files that one query brings. */
const FILES_A_PAGE = 256;
/** Files that are looked through, back from a moment, for a key frame that is whole. */
const KEY_FRAME_FILES = 4;

export interface RecordingArchiveOptions {
  readonly look: IndexLookups;
  readonly open: OpenRecordings;
  readonly gaps: GapStore;
  readonly storageOf: (name: string) => Storage | undefined;
  /** Told the id of a recording whose file could not be found. */
  readonly missing: (file: number) => void;
}

export class RecordingArchive implements Archive {
  readonly #look: IndexLookups;
  readonly #open: OpenRecordings;
  readonly #gaps: GapStore;
  readonly #storageOf: RecordingArchiveOptions['storageOf'];
  readonly #missing: RecordingArchiveOptions['missing'];
  readonly #setUps: SetUps;

  constructor(options: RecordingArchiveOptions) {
    this.#look = options.look;
    this.#open = options.open;
    this.#gaps = options.gaps;
    this.#storageOf = options.storageOf;
    this.#missing = options.missing;
    this.#setUps = new SetUps((hash) => this.#look.init(hash));
  }

  async spans(stream: string, fromUtcMs: number, toUtcMs: number): Promise<readonly RecordedSpan[]> {
    return this.#spansTouching(stream, fromUtcMs, toUtcMs).map((span) => ({
      id: span.id,
      startUtcMs: Math.max(span.startUtcMs, fromUtcMs),
      endUtcMs: Math.min(span.endUtcMs, toUtcMs),
    }));
  }

  async gaps(stream: string, fromUtcMs: number, toUtcMs: number): Promise<readonly RecordedGap[]> {
    const gaps = this.#gaps.between(stream, fromUtcMs, toUtcMs).map(({ startUtcMs, endUtcMs, reason }) => {
      return { startUtcMs, endUtcMs, reason: isReason(reason) ? reason : 'source-offline' };
    });
    const first = gaps[0];
    if (first === undefined) return [];
    const spans = this.#spansTouching(stream, first.startUtcMs, Math.max(toUtcMs, gaps.at(-1)?.endUtcMs ?? 0));
    return uncoveredGaps(gaps, spans).filter(
      (gap) => gap.startUtcMs < toUtcMs && (gap.endUtcMs ?? Infinity) > fromUtcMs,
    );
  }

  async segments(stream: string, fromUtcMs: number, toUtcMs: number, limit: number): Promise<readonly SegmentEntry[]> {
    const touches = (segment: IndexedSegment): boolean =>
      segment.startUtcMs < toUtcMs && segment.startUtcMs + segment.durationMs > fromUtcMs;
    const open = this.#openOf(stream);
    const found = open.flatMap((recording) => recording.segments).filter(touches);
    const seen = new Set(open.map((recording) => recording.id));
    for (let startUtcMs = -Infinity; ;) {
      const files = this.#look.filesBetween(stream, fromUtcMs, toUtcMs, startUtcMs, FILES_A_PAGE);
      for (const file of files) {
        if (!seen.has(file.id)) found.push(...this.#look.segmentsOf(file).filter(touches));
        seen.add(file.id);
      }
      const last = files.at(-1);
      if (last === undefined || files.length < FILES_A_PAGE || found.length >= limit) break;
      startUtcMs = last.startUtcMs;
      // A month in one answer must not hold up the media of a second.
      await nextTurn();
    }
    return listed(found, limit);
  }

  async segment(stream: string, number: number): Promise<SegmentContent | undefined> {
    const found = this.#segmentNumbered(stream, number);
    if (found === undefined) return undefined;
    const { bytes } = found.segment;
    const read = async (start = 0, end = bytes): Promise<readonly Uint8Array[] | undefined> => {
      const span = await this.#readInUtc(found, start, end);
      return span === undefined ? undefined : [span];
    };
    return { bytes, holder: found, read };
  }

  async init(stream: string, hash: string): Promise<Uint8Array | undefined> {
    return this.#openOf(stream).find(({ init }) => init.hash === hash)?.init.bytes ?? this.#look.init(hash);
  }

  async keyFrame(stream: string, utcMs: number): Promise<ArchivedKeyFrame | NearestTimes> {
    // Where two recordings overlap (the clock stepped back), the later one is meant.
    const spans = this.#spansTouching(stream, utcMs, utcMs + 1).filter(({ startUtcMs }) => startUtcMs <= utcMs);
    const span = spans.toSorted((a, b) => a.id - b.id).at(-1);
    if (span === undefined) return this.#nearest(stream, utcMs);
    const found = this.#keyBefore(stream, utcMs, span);
    if (found === undefined) return this.#nearest(stream, utcMs);
    const { key, file } = found;
    const sample = await this.#read(file, key.offset, key.length);
    if (sample?.length !== key.length) return this.#nearest(stream, utcMs);
    const video = this.#setUps.parsed(file.initHash).tracks.find((track) => track.media === 'video');
    const entry = video?.sampleEntries[0];
    const parameters = entry === undefined ? undefined : parametersFromSampleEntry(entry);
    if (parameters === undefined)
      throw new WeirError('codec-unsupported', 'the set-up of the recording cannot be read', { place: file.path });
    return { kind: 'key-frame', utcMs: key.ptsUtcMs, sample, initHash: file.initHash, parameters };
  }

  /** Where the recordings of a stream end, by number. */
  recordedUpToUtcMs(stream: string): number | undefined {
    const open = this.#openOf(stream).at(-1);
    const last = open?.unfinished ?? open?.segments.at(-1);
    return last === undefined ? this.#look.lastEndUtcMs(stream) : last.startUtcMs + last.durationMs;
  }

  /** Not clipped, in order of UTC; open recordings join the spans that they go on from. */
  #spansTouching(stream: string, fromUtcMs: number, toUtcMs: number): readonly RecordedSpan[] {
    const spans = new Map(this.#look.spansBetween(stream, fromUtcMs, toUtcMs).map((span) => [span.id, span]));
    let previous: RecordedSpan | undefined;
    for (const recording of this.#openOf(stream)) {
      // Committed by the writer, though it has not been told here yet: its runs are in the stored spans.
      if (this.#look.isClosed(recording.id)) continue;
      for (const run of runsOf(allSegments(recording))) {
        const stored = this.#look.spansAround(stream, run.number).before;
        const before = previous === undefined || (stored !== undefined && stored.id > previous.id) ? stored : previous;
        for (const span of addRun(before, undefined, run).put) {
          previous = span;
          spans.set(span.id, span);
        }
      }
    }
    return [...spans.values()]
      .filter((span) => span.startUtcMs < toUtcMs && span.endUtcMs > fromUtcMs)
      .toSorted((a, b) => a.startUtcMs - b.startUtcMs || a.id - b.id);
  }

  #segmentNumbered(stream: string, number: number): RecordedSegment | undefined {
    for (const recording of this.#openOf(stream)) {
      const segment = recording.segments.find((candidate) => candidate.number === number);
      if (segment !== undefined) return { segment, file: fileOf(recording) };
    }
    const file = this.#look.fileOfSegment(stream, number);
    if (file === undefined) return undefined;
    const segment = this.#look.segmentsOf(file).find((candidate) => candidate.number === number);
    return segment === undefined ? undefined : { segment, file };
  }

  #keyBefore(
    stream: string,
    utcMs: number,
    span: RecordedSpan,
  ): { key: IndexedKey; file: RecordedSegment['file'] } | undefined {
    const next = this.#look.spansAround(stream, span.id).after?.id ?? Infinity;
    const keyOf = (segments: readonly IndexedSegment[]): IndexedKey | undefined =>
      segments
        .findLast((segment) => segment.number >= span.id && segment.number < next && hasKeyBefore(segment, utcMs))
        ?.keys.findLast((key) => isUsable(key, utcMs));
    for (const recording of this.#openOf(stream).toReversed()) {
      const key = keyOf(allSegments(recording));
      if (key !== undefined) return { key, file: fileOf(recording) };
    }
    for (const file of this.#look.filesBefore(stream, utcMs, KEY_FRAME_FILES)) {
      const key = keyOf(this.#look.segmentsOf(file));
      if (key !== undefined) return { key, file };
    }
    return undefined;
  }

  #nearest(stream: string, utcMs: number): NearestTimes {
    let { beforeUtcMs, afterUtcMs } = this.#look.nearest(stream, utcMs);
    for (const run of this.#openOf(stream).flatMap((recording) => runsOf(allSegments(recording)))) {
      if (run.startUtcMs > utcMs) afterUtcMs = Math.min(run.startUtcMs, afterUtcMs ?? Infinity);
      else beforeUtcMs = Math.max(Math.min(run.endUtcMs, utcMs), beforeUtcMs ?? -Infinity);
    }
    return { kind: 'nearest', beforeUtcMs, afterUtcMs };
  }

  /** Adds back what the file's decode times leave out: the bytes are those that were muxed. */
  async #readInUtc({ segment, file }: RecordedSegment, start: number, end: number): Promise<Uint8Array | undefined> {
    const { tracks } = this.#setUps.parsed(file.initHash);
    const deltas = new Map(tracks.map((track) => [track.trackId, baseTicks(file.baseUtcMs, track.timescale)]));
    const place = {
      offset: segment.offset,
      bytes: segment.bytes,
      read: (offset: number, length: number) => this.#read(file, offset, length),
      deltaTicksOf: (trackId: number) => deltas.get(trackId) ?? 0,
    };
    try {
      return await readSegment(place, start, end);
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'mp4-invalid') throw error;
      throw new WeirError('storage-failed', 'a recorded segment cannot be read', { place: file.path, cause: error });
    }
  }

  /** Undefined: there is no such file. */
  async #read(file: RecordedSegment['file'], offset: number, length: number): Promise<Uint8Array | undefined> {
    const storage = this.#storageOf(file.storage);
    if (storage === undefined) return undefined;
    const bytes = await storage.read(file.path, offset, length);
    if (bytes === undefined) this.#missing(file.id);
    return bytes;
  }

  #openOf(stream: string): readonly OpenRecording[] {
    return this.#open.of(stream);
  }
}

function fileOf(recording: OpenRecording): RecordedSegment['file'] {
  const { id, storage, path, baseUtcMs, init } = recording;
  return { id, storage, path, baseUtcMs, initHash: init.hash };
}

function allSegments(recording: OpenRecording): readonly IndexedSegment[] {
  return recording.unfinished === undefined ? recording.segments : [...recording.segments, recording.unfinished];
}

function hasKeyBefore(segment: IndexedSegment, utcMs: number): boolean {
  return segment.keys.some((key) => isUsable(key, utcMs));
}

function isUsable(key: IndexedKey, utcMs: number): boolean {
  return key.ptsUtcMs <= utcMs && !key.damaged;
}

function isReason(reason: string): reason is GapReason {
  return GAP_REASONS.some((known) => known === reason);
}
