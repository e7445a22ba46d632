/** The open gaps of all streams over the runs of weir: takes up those that the last run left, and tells a crash from an end. */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { MIN_GAP_MS, type GapStore, type StoredGap } from '../../state/gap-store.ts';
import { GAP_REASONS } from '../../stream/archive.ts';
import { GapTracker, type OpenGap } from './gap-tracker.ts';

/** A stream that is not recorded again within this after a start is no longer meant to be: its gap ended with the start. */
const TAKEN_UP_MS = 60_000;

export class GapLedger {
  readonly #store: GapStore;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Gaps of the last run that nobody has taken up yet. */
  readonly #left = new Map<string, OpenGap>();
  readonly #begunAtMs: number;
  readonly #begunUtcMs: number;
  readonly #writes = new Set<Promise<void>>();

  constructor(store: GapStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#begunAtMs = clock.monoMs();
    this.#begunUtcMs = clock.utcMs();
  }

  /**
   * After recovery. A stream that was being recorded, and that no gap accounts for, was ended by a crash: `endOf` says where. Resolves when that is
   * written, so that who asks first sees it.
   */
  async begin(endOf: (stream: string) => number | undefined): Promise<void> {
    for (const gap of this.#store.openGaps()) this.#left.set(gap.row.stream, openGapOf(gap));
    for (const { stream, sinceUtcMs } of this.#store.interrupted()) {
      const endUtcMs = endOf(stream);
      const left = this.#left.get(stream);
      // Recorded behind its start: the gap was over, and its end not written yet. The recordings say where.
      const over = left !== undefined && endUtcMs !== undefined && endUtcMs - left.startUtcMs >= MIN_GAP_MS;
      if (over) this.#write(this.#store.end(left.id, endUtcMs));
      if (left === undefined || over) {
        const startUtcMs = endUtcMs ?? sinceUtcMs;
        const { id, written } = this.#store.add({ stream, startUtcMs, endUtcMs: undefined, reason: 'crash' });
        this.#left.set(stream, { id, startUtcMs, reason: 'crash', left: true });
        this.#write(written);
      }
      this.#write(this.#store.mark(stream, undefined));
    }
    await Promise.all(this.#writes);
  }

  /** A stream is being recorded from now on; a gap goes on that was left open, by the last run or while nobody needed the stream. */
  track(stream: string, lastEndUtcMs: number | undefined): GapTracker {
    const stored = this.#store.openGap(stream);
    const open = this.#left.get(stream) ?? (stored && openGapOf(stored));
    this.#left.delete(stream);
    this.#write(this.#store.mark(stream, this.#clock.utcMs()));
    return new GapTracker({ stream, store: this.#store, log: this.#log, lastEndUtcMs, open });
  }

  /** Its recording ended as it should. */
  release(stream: string): Promise<void> {
    return this.#store.mark(stream, undefined);
  }

  /** Ends the gaps of streams that are not recorded any more. */
  endForgotten(): void {
    if (this.#left.size === 0 || this.#clock.monoMs() - this.#begunAtMs < TAKEN_UP_MS) return;
    for (const { id } of this.#left.values()) this.#write(this.#store.end(id, this.#begunUtcMs));
    this.#left.clear();
  }

  async close(): Promise<void> {
    await Promise.all(this.#writes);
  }

  #write(written: Promise<void>): void {
    const done = written
      .catch((error: unknown) =>
        this.#log.error({ code: 'index-failed', error }, 'a gap in the recordings could not be stored'),
      )
      .finally(() => this.#writes.delete(done));
    this.#writes.add(done);
  }
}

function openGapOf({ id, row }: StoredGap): OpenGap {
  const reason = GAP_REASONS.find((known) => known === row.reason) ?? 'source-offline';
  return { id, startUtcMs: row.startUtcMs, reason, left: true };
}
