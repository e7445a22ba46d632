/**
 * Learns how far pictures are reordered from their picture order counts, for streams whose parameter sets do not say it. The depth is the
 * most pictures that precede one in decode order and follow it in output order (H.264 §E.2.1 max_num_reorder_frames).
 *
 *     decode order    I0  P8  B4  b2  …        at P8 the counts between 0 and 8 are missing: at least one picture will come
 *     depth told       0   1   2   2           before it, so the depth is known before that picture is there
 */
export const MAX_REORDER_DEPTH = 16;
/** Counts since the last key frame that are remembered: more than any decoder can hold. */
const MAX_SEEN = 2 * MAX_REORDER_DEPTH;
/** Most encoders count fields: two a frame. */
const USUAL_STEP = 2;

export class ReorderDepth {
  /** Counts of the coded video sequence so far, ascending. */
  #seen: number[] = [];
  /** Every count up to here has come, or never will. */
  #front = 0;
  #step = USUAL_STEP;
  #confirmed = 0;
  #provisional = 0;
  /** The newest picture opened a gap of this size, and nothing has come into it yet. */
  #openGap: number | undefined;

  get depth(): number {
    return Math.min(MAX_REORDER_DEPTH, Math.max(this.#confirmed, this.#provisional));
  }

  /** Takes the next picture in decode order. */
  observe(order: number, key: boolean): void {
    const highest = this.#seen.at(-1);
    if (highest === undefined || (key && order <= highest)) this.#startSequence(order);
    else if (order > highest) this.#takeHighest(order, highest);
    else this.#takeReordered(order);
  }

  #startSequence(order: number): void {
    this.#seen = [order];
    this.#front = order;
    this.#provisional = 0;
    this.#openGap = undefined;
  }

  /** What is missing below the highest so far never comes: it was lost, or the encoder counts in larger steps. */
  #takeHighest(order: number, highest: number): void {
    if (this.#openGap !== undefined) this.#step = this.#openGap;
    this.#front = highest;
    const gap = order - highest;
    this.#openGap = gap > this.#step ? gap : undefined;
    this.#provisional = this.#openGap === undefined ? 0 : 1;
    this.#insert(order);
  }

  #takeReordered(order: number): void {
    this.#openGap = undefined;
    let later = 0;
    for (const seen of this.#seen) {
      if (seen > order) later += 1;
      if (seen !== order) this.#step = Math.min(this.#step, Math.abs(seen - order));
    }
    this.#confirmed = Math.max(this.#confirmed, later);
    this.#insert(order);
    while (this.#seen.includes(this.#front + this.#step)) this.#front += this.#step;
    const waiting = this.#seen.filter((seen) => seen > this.#front).length;
    this.#provisional = waiting;
  }

  #insert(order: number): void {
    let at = this.#seen.length;
    while (at > 0 && (this.#seen[at - 1] ?? 0) > order) at -= 1;
    this.#seen.splice(at, 0, order);
    if (this.#seen.length > MAX_SEEN) this.#seen.shift();
  }
}
