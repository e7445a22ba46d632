/**
 * Decode times for pictures that come in decode order with presentation times only (RTP). With a reorder depth of R the n-th decode
 * time is the n-th smallest presentation time, R pictures late: exact, without holding a picture back, because by then it has come.
 *
 *     decode order     I0  P4  B2  b1  b3  P8 …       R = 2
 *     decode times     −2  −1   0   1   2   3         the first R from the frame rate, before the first presentation time
 *
 * R comes from the parameter sets (H.264 max_num_reorder_frames, H.265 sps_max_num_reorder_pics). Where they do not say it, or are seen to
 * lie, it is learnt from picture order counts, and while it grows decode times are squeezed in between. R = 0: decode time = presentation time.
 */
import { MAX_REORDER_DEPTH, ReorderDepth } from './reorder-depth.ts';
import type { PictureOrder, VideoSetup } from './video-setup.ts';

/** A jump of presentation time beyond this is a hole: nothing from before it may serve as a decode time after it. */
const HOLE_S = 2;
/** Presentation times that contradict the depth, until the parameter sets are no longer believed. */
const MAX_CONFLICTS = 3;
/** Without any reordering for this long a depth that the sets promise is a lie, and costs delay for nothing. */
const UNUSED_PICTURES = 150;
const UNUSED_KEYS = 3;
const USUAL_FRAME_RATE = 25;
/** While the depth grows, a picture takes this share of the room up to the next presentation time: many more may have to fit in. */
const SQUEEZE = 1 / 64;

export interface Picture {
  readonly ptsTicks: number;
  readonly key: boolean;
  readonly firstSlice: Uint8Array;
  readonly setup: VideoSetup;
}

export interface PictureTimes {
  /** As it came, unless that is before a decode time already given. */
  readonly ptsTicks: number;
  /** ≤ ptsTicks, strictly increasing. */
  readonly dtsTicks: number;
}

export class DecodeTimes {
  readonly #clockRate: number;
  readonly #order: PictureOrder;
  #setup: VideoSetup | undefined;
  /** Undefined: believe the sets. */
  #learnt: ReorderDepth | undefined;
  /** Presentation times not yet used as decode times, ascending; at most MAX_REORDER_DEPTH + 1. */
  readonly #pending: number[] = [];
  #depth = 0;
  #lastDts: number | undefined;
  #conflicts = 0;
  #unusedPictures = 0;
  #unusedKeys = 0;
  #movedPts = 0;

  constructor(clockRate: number, order: PictureOrder) {
    this.#clockRate = clockRate;
    this.#order = order;
  }

  /** Presentation times that had to give way, because they were before a decode time already given. */
  get moved(): number {
    return this.#movedPts;
  }

  next(picture: Picture): PictureTimes {
    if (picture.setup !== this.#setup) this.#adopt(picture.setup);
    const depth = this.#depthAt(picture);
    const { ptsTicks } = picture;
    if (depth === 0 && this.#pending.length === 0) return this.#settle(ptsTicks, ptsTicks);
    const newest = this.#pending.at(-1);
    if (newest !== undefined && Math.abs(ptsTicks - newest) > HOLE_S * this.#clockRate) this.#pending.length = 0;
    this.#insert(ptsTicks);
    const grows = depth > this.#depth;
    this.#depth = depth;
    return this.#settle(
      ptsTicks,
      this.#pending.length > depth ? Math.min(ptsTicks, this.#pop(depth)) : this.#ahead(depth, grows),
    );
  }

  #adopt(setup: VideoSetup): void {
    this.#setup = setup;
    this.#conflicts = 0;
    this.#forgetUse();
    if (setup.reorderDepth === undefined) this.#learnt ??= new ReorderDepth();
    else this.#learnt = undefined;
  }

  #depthAt(picture: Picture): number {
    if (this.#learnt === undefined) this.#watchUse(picture);
    if (this.#learnt === undefined) return picture.setup.reorderDepth ?? 0;
    const order = this.#order.next(picture.firstSlice, picture.key);
    if (order !== undefined) this.#learnt.observe(order, picture.key);
    return this.#learnt.depth;
  }

  /** Whether the depth that the sets promise is ever used. */
  #watchUse(picture: Picture): void {
    if ((picture.setup.reorderDepth ?? 0) === 0) return;
    if (picture.ptsTicks < (this.#pending.at(-1) ?? 0)) return this.#forgetUse();
    this.#unusedPictures += 1;
    if (picture.key) this.#unusedKeys += 1;
    if (this.#unusedPictures >= UNUSED_PICTURES && this.#unusedKeys >= UNUSED_KEYS && picture.key)
      this.#learnt = new ReorderDepth();
  }

  #forgetUse(): void {
    this.#unusedPictures = 0;
    this.#unusedKeys = 0;
  }

  #insert(ptsTicks: number): void {
    let at = this.#pending.length;
    while (at > 0 && (this.#pending[at - 1] ?? 0) > ptsTicks) at -= 1;
    this.#pending.splice(at, 0, ptsTicks);
  }

  /** The smallest presentation time at hand; where the depth shrank, the last of those that are now free. */
  #pop(depth: number): number {
    const [popped = 0] = this.#pending.splice(0, this.#pending.length - depth).slice(-1);
    return popped;
  }

  /** Too few presentation times at hand: before the smallest one, by the frame rate, or squeezed in after the last decode time. */
  #ahead(depth: number, grows: boolean): number {
    const first = this.#pending[0] ?? 0;
    const rate = this.#setup?.parameters.shape.media === 'video' ? this.#setup.parameters.shape.frameRate : undefined;
    const frameTicks = Math.round(this.#clockRate / (rate ?? USUAL_FRAME_RATE));
    const regular = first - Math.min(MAX_REORDER_DEPTH, depth + 1 - this.#pending.length) * frameTicks;
    const last = this.#lastDts;
    if (last === undefined || (regular > last && !grows)) return regular;
    return last + Math.max(1, Math.floor((first - last) * SQUEEZE));
  }

  /** The two promises of an access unit hold whatever came. */
  #settle(ptsTicks: number, wanted: number): PictureTimes {
    const dtsTicks = this.#lastDts === undefined ? wanted : Math.max(wanted, this.#lastDts + 1);
    this.#lastDts = dtsTicks;
    if (dtsTicks <= ptsTicks) return { ptsTicks, dtsTicks };
    this.#movedPts += 1;
    this.#conflicts += 1;
    if (this.#conflicts >= MAX_CONFLICTS) this.#learnt ??= new ReorderDepth();
    return { ptsTicks: dtsTicks, dtsTicks };
  }
}
