/**
 * The newest segments of a timeline in memory, and how the list of them has changed: what a live list shows, and a little more, since a
 * segment that left the list stays fetchable (RFC 8216 §6.2.2).
 */
import type { Fragment, InitSegment, SegmentEntry } from './fragment.ts';
import { contentOf, type SegmentContent } from './segment-content.ts';
import { LISTED_TARGETS_MIN, type Generation, type HeadSegment, type TimelineHead } from './timeline.ts';

/** However short they are: a source that breaks off after each key frame makes a segment of each. 18 s of segments of 0.3 s. */
export const HEAD_SEGMENTS_MAX = 64;
/** Of whole segments; the newest stays whatever it holds. Eighteen seconds of 60 Mb/s. */
export const HEAD_BYTES_MAX = 128 * 1024 * 1024;

/** Inits of segments that have left the head but may still be asked for by a player. */
const INITS_MAX = 8;

export class SegmentHead {
  generation: Generation | undefined;
  #live = false;
  #version = 0;
  #segments: readonly HeadSegment[] = [];
  #open: Fragment[] = [];
  #openBytes = 0;
  #bytes = 0;
  #inits: readonly InitSegment[] = [];
  #discontinuitiesBefore: number;
  #keep: number;
  #droppedEarly = 0;
  readonly #waiting = new Set<() => void>();

  /** `discontinuities` counted before the first segment; `keep` segments stay. */
  constructor(discontinuities: number, keep: number) {
    this.#discontinuitiesBefore = discontinuities;
    this.#keep = keep;
  }

  get bytes(): number {
    return this.#bytes + this.#openBytes;
  }

  /** Segments that left before a list may do without them, since there was too much. */
  get droppedEarly(): number {
    return this.#droppedEarly;
  }

  get live(): boolean {
    return this.#live;
  }

  set live(live: boolean) {
    if (live === this.#live) return;
    this.#live = live;
    this.#change();
  }

  set keep(segments: number) {
    this.#keep = segments;
    this.#trim();
  }

  view(): TimelineHead {
    return {
      version: this.#version,
      generation: this.generation,
      segments: this.#segments,
      discontinuitiesBefore: this.#discontinuitiesBefore,
      live: this.#live,
    };
  }

  fragment(fragment: Fragment): void {
    if (fragment.part === 0) this.#dropOpen();
    this.#open.push(fragment);
    this.#openBytes += fragment.bytes.length;
    this.#change();
  }

  segment(entry: SegmentEntry): void {
    const init = this.#open[0]?.init;
    if (init === undefined) return;
    this.#segments = [...this.#segments, { ...entry, init, fragments: this.#open }];
    this.#bytes += this.#openBytes;
    this.#dropOpen();
    this.#inits = [...this.#inits.filter((other) => other.hash !== init.hash), init].slice(-INITS_MAX);
    this.#trim();
    this.#change();
  }

  /** The segment's fragments, shared by all who read it. */
  content(number: number): SegmentContent | undefined {
    const fragments = this.#segments.find((candidate) => candidate.number === number)?.fragments;
    if (fragments === undefined) return undefined;
    const pieces = fragments.map(({ bytes }) => bytes);
    return contentOf(pieces, fragments);
  }

  init(hash: string): Uint8Array | undefined {
    const init =
      this.#inits.find((other) => other.hash === hash) ?? this.#open.find((part) => part.init.hash === hash)?.init;
    return init?.bytes;
  }

  /** The list starts empty when there is more. */
  clear(): void {
    this.#dropOpen();
    this.#drop(this.#segments.length);
    this.#change();
  }

  /** Resolves at the next change after `version`, or when `signal` aborts. */
  changed(version: number, signal: AbortSignal): Promise<void> {
    if (version !== this.#version || signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      this.#waiting.delete(done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    this.#waiting.add(done);
    signal.addEventListener('abort', done);
    return promise;
  }

  /** Down to `keep`, as long as what stays lasts long enough for a list; further where that is too much. */
  #trim(): void {
    const shortestMs = LISTED_TARGETS_MIN * 1000 * (this.generation?.targetDurationS ?? 0);
    let stayMs = this.#segments.reduce((sum, { durationMs }) => sum + durationMs, 0);
    let gone = 0;
    for (const { durationMs } of this.#segments) {
      stayMs -= durationMs;
      if (this.#segments.length - gone <= this.#keep || stayMs < shortestMs) break;
      gone++;
    }
    if (gone > 0) this.#drop(gone);
    while (this.#segments.length > 1 && this.#tooMuch()) {
      this.#drop(1);
      this.#droppedEarly++;
    }
  }

  #tooMuch(): boolean {
    return this.#segments.length > HEAD_SEGMENTS_MAX || this.#bytes > HEAD_BYTES_MAX;
  }

  #drop(count: number): void {
    for (const segment of this.#segments.slice(0, count)) {
      for (const { bytes } of segment.fragments) this.#bytes -= bytes.length;
      if (segment.discontinuity) this.#discontinuitiesBefore++;
    }
    this.#segments = this.#segments.slice(count);
  }

  #dropOpen(): void {
    this.#open = [];
    this.#openBytes = 0;
  }

  #change(): void {
    this.#version++;
    for (const done of this.#waiting) done();
  }
}
