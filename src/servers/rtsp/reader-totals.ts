/** What all readers of one server came to, those that left too, by the way that their media went: for metrics. */
import type { ReaderLosses } from '../../stream/reader-queue.ts';
import type { SessionTransport } from './session-transport.ts';

export interface ReaderTotal {
  sentBytes: number;
  overflows: number;
  droppedBatches: number;
  droppedBytes: number;
  /** Packets that readers said they lost. */
  reportedLost: number;
}

/** What one reader has come to so far. */
export interface ReaderCounts {
  readonly bytes: number;
  readonly losses: ReaderLosses;
  readonly reportedLost: number;
}

export class ReaderTotals {
  readonly #totals = new Map<SessionTransport, ReaderTotal>();

  /** Counted into. */
  of(transport: SessionTransport): ReaderTotal {
    let total = this.#totals.get(transport);
    if (total === undefined) {
      total = { sentBytes: 0, overflows: 0, droppedBatches: 0, droppedBytes: 0, reportedLost: 0 };
      this.#totals.set(transport, total);
    }
    return total;
  }

  all(): ReadonlyMap<SessionTransport, Readonly<ReaderTotal>> {
    return this.#totals;
  }
}

/** Adds what one reader came to since the time before. */
export class ReaderAccount {
  readonly #total: ReaderTotal;
  #before: ReaderCounts = { bytes: 0, losses: { overflows: 0, batches: 0, bytes: 0 }, reportedLost: 0 };

  constructor(total: ReaderTotal) {
    this.#total = total;
  }

  take(now: ReaderCounts): void {
    const before = this.#before;
    // The queue's losses are an object that goes on counting.
    this.#before = { ...now, losses: { ...now.losses } };
    this.#total.sentBytes += now.bytes - before.bytes;
    this.#total.overflows += now.losses.overflows - before.losses.overflows;
    this.#total.droppedBatches += now.losses.batches - before.losses.batches;
    this.#total.droppedBytes += now.losses.bytes - before.losses.bytes;
    // Doubled packets make it fall: a counter does not.
    this.#total.reportedLost += Math.max(0, now.reportedLost - before.reportedLost);
  }
}
