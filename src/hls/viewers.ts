/**
 * Who watches a stream over HLS. A viewer has no connection: it is one as long as it keeps asking for playlists. Each holds a
 * lease on the timeline, which keeps it muxing (and is counted in the stream's status).
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { Lease, Timeline } from '../stream/timeline.ts';

/** Three of the longest target durations: a player asks again each target duration, and once more after a failure. */
const VIEWER_IDLE_MS = 18_000;
const SWEEP_MS = 1000;
/** Beyond, viewers share one entry: who makes names up cannot fill the memory. */
const VIEWERS_MAX = 10_000;

interface Viewer {
  readonly lease: Lease;
  seenMs: number;
}

export class Viewers {
  readonly #timeline: Timeline;
  readonly #clock: Clock;
  readonly #viewers = new Map<string, Viewer>();
  readonly #onEmpty: () => void;
  #sweep: Timer | undefined;

  /** `onEmpty`: called when the last viewer has gone. */
  constructor(timeline: Timeline, clock: Clock, onEmpty: () => void) {
    this.#timeline = timeline;
    this.#clock = clock;
    this.#onEmpty = onEmpty;
  }

  /** `name` tells viewers apart: address and agent. */
  seen(name: string): void {
    const key = this.#viewers.has(name) || this.#viewers.size < VIEWERS_MAX ? name : '';
    const viewer = this.#viewers.get(key);
    if (viewer === undefined)
      this.#viewers.set(key, { lease: this.#timeline.use('hls'), seenMs: this.#clock.monoMs() });
    else viewer.seenMs = this.#clock.monoMs();
    this.#sweep ??= this.#clock.every(SWEEP_MS, () => this.#forget());
  }

  close(): void {
    for (const { lease } of this.#viewers.values()) lease.close();
    this.#viewers.clear();
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }

  #forget(): void {
    const idleSinceMs = this.#clock.monoMs() - VIEWER_IDLE_MS;
    for (const [name, { lease, seenMs }] of this.#viewers) {
      if (seenMs > idleSinceMs) continue;
      this.#viewers.delete(name);
      lease.close();
    }
    if (this.#viewers.size > 0) return;
    this.close();
    this.#onEmpty();
  }
}
