/** HLS of all streams: live lists with their viewers, archive lists, and the media that both name. */
import type { Clock } from '../base/clock.ts';
import type { Archive } from '../stream/archive.ts';
import type { SegmentContent } from '../stream/segment-content.ts';
import type { Stream } from '../stream/stream.ts';
import { archiveMediaList, archiveMultivariant, type ArchiveRange } from './archive-lists.ts';
import { LiveLists } from './live-lists.ts';
import { liveProblem } from './live-problem.ts';
import type { RenderedList } from './rendered-list.ts';
import { Viewers } from './viewers.ts';

export interface HlsOptions {
  readonly archive: Archive;
  readonly clock: Clock;
}

interface Watched {
  readonly lists: LiveLists;
  readonly viewers: Viewers;
}

export class HlsService {
  readonly #archive: Archive;
  readonly #clock: Clock;
  readonly #watched = new Map<Stream, Watched>();

  constructor({ archive, clock }: HlsOptions) {
    this.#archive = archive;
    this.#clock = clock;
  }

  /** The multivariant list of what is live; `viewer` tells viewers apart. Throws `stream-offline`, `codec-unsupported`, `no-picture`. */
  async live(stream: Stream, viewer: string, signal: AbortSignal): Promise<RenderedList> {
    // Before there is a viewer: whoever knocks at a dead stream must not set its timeline going.
    const problem = liveProblem(stream);
    if (problem !== undefined) throw problem;
    return this.#watch(stream, viewer).multivariant(signal);
  }

  /** The live media list of a generation. Throws as `live`, and `list-outdated` for a generation that is over. */
  async liveMedia(stream: Stream, generation: number, viewer: string, signal: AbortSignal): Promise<RenderedList> {
    return this.#watch(stream, viewer).media(generation, signal);
  }

  /** The multivariant list of what is recorded. Throws `not-recorded`, `request-too-large`. */
  archived(stream: string, range: ArchiveRange): Promise<RenderedList> {
    return archiveMultivariant(this.#archive, stream, range);
  }

  /** The media list of what is recorded. Throws as `archived`. */
  archivedMedia(stream: string, range: ArchiveRange): Promise<RenderedList> {
    return archiveMediaList(this.#archive, stream, range);
  }

  /** A segment, from memory or from the archive; undefined if it is nowhere. `stream` is undefined for what is recorded only. */
  async segment(name: string, stream: Stream | undefined, number: number): Promise<SegmentContent | undefined> {
    return stream === undefined ? this.#archive.segment(name, number) : stream.timeline.segment(number);
  }

  async init(name: string, stream: Stream | undefined, hash: string): Promise<Uint8Array | undefined> {
    return stream === undefined ? this.#archive.init(name, hash) : stream.timeline.init(hash);
  }

  /** Lets go of all timelines. */
  close(): void {
    for (const { viewers } of this.#watched.values()) viewers.close();
    this.#watched.clear();
  }

  #watch(stream: Stream, viewer: string): LiveLists {
    let watched = this.#watched.get(stream);
    if (watched === undefined) {
      const viewers = new Viewers(stream.timeline, this.#clock, () => void this.#watched.delete(stream));
      watched = { lists: new LiveLists(stream, this.#clock), viewers };
      this.#watched.set(stream, watched);
    }
    watched.viewers.seen(viewer);
    return watched.lists;
  }
}
