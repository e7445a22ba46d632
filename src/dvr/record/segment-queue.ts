/**
 * What waits to be written of one stream. A segment is admitted or refused as a whole, at its first part, by the bytes that wait for
 * this stream and for its storage: a disk that stalls costs whole segments, never half ones, and never memory without end.
 */
import type { Fragment, SegmentEntry } from '../../stream/fragment.ts';
import type { StateChange } from '../../stream/stream.ts';

/** Bytes that may wait when a segment begins: half a minute of a stalled disk at 8 Mb/s. */
export const MAX_STREAM_QUEUED_BYTES = 32 * 1024 * 1024;
const MAX_STORAGE_QUEUED_BYTES = 256 * 1024 * 1024;
/** What a source did while the disk did not answer: past this the oldest of it is forgotten. */
export const MAX_QUEUED_NOTES = 1000;

/** Bytes that wait for one storage, over all streams. */
export class StorageBudget {
  queuedBytes = 0;
}

/** Why segments of a source that is there are lost: 'crash' is a fault of weir itself. */
export type FaultReason = 'disk' | 'overload' | 'crash';

export type QueueItem =
  | { readonly kind: 'fragment'; readonly fragment: Fragment }
  | { readonly kind: 'segment'; readonly entry: SegmentEntry }
  /** The source went away at this time. */
  | { readonly kind: 'pause'; readonly utcMs: number }
  | { readonly kind: 'state'; readonly change: StateChange }
  /** From here on segments were not taken. */
  | { readonly kind: 'refused'; readonly reason: FaultReason; readonly utcMs: number }
  /** Look at the file: a sync of it failed. */
  | { readonly kind: 'look' };

/** 'ignored': a later part of a segment that was refused, or whose start nobody listened to. */
export type Admission = 'taken' | 'refused' | 'ignored';

export class SegmentQueue {
  readonly #budget: StorageBudget;
  #items: QueueItem[] = [];
  #queuedBytes = 0;
  /** The segment whose parts are taken. */
  #admitted: number | undefined;

  constructor(budget: StorageBudget) {
    this.#budget = budget;
  }

  /** Takes a part of an admitted segment; at its first part, admits the segment if its writer is `willing` and there is room. */
  offer(fragment: Fragment, willing: boolean): Admission {
    if (fragment.part === 0) {
      this.#admitted = willing && this.#hasRoom() ? fragment.segment : undefined;
      if (this.#admitted === undefined) return 'refused';
    } else if (this.#admitted !== fragment.segment) {
      return 'ignored';
    }
    this.#items.push({ kind: 'fragment', fragment });
    this.#queuedBytes += fragment.bytes.length;
    this.#budget.queuedBytes += fragment.bytes.length;
    return 'taken';
  }

  push(item: Exclude<QueueItem, { kind: 'fragment' }>): void {
    this.#items.push(item);
    if (isNote(item)) this.#dropNote();
    if (item.kind === 'segment' && item.entry.number === this.#admitted) this.#admitted = undefined;
  }

  /** The segment whose parts are taken, until its end was pushed. */
  get inHand(): number | undefined {
    return this.#admitted;
  }

  /** The oldest item; of fragments, all that follow each other directly within one segment, to go out in one write. */
  take(): readonly QueueItem[] {
    const first = this.#items[0];
    if (first === undefined) return [];
    let count = 1;
    if (first.kind === 'fragment') {
      while (this.#continues(first.fragment.segment, count)) count += 1;
    }
    return this.#items.splice(0, count);
  }

  /** The fragments are written, or given up: their bytes wait no longer. */
  release(fragments: readonly Fragment[]): void {
    for (const { bytes } of fragments) {
      this.#queuedBytes -= bytes.length;
      this.#budget.queuedBytes -= bytes.length;
    }
  }

  #dropNote(): void {
    if (this.#items.length <= MAX_QUEUED_NOTES || this.#items.filter(isNote).length <= MAX_QUEUED_NOTES) return;
    const oldest = this.#items.findIndex(isNote);
    this.#items.splice(oldest, 1);
  }

  #continues(segment: number, at: number): boolean {
    const item = this.#items[at];
    return item?.kind === 'fragment' && item.fragment.segment === segment;
  }

  #hasRoom(): boolean {
    return this.#queuedBytes < MAX_STREAM_QUEUED_BYTES && this.#budget.queuedBytes < MAX_STORAGE_QUEUED_BYTES;
  }
}

/** Fragments are bounded by their bytes, and so are the ends of segments. */
function isNote(item: QueueItem): boolean {
  return item.kind !== 'fragment' && item.kind !== 'segment';
}
