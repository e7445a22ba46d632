/**
 * The live lists of one stream: rendered once a change, shared by all viewers. Nothing is muxed before
 * somebody asks; the first answer then comes from the GOPs in memory, and waits only while there are fewer than two segments
 * (Safari gives up on a list of one: video.js#8041). While the source is away the media list stays as it is (players stall or
 * fail at what the standard offers, EXT-X-GAP), and who comes new is told that the stream is offline.
 */
import type { Clock } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import { renderMediaPlaylist } from '../core/hls/media-playlist.ts';
import { renderMultivariant } from '../core/hls/multivariant-playlist.ts';
import { viewName } from '../core/url/view.ts';
import type { Stream } from '../stream/stream.ts';
import type { Generation, HeadSegment, TimelineHead } from '../stream/timeline.ts';
import { listWindow, playlistSegment, type ListWindow } from './list-window.ts';
import { liveProblem } from './live-problem.ts';
import { RenderedList } from './rendered-list.ts';
import { measuredFrameRate, variantFacts, type MeasuredRun } from './variant-facts.ts';

/** What a first answer waits for. */
const SEGMENTS_MIN = 2;
/** A wait is no longer than this many target durations, and than hls.js waits for a first byte (10 s). */
const WAIT_TARGETS_MAX = 3;
const WAIT_MS_MAX = 8000;

/** A head that can be listed. */
interface ListedHead {
  /** The same for the same list: the head also changes with each part. */
  readonly key: string;
  readonly generation: Generation;
  readonly window: ListWindow;
}

export class LiveLists {
  readonly #stream: Stream;
  readonly #clock: Clock;
  #firstListed = 0;
  #media: { readonly key: string; readonly list: RenderedList } | undefined;
  #multivariant: { readonly key: string; readonly list: RenderedList } | undefined;

  /** The caller holds a lease on the stream's timeline while it asks. */
  constructor(stream: Stream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** The media list of a generation. Throws `list-outdated` for another one's, and as `multivariant` while there is nothing to list. */
  async media(generation: number, signal: AbortSignal): Promise<RenderedList> {
    const head = await this.#listable(signal);
    if (head.generation.number !== generation) {
      throw new WeirError('list-outdated', `Media list ${generation} of ${this.#stream.name} is over`, {
        expected: viewName({ kind: 'media-list', generation: head.generation.number }),
      });
    }
    if (this.#media?.key !== head.key) this.#media = { key: head.key, list: renderMedia(head) };
    return this.#media.list;
  }

  /** The list to begin with. Throws `stream-offline` and `codec-unsupported` if nothing will come, `no-picture` if nothing came in time. */
  async multivariant(signal: AbortSignal): Promise<RenderedList> {
    const head = await this.#listable(signal);
    if (this.#multivariant?.key !== head.key) this.#multivariant = { key: head.key, list: renderIndex(head) };
    return this.#multivariant.list;
  }

  /** Waits until there is enough for a list. */
  async #listable(signal: AbortSignal): Promise<ListedHead> {
    const since = this.#clock.monoMs();
    for (;;) {
      signal.throwIfAborted();
      const head = this.#stream.timeline.head();
      const listed = this.#listed(head);
      if (listed !== undefined && listed.window.segments.length >= SEGMENTS_MIN) return listed;
      const problem = liveProblem(this.#stream);
      const restMs = since + waitMs(head) - this.#clock.monoMs();
      if (listed !== undefined && (problem !== undefined || restMs <= 0)) return listed;
      if (problem !== undefined) throw problem;
      if (restMs <= 0) throw new WeirError('no-picture', `No segment of ${this.#stream.name} is there yet`);
      await this.#changed(head.version, restMs, signal);
    }
  }

  #listed(head: TimelineHead): ListedHead | undefined {
    if (head.generation === undefined) return undefined;
    const window = listWindow(head, this.#firstListed);
    const [first] = window.segments;
    if (first === undefined) return undefined;
    this.#firstListed = first.number;
    const key = `${head.generation.number} ${first.number} ${window.segments.at(-1)?.number}`;
    return { key, generation: head.generation, window };
  }

  /** Resolves when the head or the stream's state has changed, after `ms`, or when `signal` aborts. */
  async #changed(version: number, ms: number, signal: AbortSignal): Promise<void> {
    const wake = new AbortController();
    const abort = (): void => wake.abort();
    const timer = this.#clock.after(ms, abort);
    const states = this.#stream.onState(abort);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await this.#stream.timeline.changed(version, wake.signal);
    } finally {
      timer.cancel();
      states.close();
      signal.removeEventListener('abort', abort);
    }
  }
}

function waitMs({ generation }: TimelineHead): number {
  return generation === undefined
    ? WAIT_MS_MAX
    : Math.min(WAIT_MS_MAX, WAIT_TARGETS_MAX * 1000 * generation.targetDurationS);
}

function renderMedia({ generation, window }: ListedHead): RenderedList {
  const { segments, discontinuitySequence } = window;
  const text = renderMediaPlaylist({
    targetDurationS: generation.targetDurationS,
    mediaSequence: segments[0]?.number ?? 0,
    discontinuitySequence,
    ended: false,
    segments: segments.map((segment, i) => playlistSegment(segment, i === 0)),
  });
  return new RenderedList(text, halfTarget(generation));
}

function renderIndex({ generation, window }: ListedHead): RenderedList {
  const newestFirst = window.segments.toReversed();
  const setups = newestFirst.flatMap(({ init }) => init.tracks.map(({ parameters }) => parameters));
  const uri = viewName({ kind: 'media-list', generation: generation.number });
  const facts = variantFacts(setups, window.segments, measuredFrameRate(videoRuns(window.segments)));
  return new RenderedList(renderMultivariant([{ uri, ...facts }]), halfTarget(generation));
}

/** Half a target duration: what a cache may keep of a live list (bis App. B.1), at least a second, since smaller ages mean none. */
function halfTarget({ targetDurationS }: Generation): number {
  return Math.max(1, Math.floor(targetDurationS / 2));
}

function videoRuns(segments: readonly HeadSegment[]): readonly MeasuredRun[] {
  return segments.flatMap(({ init, fragments }) => {
    const video = init.tracks.find(({ parameters }) => parameters.shape.media === 'video')?.trackId;
    return fragments.flatMap(({ tracks }) => tracks.filter(({ trackId }) => trackId === video));
  });
}
