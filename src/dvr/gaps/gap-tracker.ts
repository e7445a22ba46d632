/**
 * Accounts for every second of one recorded stream: what is not recorded is a gap with its reason. One gap is open at most; a change of
 * reason ends it and begins the next at the same moment. Rows are written in the background: a failure is logged and costs the row.
 */
import type { Log } from '../../base/log.ts';
import type { GapStore } from '../../state/gap-store.ts';
import type { GapReason } from '../../stream/archive.ts';
import { joins } from '../index/indexed-segment.ts';
import { isOfWeir, isOwnFault } from './gap-reason.ts';

export interface OpenGap {
  readonly id: number;
  readonly startUtcMs: number;
  readonly reason: GapReason;
  /** By an earlier recorder, whose faults are over with it. */
  readonly left: boolean;
}

export interface GapTrackerOptions {
  readonly stream: string;
  readonly store: GapStore;
  readonly log: Log;
  /** Where the recordings end so far. */
  readonly lastEndUtcMs: number | undefined;
  /** Left by the last run. */
  readonly open: OpenGap | undefined;
}

/** A recording that ends so far in the future was made under another clock: a gap then begins now. */
const CLOCK_STEP_MS = 5_000;

export class GapTracker {
  readonly #stream: string;
  readonly #store: GapStore;
  readonly #log: Log;
  #lastEndUtcMs: number | undefined;
  /** Where the last gap ended: what lies before it is accounted for, even if what was recorded since is lost again. */
  #gapEndUtcMs: number | undefined;
  #open: OpenGap | undefined;

  constructor(options: GapTrackerOptions) {
    this.#stream = options.stream;
    this.#store = options.store;
    this.#log = options.log;
    this.#lastEndUtcMs = options.lastEndUtcMs;
    this.#open = options.open;
  }

  get open(): OpenGap | undefined {
    return this.#open;
  }

  /** Whether a gap is open because this recorder cannot record. */
  get ownFault(): boolean {
    return this.#open !== undefined && !this.#open.left && isOwnFault(this.#open.reason);
  }

  /** Where the recordings end so far; undefined: there are none. */
  get lastEndUtcMs(): number | undefined {
    return this.#lastEndUtcMs;
  }

  /** A segment that starts at `startUtcMs` is being recorded: the gap ends. A hole that nobody announced is one of the way here. */
  resumed(startUtcMs: number): void {
    const last = this.#accountedUtcMs(startUtcMs);
    if (this.#open !== undefined) {
      this.#end(this.#open, startUtcMs);
    } else if (last !== undefined && startUtcMs > last && !joins(last, startUtcMs)) {
      this.#write(
        this.#store.add({ stream: this.#stream, startUtcMs: last, endUtcMs: startUtcMs, reason: 'network' }).written,
      );
    }
  }

  /** Everything up to `endUtcMs` is recorded; undefined: nothing (what was written is lost). */
  advanced(endUtcMs: number | undefined): void {
    this.#lastEndUtcMs = endUtcMs;
  }

  /**
   * Recording is asked for from `utcMs` on, and there is nothing to record yet. What lies before is nobody's gap, or the one that was left
   * open: if weir itself was away, it is there again, and what is missing from now on has this reason.
   */
  begin(reason: GapReason, utcMs: number): void {
    if (this.#open === undefined) this.#gapEndUtcMs = utcMs;
    else if (!isOfWeir(this.#open.reason)) return;
    this.lost(reason, utcMs);
  }

  /** Nothing is recorded from `utcMs` on, or (where no gap is open) from where what is accounted for ends. Returns whether that is news. */
  lost(reason: GapReason, utcMs: number): boolean {
    if (this.#open?.reason === reason) {
      const { left } = this.#open;
      this.#open = { ...this.#open, left: false };
      return left;
    }
    let startUtcMs = this.#accountedUtcMs(utcMs) ?? utcMs;
    if (this.#open !== undefined) {
      startUtcMs = Math.max(utcMs, this.#open.startUtcMs);
      this.#end(this.#open, startUtcMs);
    }
    const { id, written } = this.#store.add({ stream: this.#stream, startUtcMs, endUtcMs: undefined, reason });
    this.#write(written);
    this.#open = { id, startUtcMs, reason, left: false };
    return true;
  }

  /** What was recorded in [startUtcMs, endUtcMs) is lost again, and recording went on behind it. */
  lostBetween(reason: GapReason, startUtcMs: number, endUtcMs: number): void {
    this.#write(this.#store.add({ stream: this.#stream, startUtcMs, endUtcMs, reason }).written);
    this.#gapEndUtcMs = Math.max(this.#gapEndUtcMs ?? -Infinity, endUtcMs);
  }

  /** More is known of the source: an open gap that is the source's goes on with that reason. */
  sourceLost(reason: GapReason, utcMs: number): void {
    if (this.#open !== undefined && !this.ownFault) this.lost(reason, utcMs);
  }

  /** Nobody expects a recording any more. */
  end(utcMs: number): void {
    if (this.#open !== undefined) this.#end(this.#open, utcMs);
  }

  #end(gap: OpenGap, utcMs: number): void {
    this.#write(this.#store.end(gap.id, utcMs));
    this.#gapEndUtcMs = utcMs;
    this.#open = undefined;
  }

  /** Up to where every second is recorded or in a gap; what was made under a clock that was ahead of `utcMs` does not count. */
  #accountedUtcMs(utcMs: number): number | undefined {
    const ends = [this.#lastEndUtcMs, this.#gapEndUtcMs].filter(
      (end) => end !== undefined && end < utcMs + CLOCK_STEP_MS,
    );
    return ends.reduce((latest, end) => Math.max(latest ?? -Infinity, end ?? -Infinity), undefined);
  }

  #write(written: Promise<void>): void {
    written.catch((error: unknown) => {
      this.#log.error(
        { stream: this.#stream, code: 'index-failed', error },
        'a gap in the recordings could not be stored',
      );
    });
  }
}
