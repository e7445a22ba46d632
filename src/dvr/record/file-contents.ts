/**
 * What has been written to one recording: its segments with their key frames, its sample table, its length in time. Made from the
 * bytes of the fragments alone, so that the recorder, recovery and a rebuild of the index come to the same.
 */
import assert from 'node:assert';
import type { ParsedFragment, ParsedRun } from '../../core/mp4/read/fragment.ts';
import type { ParsedTrack } from '../../core/mp4/read/init.ts';
import { FileTrailer } from '../../core/mp4/recording/file-trailer.ts';
import { baseTicks } from '../../core/mp4/recording/patch.ts';
import type { SegmentStart } from '../../core/mp4/recording/segment-start.ts';
import type { IndexedKey, IndexedSegment } from '../index/indexed-segment.ts';

export interface FileIdentity {
  readonly stream: string;
  readonly baseUtcMs: number;
  readonly initHash: string;
  readonly tracks: readonly Pick<ParsedTrack, 'trackId' | 'timescale' | 'media'>[];
}

export class FileContents {
  readonly #identity: FileIdentity;
  readonly #seekTrack: TrackBase;
  readonly #tracks: ReadonlyMap<number, TrackBase>;
  readonly #trailer: FileTrailer;
  readonly #segments: IndexedSegment[] = [];
  /** Where each track's media ends, in ticks since the file's base. */
  readonly #endTicks = new Map<number, number>();
  #current: SegmentBuilder | undefined;

  constructor(identity: FileIdentity) {
    this.#identity = identity;
    const tracks = identity.tracks.map(({ trackId, timescale, media }) => {
      return { trackId, timescale, media, offset: baseTicks(identity.baseUtcMs, timescale) };
    });
    const seekTrack = tracks.find((track) => track.media === 'video') ?? tracks[0];
    assert(seekTrack !== undefined, 'a recording has a track');
    this.#seekTrack = seekTrack;
    this.#tracks = new Map(tracks.map((track) => [track.trackId, track]));
    this.#trailer = new FileTrailer({ ...identity, seekTrackId: seekTrack.trackId });
  }

  /** Segments that are complete, and the one that is not yet (with the parts it has). */
  get segments(): readonly IndexedSegment[] {
    return this.#segments;
  }

  get unfinished(): IndexedSegment | undefined {
    return this.#current?.segment();
  }

  get initHash(): string {
    return this.#identity.initHash;
  }

  get baseUtcMs(): number {
    return this.#identity.baseUtcMs;
  }

  /** Ticks that the timeline's decode times have more than the file's. */
  offsetTicks(trackId: number): number {
    return this.#tracks.get(trackId)?.offset ?? 0;
  }

  endTicks(trackId: number): number | undefined {
    return this.#endTicks.get(trackId);
  }

  /** A segment begins; one that was not ended is as long as its parts. */
  startSegment(start: SegmentStart, offset: number): void {
    this.endSegment();
    this.#trailer.segment(start);
    this.#current = new SegmentBuilder(start, offset, this.#identity.initHash);
  }

  /** A fragment that stands at `position` of the file, of the segment that was started, its decode times counting from the file's base. */
  addFragment(parsed: ParsedFragment, position: number): void {
    assert(this.#current !== undefined, 'a fragment follows the start of its segment');
    this.#trailer.fragment(parsed, position);
    for (const run of parsed.tracks) {
      let end = run.baseDecodeTicks;
      for (const sample of run.samples) end += sample.durationTicks;
      this.#endTicks.set(run.trackId, Math.max(end, this.#endTicks.get(run.trackId) ?? 0));
    }
    const run = parsed.tracks.find((candidate) => candidate.trackId === this.#seekTrack.trackId) ?? parsed.tracks[0];
    const track = run === undefined ? undefined : this.#tracks.get(run.trackId);
    const span = run === undefined || track === undefined ? undefined : spanOf(run, track);
    const keys = run === undefined || track?.media !== 'video' ? [] : keysOf(run, track, position);
    this.#current.add(parsed.end - parsed.start, span, keys);
  }

  /** The segment is complete; `exact`: its start and duration as lists name them. */
  endSegment(exact?: { readonly startUtcMs: number; readonly durationMs: number }): void {
    const segment = this.#current?.segment();
    this.#current = undefined;
    if (segment !== undefined) this.#segments.push(exact === undefined ? segment : { ...segment, ...pickTimes(exact) });
  }

  /** Takes back the complete segments that end beyond `bytes` of the file, and the unfinished one. */
  cutTo(bytes: number): void {
    this.#current = undefined;
    for (
      let last = this.#segments.at(-1);
      last !== undefined && last.offset + last.bytes > bytes;
      last = this.#segments.at(-1)
    ) {
      this.#segments.pop();
    }
  }

  trailer(): Uint8Array {
    return this.#trailer.bytes();
  }
}

interface TrackBase {
  readonly trackId: number;
  readonly timescale: number;
  readonly media: ParsedTrack['media'];
  readonly offset: number;
}

interface TimeSpan {
  readonly startUtcMs: number;
  readonly durationMs: number;
}

class SegmentBuilder {
  readonly #start: SegmentStart;
  readonly #offset: number;
  readonly #initHash: string;
  readonly #keys: IndexedKey[] = [];
  #bytes = 0;
  #startUtcMs: number | undefined;
  #durationMs = 0;

  constructor(start: SegmentStart, offset: number, initHash: string) {
    this.#start = start;
    this.#offset = offset;
    this.#initHash = initHash;
  }

  add(bytes: number, span: TimeSpan | undefined, keys: readonly IndexedKey[]): void {
    this.#bytes += bytes;
    this.#startUtcMs ??= span?.startUtcMs;
    this.#durationMs += span?.durationMs ?? 0;
    this.#keys.push(...keys);
  }

  /** Undefined while it has no part. */
  segment(): IndexedSegment | undefined {
    if (this.#startUtcMs === undefined) return undefined;
    return {
      number: this.#start.number,
      startUtcMs: this.#startUtcMs,
      durationMs: this.#durationMs,
      bytes: this.#bytes,
      initHash: this.#initHash,
      discontinuity: this.#start.discontinuity,
      independent: this.#start.independent,
      offset: this.#offset,
      keys: this.#keys,
    };
  }
}

function pickTimes({ startUtcMs, durationMs }: TimeSpan): TimeSpan {
  return { startUtcMs, durationMs };
}

function spanOf(run: ParsedRun, track: TrackBase): TimeSpan | undefined {
  const first = run.samples[0];
  if (first === undefined) return undefined;
  let ticks = 0;
  for (const sample of run.samples) ticks += sample.durationTicks;
  const start = run.baseDecodeTicks + first.compositionOffsetTicks;
  return { startUtcMs: utcMsOf(start, track), durationMs: (ticks * 1000) / track.timescale };
}

function keysOf(run: ParsedRun, track: TrackBase, position: number): readonly IndexedKey[] {
  const keys: IndexedKey[] = [];
  let ticks = run.baseDecodeTicks;
  for (const sample of run.samples) {
    if (sample.key) {
      const ptsUtcMs = utcMsOf(ticks + sample.compositionOffsetTicks, track);
      keys.push({ ptsUtcMs, offset: sample.offset + position, length: sample.size, damaged: sample.damaged });
    }
    ticks += sample.durationTicks;
  }
  return keys;
}

/** Seconds apart from their rest: ticks since 1970 times 1000 would pass 2^53. */
function utcMsOf(fileTicks: number, track: TrackBase): number {
  const ticks = fileTicks + track.offset;
  const seconds = Math.floor(ticks / track.timescale);
  return seconds * 1000 + ((ticks - seconds * track.timescale) * 1000) / track.timescale;
}
